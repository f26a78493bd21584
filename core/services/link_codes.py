"""Binds an account in Slack to a sign-in: a code from the one, named by the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clock import Deadline
from core.domain.audit import Json
from core.domain.identity import (
    LinkCode,
    SlackAccount,
    SlackLink,
    parse_link_code,
)
from core.domain.job import NewJob
from core.domain.principal import Actor
from core.domain.rates import too_many
from core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    RefusedError,
)
from core.ports import Clock, Store, UnitOfWork
from core.services.codes import new_code
from core.services.linking import Linking
from core.services.links import Clash, clash_of, link_fact, replace_link
from core.services.refusals import Refusals
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, LinkMethod

CODE_TTL: Final = timedelta(minutes=10)

MOST_OFFERS: Final = 5
"""Codes that one account is given within `CODE_TTL`."""

MOST_CLAIMS: Final = 20
"""Codes that one person names within `CODE_TTL`, right or wrong.

Whoever guesses finds one of a thousand live codes in about a million times that,
and then it is of an account with another e-mail and refused.
"""

NO_SUCH_CODE: Final = (
    "is wrong, was used, or is older than ten minutes; type `/jitsudo link` in Slack "
    "for a new one"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Refusal:
    """What is told and audited once the transaction has ended."""

    error: RefusedError
    action: AuditAction
    details: Mapping[str, Json]
    promised: tuple[NewJob, ...] = ()


class LinkCodes:
    """Gives codes to accounts in Slack, and takes them from signed-in people."""

    def __init__(
        self,
        *,
        store: Store,
        linking: Linking,
        refusals: Refusals,
        clock: Clock,
        has_oidc: bool,
    ) -> None:
        """Keep what linking needs.

        Args:
            has_oidc: whether anybody can be signed in by an identity provider.
        """
        self._store = store
        self._linking = linking
        self._refusals = refusals
        self._clock = clock
        self._has_oidc = has_oidc

    async def offer(
        self,
        account: SlackAccount,
        email: str,
        *,
        evidence: Mapping[str, str],
        deadline: Deadline | None,
    ) -> LinkCode | None:
        """Return a code for an account; None if it is linked by a sign-in already.

        Args:
            email: what Slack says of the account now, verified and normalised.

        Raises:
            NotAuthenticated: either side is linked elsewhere; it is audited.
            NotAllowed: there is no identity provider, or the person is disabled.
            TooMany: the account was given enough of them for now.
        """
        if not self._has_oidc:
            raise NotAllowed(
                reason="there is no identity provider to be linked with; your Slack "
                "account is linked by its first use"
            )

        async def work(uow: UnitOfWork) -> LinkCode | Clash | None:
            held = await uow.principals.hold(email, is_alone=False)
            if held.is_disabled:
                raise NotAllowed(reason=f"{email} is disabled; ask an admin")
            now = self._clock.now()
            await _count(uow, f"link:{account.name}", now, MOST_OFFERS, "link codes")
            clash = await clash_of(uow, account, email)
            if clash is not None:
                return clash
            own = await uow.links.of_account(account)
            if own is not None and own.method is LinkMethod.OIDC:
                return None
            code = LinkCode(
                code=new_code(),
                account=account,
                email=email,
                expires_at=now + CODE_TTL,
            )
            await uow.links.add_code(code)
            return code

        found = await in_transaction(self._store, work, deadline=deadline)
        if isinstance(found, Clash):
            await self._linking.refuse(found, evidence, deadline)
            raise NotAuthenticated(why=found.why)
        return found

    async def claim(
        self, actor: Actor, text: str, *, is_confirmed: bool, deadline: Deadline | None
    ) -> SlackLink:
        """Return the link that a code leads to; made once it is confirmed.

        Args:
            actor: signed in by the identity provider.
            text: the code, as typed.
            is_confirmed: whether the person has seen which account it is.

        Raises:
            Invalid: the code is not one that waits.
            NotAllowed: the account has another e-mail in Slack, or either side is
                linked elsewhere; it is audited, and the code is used up.
            TooMany: they named too many codes.
            Conflict: either side was linked at the same time.
        """
        code = parse_link_code(text)

        async def work(uow: UnitOfWork) -> SlackLink | _Refusal:
            held = await uow.principals.hold(actor.email, is_alone=False)
            if held.is_disabled:
                raise NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
            now = self._clock.now()
            name = f"link_claim:{actor.email}"
            await _count(uow, name, now, MOST_CLAIMS, "link codes")
            found = await uow.links.code(code)
            if found is None or found.used_at is not None or found.expires_at <= now:
                return _wrong()
            refusal = await _in_the_way(uow, actor, found)
            if refusal is not None or is_confirmed:
                await uow.links.use_code(code, at=now)
            if refusal is not None:
                return refusal
            link = SlackLink(
                account=found.account,
                email=actor.email,
                method=LinkMethod.OIDC,
                linked_by=actor.email,
                linked_at=now,
            )
            if is_confirmed:
                await _link(uow, link, actor)
            return link

        found = await in_transaction(self._store, work, deadline=deadline)
        if isinstance(found, SlackLink):
            return found
        await self._refusals.record(
            actor,
            request_id=None,
            verdict=None,
            code=found.error.code,
            why=str(found.error),
            details=found.details,
            action=found.action,
            promised=found.promised,
            deadline=deadline,
        )
        raise found.error


async def _count(
    uow: UnitOfWork, name: str, now: datetime, most: int, what: str
) -> None:
    """Count one more; beyond the limit the count is undone with everything else.

    Raises:
        TooMany: there were enough within `CODE_TTL`.
    """
    rate = await uow.rates.add(name, at=now, window=CODE_TTL)
    if rate.count > most:
        often = f"{what} within ten minutes"
        raise too_many(often, most=most, ends_at=rate.window_ends_at, now=now)


async def _in_the_way(uow: UnitOfWork, actor: Actor, code: LinkCode) -> _Refusal | None:
    """Return why a code that waits does not link its account to the actor."""
    if code.email != actor.email:
        # Not which one it has: whoever names a code of somebody else's learns
        # nothing about them.
        why = (
            f"the Slack account of that code has another e-mail address than "
            f"{actor.email}, so it is not linked to you"
        )
        return _Refusal(
            error=NotAllowed(reason=why),
            action=AuditAction.IDENTITY_REFUSED,
            details={"account": code.account.name, "email": code.email},
        )
    clash = await clash_of(uow, code.account, actor.email)
    if clash is None:
        return None
    return _Refusal(
        error=NotAllowed(reason=clash.why),
        action=AuditAction.IDENTITY_CONFLICT,
        details=clash.details,
        promised=(clash.notice,),
    )


def _wrong() -> _Refusal:
    return _Refusal(
        error=Invalid(field="code", why=NO_SUCH_CODE),
        action=AuditAction.IDENTITY_REFUSED,
        details={},
    )


async def _link(uow: UnitOfWork, link: SlackLink, actor: Actor) -> None:
    """Store a link in the place of a first use of the same pair."""
    earlier = await uow.links.of_account(link.account)
    if not await replace_link(uow, link, earlier=earlier):
        raise Conflict(what=f"the link of {link.account.name}")
    await uow.audit.append(
        link_fact(
            AuditAction.IDENTITY_LINKED,
            link,
            actor=actor,
            now=link.linked_at,
            earlier=earlier.method if earlier else None,
        )
    )
