"""People and approvers over the REST API."""

from typing import Final

from typing_extensions import override

from core.approvals import PolicyReload, PrincipalFacts
from core.approvals.people import PeopleApprovals
from core.domain.approvers import ApproverReport, Preview
from core.domain.request import Ask
from core.remote.caller import Caller, Doubt, path_of
from core.wire import approvers, people, requests

PATIENT_SECONDS: Final = 60.0
"""Policy is asked often, and Slack for a while."""


class HttpPeople(PeopleApprovals):
    """The part of `Approvals` that is about people and approvers."""

    _server: Caller

    @override
    async def principal(self, email: str) -> PrincipalFacts:
        """Return what is known of a principal."""
        return await self._server.call(
            "GET",
            path_of("principals", email),
            lambda answer: people.from_principal(answer.inner("principal")),
        )

    @override
    async def trust_principal(
        self, email: str, *, tier: int, notes: str
    ) -> PrincipalFacts:
        """Set somebody's trust tier."""
        return await self._server.call(
            "PUT",
            path_of("principals", email, "trust-tier"),
            lambda answer: people.from_principal(answer.inner("principal")),
            body={"trustTier": tier, "notes": notes},
            doubt=Doubt.REPEAT,
        )

    @override
    async def reload_policies(self) -> PolicyReload:
        """Look for a newer policy now, on the server that answers."""
        return await self._server.call(
            "POST",
            "/admin/reload-policies",
            people.from_reload,
            body={},
            doubt=Doubt.REPEAT,
        )

    @override
    async def check_approvers(self) -> ApproverReport:
        """Find what nobody could approve any more."""
        return await self._server.call(
            "GET",
            "/policies:doctor",
            approvers.from_report,
            timeout_seconds=PATIENT_SECONDS,
        )

    @override
    async def preview(self, requester: str, ask: Ask) -> Preview:
        """Tell who would be asked."""
        return await self._server.call(
            "POST",
            "/policies:doctor",
            lambda answer: approvers.from_preview(answer.inner("preview")),
            body={**requests.to_ask(ask), "requesterIdentity": requester},
            timeout_seconds=PATIENT_SECONDS,
        )
