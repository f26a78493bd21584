"""The part of `Approvals` about bearer tokens, over the services."""

from dataclasses import replace
from datetime import timedelta

from typing_extensions import override

from core.approvals import IssuedToken, TokenPage, TokenQuery
from core.approvals.tokens import TokenApprovals
from core.domain.principal import Actor, normalise_email
from core.domain.token import Token
from core.permits import Permits
from core.use_cases import Binding, Services
from core.vocabulary import TokenScope


class InProcessTokens(TokenApprovals):
    """Checks what the actor is permitted, then calls the services."""

    _services: Services
    _binding: Binding
    _actor: Actor
    _permits: Permits

    @override
    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        """Make a bearer token."""
        await self._permits.need_admin("issue tokens", giving=scopes)
        return await self._services.tokens.issue(
            self._actor,
            email,
            scopes=scopes,
            ttl=ttl,
            is_told=not self._binding.is_operator,
            deadline=self._binding.limit(),
        )

    @override
    async def tokens(self, query: TokenQuery) -> TokenPage:
        """Return a page of the actor's tokens; of everybody's for an admin's token."""
        self._permits.need(TokenScope.READ)
        own = self._actor.email
        email = None if query.email is None else normalise_email(query.email)
        if email is None and not await self._has_all():
            email = own
        elif email not in {None, own}:
            await self._permits.need_admin("list the tokens of others")
        return await self._services.list_tokens.list(
            self._actor, replace(query, email=email), self._binding.limit()
        )

    @override
    async def revoke_token(self, token_id: str) -> Token:
        """End a token of one's own, or as an admin anybody's."""
        if TokenScope.ADMIN not in self._binding.scopes:
            self._permits.need(TokenScope.REQUEST)
        owner = None if await self._has_all() else self._actor.email
        return await self._services.tokens.revoke(self._actor, token_id, owner=owner)

    async def _has_all(self) -> bool:
        """Tell whether everybody's tokens are the actor's to list and to end."""
        may = TokenScope.ADMIN in self._binding.scopes
        return may and await self._permits.is_admin()
