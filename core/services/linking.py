"""Recognises people in Slack: one account is one principal, from its first use on."""

from collections.abc import Mapping
from typing import Final

from core.clock import Deadline
from core.domain.identity import SlackAccount, SlackLink
from core.domain.principal import STRANGER, Actor
from core.errors import NotAuthenticated, StoreBusy
from core.ports import Clock, Store, UnitOfWork
from core.services.links import Clash, changed, clash_of, is_signed_in, link_fact
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, LinkMethod, Origin, RequestId, Verdict

LINK_FIRST: Final = (
    "your Slack account is not linked to a sign-in yet: type `/jitsudo link` and do "
    "what it says. The terminal works without"
)


class Linking:
    """Holds who acts in Slack against the link of their account.

    An e-mail in Slack can be changed by its person, and given to another account;
    the ids cannot. So the first use pins the one to the other, and what does not
    fit later is refused until an admin has looked at it.
    """

    def __init__(
        self,
        *,
        store: Store,
        refusals: Refusals,
        clock: Clock,
        signal: Signal,
        needs_sign_in: bool,
    ) -> None:
        """Keep what recognising needs.

        Args:
            needs_sign_in: whether the first use of an account is not enough.
        """
        self._store = store
        self._refusals = refusals
        self._clock = clock
        self._signal = signal
        self._needs_sign_in = needs_sign_in

    async def recognise(
        self,
        account: SlackAccount,
        email: str,
        *,
        evidence: Mapping[str, str],
        deadline: Deadline | None,
        request_id: RequestId | None = None,
        verdict: Verdict | None = None,
    ) -> Actor:
        """Return the actor behind an account; its first use links it.

        Somebody disabled is recognised, since what they do is refused and audited
        as theirs, but never linked.

        Args:
            email: what Slack says of the account now, verified and normalised.
            request_id, verdict: what they want, for the audit log.

        Raises:
            NotAuthenticated: the account is linked to another e-mail, the e-mail
                to another account, or a sign-in is missing; it is audited.
            StoreUnavailable, DeadlineExceeded: nothing is known; nothing was done.
        """
        actor = Actor(email=email, origin=Origin.SLACK, evidence=evidence)
        async with self._store.snapshot(deadline) as uow:
            link = await uow.links.of_account(account)
        if link is None:
            found = await self._first_use(account, actor, deadline)
        else:
            found = changed(link, email) or link
        if isinstance(found, Clash):
            await self.refuse(
                found, evidence, deadline, request_id=request_id, verdict=verdict
            )
            raise NotAuthenticated(why=found.why)
        if self._needs_sign_in and not is_signed_in(found):
            error = NotAuthenticated(why=LINK_FIRST)
            await self._refusals.record(
                _stranger(account, evidence),
                request_id=request_id,
                verdict=verdict,
                code=error.code,
                why=error.why,
                details={"email": email},
                action=AuditAction.IDENTITY_REFUSED,
                deadline=deadline,
            )
            raise error
        return actor

    async def refuse(
        self,
        clash: Clash,
        evidence: Mapping[str, str],
        deadline: Deadline | None,
        *,
        request_id: RequestId | None = None,
        verdict: Verdict | None = None,
    ) -> None:
        """Audit a clash and tell the admins, once within a window of refusals."""
        await self._refusals.record(
            _stranger(clash.account, evidence),
            request_id=request_id,
            verdict=None,  # one window for whatever the account tries
            code=NotAuthenticated.code,
            why=clash.why,
            details={
                **clash.details,
                **({"verdict": verdict.value} if verdict else {}),
            },
            action=AuditAction.IDENTITY_CONFLICT,
            promised=[clash.notice],
            deadline=deadline,
        )
        self._signal.ring()

    async def _first_use(
        self, account: SlackAccount, actor: Actor, deadline: Deadline | None
    ) -> SlackLink | Clash | None:
        """Link an account that is used for the first time.

        Returns:
            The link, or what is in its way; None where none was made.
        """

        async def work(uow: UnitOfWork) -> SlackLink | Clash | None:
            held = await uow.principals.hold(actor.email, is_alone=False)
            clash = await clash_of(uow, account, actor.email)
            if clash is not None:
                return clash
            own = await uow.links.of_account(account)
            if own is not None or self._needs_sign_in or held.is_disabled:
                return own
            link = SlackLink(
                account=account,
                email=actor.email,
                method=LinkMethod.FIRST_USE,
                linked_by=actor.email,
                linked_at=self._clock.now(),
            )
            if not await uow.links.add(link):
                raise StoreBusy  # somebody was quicker: tried again, theirs is judged
            await uow.audit.append(
                link_fact(
                    AuditAction.IDENTITY_LINKED, link, actor=actor, now=link.linked_at
                )
            )
            return link

        return await in_transaction(self._store, work, deadline=deadline)


def _stranger(account: SlackAccount, evidence: Mapping[str, str]) -> Actor:
    """Return the actor of a refusal: an account, since nobody knows whose it is."""
    return Actor(
        email=f"{STRANGER}{account.name}", origin=Origin.SLACK, evidence=evidence
    )
