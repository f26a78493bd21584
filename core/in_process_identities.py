"""The part of `InProcessApprovals` that is about accounts in Slack."""

from typing_extensions import override

from core.approvals.identities import Identities
from core.domain.identity import SlackAccount, SlackLink
from core.errors import NotAllowed
from core.permits import Permits
from core.use_cases import Binding, Services
from core.vocabulary import SignInMethod, TokenScope

_WHAT = "look after linked Slack accounts"


class InProcessIdentities(Identities):
    """Checks that admins are asking, or somebody who signed in."""

    _services: Services
    _binding: Binding
    _permits: Permits

    @override
    async def identities(self) -> tuple[SlackLink, ...]:
        """Return every link."""
        await self._permits.need_admin(_WHAT)
        return await self._services.identities.list(self._binding.limit())

    @override
    async def link_identity(self, account: SlackAccount, email: str) -> SlackLink:
        """Link an account to a person."""
        await self._permits.need_admin(_WHAT)
        return await self._services.identities.link(
            self._binding.actor, account, email, deadline=self._binding.limit()
        )

    @override
    async def unlink_identity(self, account: SlackAccount) -> SlackLink:
        """End a link."""
        await self._permits.need_admin(_WHAT)
        return await self._services.identities.unlink(
            self._binding.actor, account, deadline=self._binding.limit()
        )

    @override
    async def claim_identity(self, code: str, *, is_confirmed: bool) -> SlackLink:
        """Link the account that was given a code to oneself."""
        actor = self._permits.person()
        self._permits.need(TokenScope.REQUEST)
        if self._binding.method is not SignInMethod.OIDC:
            raise NotAllowed(
                reason="linking needs a sign-in at an identity provider: where the "
                "server has one, run `jitsudo login` first"
            )
        return await self._services.link_codes.claim(
            actor, code, is_confirmed=is_confirmed, deadline=self._binding.limit()
        )
