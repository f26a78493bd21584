"""Signs a terminal in: begins, and hands over the token once somebody said yes.

Here is the terminal's side, which is nobody yet; the side of who says yes is in
`core.services.sign_in_consent`.

Source: RFC 8628, OAuth 2.0 Device Authorization Grant.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from core.approvals import IssuedToken
from core.domain.audit import AuditFact, Json
from core.domain.identity import Rate, SignIn
from core.domain.principal import Actor
from core.domain.rates import network_of, too_many
from core.domain.sign_in import (
    DEVICE_CODE_BYTES,
    INTERVAL_SECONDS,
    LIFETIME,
    TOKEN_TTL,
    PollOutcome,
    claimed_host,
    digest_of_device,
    polled,
)
from core.errors import Conflict, OutcomeUnknown, TooMany
from core.ports import Clock, Store, UnitOfWork
from core.services.codes import new_code
from core.services.tokens import new_token, token_fact
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Origin, Outcome, SignInState, TokenScope

BEGINNINGS: Final = 10
"""Sign-ins that may begin from one network within `BEGINNINGS_WINDOW`."""

BEGINNINGS_WINDOW: Final = timedelta(minutes=1)

WAITING: Final = 1_000
"""Sign-ins that wait at once; more codes that are valid are easier to guess."""

CODES_TRIED: Final = 3
"""How often another code is made up when the first is taken."""

EVERY_SCOPE: Final = frozenset(TokenScope)


@dataclass(frozen=True, kw_only=True, slots=True)
class BegunSignIn:
    """What a terminal gets that wants to be signed in.

    Attributes:
        device_code: what it shows to nobody; kept nowhere here.
        sign_in: as stored.
    """

    device_code: str = field(repr=False)
    sign_in: SignIn


@dataclass(frozen=True, kw_only=True, slots=True)
class PollAnswer:
    """What a terminal hears that asks for its token.

    Attributes:
        interval_seconds: how long to wait until the next question.
        issued: the token, where the outcome is `READY`.
    """

    outcome: PollOutcome
    interval_seconds: int = INTERVAL_SECONDS
    issued: IssuedToken | None = None


class SignInTerminals:
    """Answers terminals that have no token yet."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Keep where sign-ins are."""
        self._store = store
        self._clock = clock

    async def begin(self, *, host: str, address: str) -> BegunSignIn:
        """Begin a sign-in.

        Args:
            host: what the machine says it is called; anything at all.
            address: from where the server was asked.

        Raises:
            TooMany: too many began there just now, or wait for somebody.
            Conflict: every code that was made up is taken.
        """
        await self._count_beginning(address)
        for _ in range(CODES_TRIED):
            begun = _new_sign_in(host, address, self._clock.now())
            try:
                await self._add(begun.sign_in)
            except Conflict:
                continue
            return begun
        raise Conflict(what="the codes of sign-ins")

    async def _count_beginning(self, address: str) -> None:
        """Count in a transaction of its own: what is refused counts as well."""
        now = self._clock.now()

        async def work(uow: UnitOfWork) -> Rate:
            name = f"sign_in:begin:{network_of(address)}"
            return await uow.rates.add(name, at=now, window=BEGINNINGS_WINDOW)

        rate = await in_transaction(self._store, work)
        if rate.count > BEGINNINGS:
            what = "sign-ins begun from one network within a minute"
            raise too_many(what, most=BEGINNINGS, ends_at=rate.window_ends_at, now=now)

    async def _add(self, sign_in: SignIn) -> None:
        async def work(uow: UnitOfWork) -> None:
            now = sign_in.created_at
            if await uow.sign_ins.count_waiting(at=now) >= WAITING:
                raise TooMany(
                    what=f"sign-ins that wait at once (at most {WAITING})",
                    retry_after_seconds=60,
                )
            await uow.sign_ins.add(sign_in)

        await in_transaction(self._store, work)

    async def poll(self, device_code: str, *, address: str) -> PollAnswer:
        """Answer a terminal that asks for its token; it gets it once.

        The token is made here, where the terminal is there to take it: its secret
        is in this answer and nowhere else.

        Args:
            address: from where the server is asked now.

        Raises:
            OutcomeUnknown: the token may be lost with the connection to the
                database; the terminal has to begin anew.
        """
        digest = digest_of_device(device_code)
        if digest is None:
            return PollAnswer(outcome=PollOutcome.UNKNOWN)
        found, outcome = await self._ask(digest)
        if outcome is PollOutcome.READY and found is not None and found.email:
            return await self._hand_over(digest, found.email, address)
        interval = found.interval_seconds if found else INTERVAL_SECONDS
        return PollAnswer(outcome=outcome, interval_seconds=interval)

    async def _ask(self, digest: str) -> tuple[SignIn | None, PollOutcome]:
        """Note that the terminal asked, and tell where its sign-in stands."""
        now = self._clock.now()

        async def work(uow: UnitOfWork) -> tuple[SignIn | None, PollOutcome]:
            sign_in = await _of_device(uow, digest)
            if sign_in is None:
                return None, PollOutcome.UNKNOWN
            asked, outcome = polled(sign_in, now)
            if asked != sign_in:
                await uow.sign_ins.save(asked)
            return asked, outcome

        return await in_transaction(self._store, work)

    async def _hand_over(self, digest: str, email: str, address: str) -> PollAnswer:
        """Make the token, unless another question was faster.

        The person comes first among the locks, so who it is was read before.
        """
        now = self._clock.now()

        async def work(uow: UnitOfWork) -> PollAnswer:
            # Held until the end: nobody is disabled between this look and the commit.
            held = await uow.principals.hold(email, is_alone=False)
            sign_in = await _of_device(uow, digest)
            if (
                sign_in is None
                or sign_in.state is not SignInState.CONFIRMED
                or sign_in.email != email
            ):
                return PollAnswer(outcome=PollOutcome.UNKNOWN)
            if now >= sign_in.expires_at:
                return PollAnswer(outcome=PollOutcome.EXPIRED)
            actor = Actor(
                email=email,
                origin=Origin.API,
                evidence={"host": sign_in.host, "address": address, "sign_in": "slack"},
            )
            if held.is_disabled:
                await uow.sign_ins.save(replace(sign_in, state=SignInState.REFUSED))
                why: dict[str, Json] = {"why": f"{email} is disabled"}
                action = AuditAction.SIGN_IN_REFUSED
                fact = sign_in_fact(actor, action, sign_in, now, more=why)
                await uow.audit.append(replace(fact, outcome=Outcome.FAILURE))
                return PollAnswer(outcome=PollOutcome.REFUSED)
            issued = new_token(
                email, by=email, scopes=EVERY_SCOPE, ttl=TOKEN_TTL, now=now
            )
            await uow.sign_ins.save(replace(sign_in, state=SignInState.USED))
            await uow.tokens.add(issued.token)
            await uow.audit.append(
                token_fact(actor, AuditAction.TOKEN_ISSUED, issued.token, now)
            )
            return PollAnswer(outcome=PollOutcome.READY, issued=issued)

        try:
            return await in_transaction(self._store, work)
        except OutcomeUnknown as error:  # its secret is lost with the answer
            raise OutcomeUnknown(look_with="jitsudo login --slack") from error


def sign_in_fact(
    actor: Actor,
    action: AuditAction,
    sign_in: SignIn,
    now: datetime,
    *,
    more: dict[str, Json] | None = None,
) -> AuditFact:
    """Return what the audit log is told of a sign-in; none of its codes."""
    return AuditFact(
        occurred_at=now,
        actor=actor.email,
        action=action,
        outcome=Outcome.SUCCESS,
        origin=actor.origin,
        details={
            "host": sign_in.host,
            "address": sign_in.address,
            "asked_at": sign_in.created_at.isoformat(),
            **actor.evidence,
            **(more or {}),
        },
    )


def _new_sign_in(host: str, address: str, now: datetime) -> BegunSignIn:
    device_code = secrets.token_urlsafe(DEVICE_CODE_BYTES)
    digest = digest_of_device(device_code)
    if digest is None:  # our own codes are always well formed
        raise ValueError(DEVICE_CODE_BYTES)
    return BegunSignIn(
        device_code=device_code,
        sign_in=SignIn(
            digest=digest,
            user_code=new_code(),
            host=claimed_host(host),
            address=address,
            state=SignInState.WAITING,
            created_at=now,
            expires_at=now + LIFETIME,
            interval_seconds=INTERVAL_SECONDS,
        ),
    )


async def _of_device(uow: UnitOfWork, digest: str) -> SignIn | None:
    """Return a sign-in and hold it; the digest is compared in constant time."""
    sign_in = await uow.sign_ins.by_digest(digest)
    if sign_in is None or not secrets.compare_digest(sign_in.digest, digest):
        return None
    return sign_in
