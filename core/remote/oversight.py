"""Audit, policy, people and tokens over the REST API; requests are next door."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from typing_extensions import override

from core.approvals import (
    Approvals,
    AuditPage,
    Departure,
    Identity,
    IssuedToken,
    TokenPage,
    TokenQuery,
)
from core.domain.audit import ChainReport
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.token import Token
from core.ports.queries import AuditFilter
from core.remote.caller import Caller, Doubt, path_of
from core.remote.people import HttpPeople
from core.vocabulary import PolicyPackage, TokenScope
from core.wire import access, audit
from core.wire.fields import Fields
from core.wire.parsing import parse_json
from core.wire.requests import JsonObject
from core.wire.tokens import (
    from_issued_token,
    from_token,
    from_token_page,
    to_token_order,
    to_token_query,
)

VERIFY_SECONDS: Final = 600.0
"""A long chain takes its time: tens of thousands of events a second."""


class HttpOversight(HttpPeople, Approvals):
    """The part of `Approvals` that is about everything but requests."""

    _server: Caller

    @override
    async def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return a page of the audit log."""
        target = f"/audit?{urlencode(audit.to_audit_query(wanted))}"
        return await self._server.call("GET", target, audit.from_audit_page)

    @override
    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        """Recompute the whole chain, on the server."""
        return await self._server.call(
            "POST",
            "/audit:verify",
            lambda answer: audit.from_report(answer.inner("report")),
            body=audit.to_checkpoint(checkpoint),
            timeout_seconds=VERIFY_SECONDS,
        )

    @override
    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask policy a made-up question."""
        body: JsonObject = {
            "inputJson": json.dumps(document),
            "type": access.to_package(package),
        }
        return await self._server.call("POST", "/policies:eval", _answer, body=body)

    @override
    async def whoami(self) -> Identity:
        """Return who the token's holder is."""
        return await self._server.call("GET", "/whoami", access.from_identity)

    @override
    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        """Make a bearer token."""
        return await self._server.call(
            "POST",
            "/tokens",
            from_issued_token,
            body=to_token_order(email, scopes, ttl),
            doubt=Doubt.LOOK,
        )

    @override
    async def tokens(self, query: TokenQuery) -> TokenPage:
        """Return a page of tokens, without digests."""
        target = f"/tokens?{urlencode(to_token_query(query))}"
        return await self._server.call("GET", target, from_token_page)

    @override
    async def revoke_token(self, token_id: str) -> Token:
        """End a token."""
        return await self._server.call(
            "DELETE",
            path_of("tokens", token_id),
            lambda answer: from_token(answer.inner("token")),
            doubt=Doubt.REPEAT,
        )

    @override
    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        """Return the work that waits."""
        return await self._server.call(
            "GET",
            "/jobs?failing=true" if failing_only else "/jobs",
            lambda answer: answer.objects("jobs", access.from_job),
        )

    @override
    async def disable_principal(self, email: str, *, reason: str) -> Departure:
        """Shut somebody out."""
        return await self._stand(email, "disable", {"reason": reason})

    @override
    async def enable_principal(self, email: str) -> Departure:
        """Let somebody in again."""
        return await self._stand(email, "enable", {})

    @override
    async def forget_sign_in(self, email: str) -> str:
        """Let the next subject at the identity provider have an e-mail."""
        return await self._server.call(
            "POST",
            path_of("principals", email, "forget-sign-in"),
            lambda answer: answer.text("identity"),
            body={},
            doubt=Doubt.REPEAT,
        )

    async def _stand(self, email: str, act: str, body: JsonObject) -> Departure:
        return await self._server.call(
            "POST",
            path_of("principals", email, act),
            lambda answer: access.from_departure(answer.inner("principal")),
            body=body,
            doubt=Doubt.REPEAT,
        )


def _answer(answer: Fields) -> PolicyAnswer:
    text = answer.text("resultJson")
    return access.from_answer(Fields.of(parse_json("resultJson", text)))
