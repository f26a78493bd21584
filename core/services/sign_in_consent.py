"""Lets somebody say whether a terminal that waits to be signed in is theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from core.clock import Deadline
from core.domain.identity import Rate, SignIn
from core.domain.principal import Actor
from core.domain.rates import too_many
from core.domain.sign_in import check_typed, confirmed, parse_user_code, refused
from core.errors import Invalid, NotAllowed, TooMany
from core.ports import Clock, Store, UnitOfWork
from core.services.notices import notice_to_admins
from core.services.people import People
from core.services.refusals import Refusals
from core.services.sign_in import sign_in_fact
from core.services.signal import Signal
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Origin, SignInState

WRONG_CODES: Final = 5
"""Codes that one person may get wrong within `WRONG_CODES_WINDOW`."""

WRONG_CODES_WINDOW: Final = timedelta(minutes=10)

_Change: TypeAlias = Callable[[SignIn, datetime], SignIn]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Miss:
    """There is no such code; and how many were wrong by now."""

    rate: Rate
    is_blocked: bool


class SignInConsent:
    """Shows what waits under a code, and keeps what somebody says to it.

    Everybody who calls this was identified by Slack. A bearer token never comes
    here, and would be refused: a token must not make tokens.
    """

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        refusals: Refusals,
        clock: Clock,
        signal: Signal,
    ) -> None:
        """Keep what consent needs."""
        self._store = store
        self._people = people
        self._refusals = refusals
        self._clock = clock
        self._signal = signal

    async def look(
        self, actor: Actor, user_code: str, *, deadline: Deadline | None
    ) -> SignIn:
        """Return what waits under a code, to be shown before anything is said.

        Raises:
            Invalid: `code` is none, nobody's, or has expired.
            NotAllowed: the actor is unknown or disabled; or the sign-in is
                settled, by somebody else or for good.
            TooMany: the actor got too many codes wrong.
            DirectoryUnavailable, StoreUnavailable: nothing was done.
        """

        def change(sign_in: SignIn, now: datetime) -> SignIn:
            confirmed(sign_in, by=actor.email, now=now)  # what cannot be is not shown
            return sign_in

        return await self._settle(actor, user_code, change, deadline)

    async def confirm(
        self, actor: Actor, user_code: str, *, typed: str, deadline: Deadline | None
    ) -> SignIn:
        """Let the terminal have a token of the actor's; twice is as good as once.

        Args:
            typed: the machine's name, or the word where it has none.

        Raises:
            Invalid: as for `look`; or `machine` is not what had to be typed.
            NotAllowed, TooMany, DirectoryUnavailable, StoreUnavailable: as for
                `look`.
        """

        def change(sign_in: SignIn, now: datetime) -> SignIn:
            check_typed(sign_in.host, typed)
            return confirmed(sign_in, by=actor.email, now=now)

        return await self._settle(actor, user_code, change, deadline)

    async def refuse(
        self, actor: Actor, user_code: str, *, deadline: Deadline | None
    ) -> SignIn:
        """Let the terminal have nothing, for good, and tell the admins.

        Raises:
            Invalid, NotAllowed, TooMany, DirectoryUnavailable, StoreUnavailable:
                as for `look`.
        """

        def change(sign_in: SignIn, now: datetime) -> SignIn:
            return refused(sign_in, by=actor.email, now=now)

        return await self._settle(actor, user_code, change, deadline)

    async def _settle(
        self,
        actor: Actor,
        user_code: str,
        change: _Change,
        deadline: Deadline | None,
    ) -> SignIn:
        try:
            code = parse_user_code(user_code)
            await self._check(actor, deadline)
            return await self._change(actor, code, change, deadline)
        except (NotAllowed, TooMany) as refusal:
            await self._refusals.record(
                actor,
                request_id=None,
                verdict=None,
                code=refusal.code,
                why=str(refusal),
                details={},
                action=AuditAction.SIGN_IN_REFUSED,
                deadline=deadline,
            )
            raise

    async def _check(self, actor: Actor, deadline: Deadline | None) -> None:
        """Refuse whoever is not known here now, as deciding does.

        Raises:
            NotAllowed: they are not, or did not come by Slack.
        """
        if actor.origin is not Origin.SLACK:
            raise NotAllowed(
                reason="a terminal is signed in from Slack; a token cannot make tokens"
            )
        person = await self._people.principal(actor.email, deadline)
        if person.is_disabled:
            raise _disabled(actor.email)
        if not person.is_known:
            reason = (
                f"{actor.email} is nobody's address in the groups; ask an admin to "
                "add it"
            )
            raise NotAllowed(reason=person.advised(reason))

    async def _change(
        self,
        actor: Actor,
        code: str,
        change: _Change,
        deadline: Deadline | None,
    ) -> SignIn:
        async def work(uow: UnitOfWork) -> SignIn | _Miss:
            # Alone, so that guesses that come at once are counted one by one.
            held = await uow.principals.hold(actor.email)
            if held.is_disabled:
                raise _disabled(actor.email)
            now = self._clock.now()
            name = f"sign_in:wrong:{actor.email}"
            wrong = await uow.rates.of(name, at=now)
            if wrong is not None and wrong.count >= WRONG_CODES:
                return _Miss(rate=wrong, is_blocked=True)
            sign_in = await uow.sign_ins.by_user_code(code)
            if sign_in is None:
                wrong = await uow.rates.add(name, at=now, window=WRONG_CODES_WINDOW)
                return _Miss(rate=wrong, is_blocked=False)
            if now >= sign_in.expires_at:
                raise Invalid(field="code", why=_EXPIRED)
            settled = change(sign_in, now)
            if settled != sign_in:
                await _keep(uow, actor, settled, now)
            return settled

        found = await in_transaction(self._store, work, deadline=deadline)
        if isinstance(found, _Miss):
            raise self._missed(found)
        if found.state is SignInState.REFUSED:
            self._signal.ring()
        return found

    def _missed(self, miss: _Miss) -> Invalid | TooMany:
        if miss.is_blocked:
            what = "wrong codes within ten minutes"
            return too_many(
                what,
                most=WRONG_CODES,
                ends_at=miss.rate.window_ends_at,
                now=self._clock.now(),
            )
        return Invalid(field="code", why=_UNKNOWN)


class BoundConsent:
    """Consent of one person, within what time is left of one act."""

    def __init__(
        self, *, consent: SignInConsent, actor: Actor, deadline: Deadline
    ) -> None:
        """Bind consent to who acts."""
        self._consent = consent
        self._actor = actor
        self._deadline = deadline

    async def look(self, user_code: str) -> SignIn:
        """Return what waits under a code; see `SignInConsent.look`."""
        return await self._consent.look(self._actor, user_code, deadline=self._deadline)

    async def confirm(self, user_code: str, *, typed: str) -> SignIn:
        """Let the terminal have a token; see `SignInConsent.confirm`."""
        return await self._consent.confirm(
            self._actor, user_code, typed=typed, deadline=self._deadline
        )

    async def refuse(self, user_code: str) -> SignIn:
        """Let the terminal have nothing; see `SignInConsent.refuse`."""
        return await self._consent.refuse(
            self._actor, user_code, deadline=self._deadline
        )


_EXPIRED: Final = "has expired; type `jitsudo login --slack` again for a new one"

_UNKNOWN: Final = (
    "is not one that a terminal waits with; compare it with what the terminal shows"
)


def _disabled(email: str) -> NotAllowed:
    return NotAllowed(reason=f"{email} is disabled; ask an admin")


async def _keep(uow: UnitOfWork, actor: Actor, settled: SignIn, now: datetime) -> None:
    """Write what was said, tell the admins of a no, and audit it last."""
    await uow.sign_ins.save(settled)
    is_refused = settled.state is SignInState.REFUSED
    if is_refused:
        await uow.jobs.add(
            notice_to_admins(f"sign_in:{settled.digest}", _notice(actor, settled))
        )
    action = (
        AuditAction.SIGN_IN_REFUSED if is_refused else AuditAction.SIGN_IN_CONFIRMED
    )
    await uow.audit.append(sign_in_fact(actor, action, settled, now))


def _notice(actor: Actor, sign_in: SignIn) -> str:
    # The name comes last, so that no name can go on in our words.
    name = f"It calls itself: {sign_in.host}" if sign_in.host else "It gave no name."
    return (
        f"{actor.email} was asked in Slack to sign in a terminal that is not theirs, "
        "and refused. Somebody may be trying to act as them: ask who sent them the "
        f"code. The machine asked from {sign_in.address} at "
        f"{sign_in.created_at:%Y-%m-%d %H:%M} UTC. {name}"
    )
