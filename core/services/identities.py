"""What admins do about links: read them all, make one, end one."""

from core.clock import Deadline
from core.domain.identity import SlackAccount, SlackLink
from core.domain.principal import Actor, normalise_email
from core.errors import Conflict, Invalid, NotFound
from core.ports import Clock, Store, UnitOfWork
from core.services.links import link_fact, replace_link
from core.services.tokens import token_fact
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, LinkMethod


class Identities:
    """Looks after the links between accounts in Slack and people."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Keep where they are."""
        self._store = store
        self._clock = clock

    async def list(self, deadline: Deadline | None) -> tuple[SlackLink, ...]:
        """Return every link, by e-mail."""
        async with self._store.snapshot(deadline) as uow:
            return tuple(await uow.links.all())

    async def link(
        self,
        actor: Actor,
        account: SlackAccount,
        email: str,
        *,
        deadline: Deadline | None,
    ) -> SlackLink:
        """Link an account to a person; again answers the same.

        The account can act once its e-mail in Slack is this one.

        Raises:
            Invalid: the e-mail cannot be, is disabled, or either side is linked
                elsewhere.
            Conflict: either side was linked at the same time.
        """
        email = normalise_email(email)

        async def work(uow: UnitOfWork) -> SlackLink:
            held = await uow.principals.hold(email, is_alone=False)
            if held.is_disabled:
                raise Invalid(field="e-mail", why=f"{email} is disabled")
            own = await uow.links.of_account(account)
            _check_free(own, await uow.links.of_email(email), account, email)
            if own is not None and own.method is not LinkMethod.FIRST_USE:
                return own
            link = SlackLink(
                account=account,
                email=email,
                method=LinkMethod.ADMIN,
                linked_by=actor.email,
                linked_at=self._clock.now(),
            )
            if not await replace_link(uow, link, earlier=own):
                raise Conflict(what=f"the link of {account.name}")
            await uow.audit.append(
                link_fact(
                    AuditAction.IDENTITY_LINKED,
                    link,
                    actor=actor,
                    now=link.linked_at,
                    earlier=own.method if own else None,
                )
            )
            return link

        return await in_transaction(self._store, work, deadline=deadline)

    async def unlink(
        self, actor: Actor, account: SlackAccount, *, deadline: Deadline | None
    ) -> SlackLink:
        """End a link, so that the account can be linked anew.

        What its person was signed in with ends as well: whoever pressed a button
        in the wrong name may have signed in a terminal by it.

        Raises:
            NotFound: the account is not linked.
        """

        async def work(uow: UnitOfWork) -> SlackLink:
            link = await uow.links.remove(account)
            if link is None:
                raise NotFound(what="linked Slack account", name=account.name)
            await self._sign_out(uow, actor, link.email)
            await uow.audit.append(
                link_fact(
                    AuditAction.IDENTITY_UNLINKED,
                    link,
                    actor=actor,
                    now=self._clock.now(),
                )
            )
            return link

        return await in_transaction(self._store, work, deadline=deadline)

    async def _sign_out(self, uow: UnitOfWork, actor: Actor, email: str) -> None:
        """End the tokens that somebody's own word made; not what others issued."""
        await uow.sign_ins.refuse_of(email)  # first: whoever is handing one over ends
        now = self._clock.now()
        for token in await uow.tokens.valid_of(email, at=now):
            if token.created_by == email:
                await uow.tokens.revoke(token.id, at=now)
                await uow.audit.append(
                    token_fact(actor, AuditAction.TOKEN_REVOKED, token, now)
                )


def _check_free(
    own: SlackLink | None, holder: SlackLink | None, account: SlackAccount, email: str
) -> None:
    """Check that neither side is linked elsewhere.

    Raises:
        Invalid: one is, and which.
    """
    if own is not None and own.email != email:
        raise Invalid(
            field="account",
            why=f"is linked to {own.email}; unlink {account.name} first",
        )
    if holder is not None and holder.account != account:
        name = holder.account.name
        raise Invalid(field="e-mail", why=f"is linked to {name}; unlink {name} first")
