"""The part of `Approvals` about people and approvers, over the services."""

from typing_extensions import override

from core.approvals import PolicyReload, PrincipalFacts
from core.approvals.people import PeopleApprovals
from core.domain.approvers import ApproverReport, Preview
from core.domain.principal import Actor, normalise_email
from core.domain.request import Ask
from core.permits import Permits
from core.services.doctor import SLACK_SECONDS
from core.use_cases import Binding, Services
from core.vocabulary import TokenScope


class InProcessPeople(PeopleApprovals):
    """Checks what the actor is permitted, then calls the services."""

    _services: Services
    _binding: Binding
    _actor: Actor
    _permits: Permits

    @override
    async def principal(self, email: str) -> PrincipalFacts:
        """Return what is known of a principal."""
        email = normalise_email(email)
        self._permits.need(TokenScope.READ)
        if email != self._actor.email:
            await self._permits.need_auditor("look at other people")
        return await self._services.principals.show(email, self._binding.limit())

    @override
    async def trust_principal(
        self, email: str, *, tier: int, notes: str
    ) -> PrincipalFacts:
        """Set somebody's trust tier."""
        await self._permits.need_admin("set trust tiers")
        return await self._services.principals.trust(
            self._actor,
            email,
            tier=tier,
            notes=notes,
            deadline=self._binding.limit(),
        )

    @override
    async def reload_policies(self) -> PolicyReload:
        """Look for a newer policy now."""
        await self._permits.need_admin("reload policies")
        return await self._services.reload.reload(self._actor, self._binding.limit())

    @override
    async def check_approvers(self) -> ApproverReport:
        """Find what nobody could approve any more."""
        await self._permits.need_auditor("look after approvers")
        return await self._services.doctor.check()

    @override
    async def preview(self, requester: str, ask: Ask) -> Preview:
        """Tell who would be asked."""
        await self._permits.need_auditor("try out requests of others")
        # Slack may take its time on top of what policy and the groups take.
        deadline = self._binding.limit().later(SLACK_SECONDS)
        return await self._services.doctor.preview(requester, ask, deadline)
