"""Lists tokens, a page at a time, to those whose they are and to admins."""

from collections.abc import Sequence

from core.approvals import TokenPage, TokenQuery
from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.principal import Actor
from core.domain.token import Token
from core.errors import Invalid
from core.ports import Clock, Store, TokenFilter, UnitOfWork
from core.services.pages import check_limit
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome


class ListTokens:
    """Reads tokens; what is read of somebody else's is audited."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Keep where they are."""
        self._store = store
        self._clock = clock

    async def list(
        self, actor: Actor, query: TokenQuery, deadline: Deadline | None
    ) -> TokenPage:
        """Return a page of tokens, newest first.

        Args:
            query: with the e-mail, normalised, of whose the actor may see; none
                if they may see everybody's.

        Raises:
            Invalid: the limit cannot be, or the page before ended with none of
                these tokens.
        """
        check_limit(query.limit)
        if query.email == actor.email:
            async with self._store.snapshot(deadline) as uow:
                return await self._page(uow, query)

        async def work(uow: UnitOfWork) -> TokenPage:
            page = await self._page(uow, query)
            await uow.audit.append(self._fact(actor, query, page.tokens))
            return page

        return await in_transaction(self._store, work, deadline=deadline)

    async def _page(self, uow: UnitOfWork, query: TokenQuery) -> TokenPage:
        wanted = TokenFilter(
            email=query.email,
            valid_at=None if query.with_ended else self._clock.now(),
            before=await _last_of_page(uow, query),
            limit=query.limit + 1,
        )
        found = await uow.tokens.find(wanted)
        page = found[: query.limit]
        return TokenPage(
            tokens=tuple(page),
            next_before=page[-1].id if len(found) > query.limit else None,
        )

    def _fact(
        self, actor: Actor, query: TokenQuery, tokens: Sequence[Token]
    ) -> AuditFact:
        whose = {} if query.email is None else {"email": query.email}
        return AuditFact(
            occurred_at=self._clock.now(),
            actor=actor.email,
            action=AuditAction.TOKEN_LISTED,
            outcome=Outcome.SUCCESS,
            origin=actor.origin,
            details={"tokens": len(tokens), **whose, **actor.evidence},
        )


async def _last_of_page(uow: UnitOfWork, query: TokenQuery) -> Token | None:
    """Return the token that the page before ended with.

    Where a list would begin whose token is gone, nobody knows: an empty page would
    be taken for the end. Of somebody else's token this says the same as of none.

    Raises:
        Invalid: there is none, or it is none of those that are listed.
    """
    if query.before is None:
        return None
    token = await uow.tokens.get(query.before)
    if token is None or query.email not in {None, token.email}:
        raise Invalid(
            field="before",
            why="is not a token that a page before ended with; begin at the first page",
        )
    return token
