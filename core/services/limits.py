"""Limits: how often one principal, or one address, may do one thing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from core.clock import Deadline
from core.domain.identity import Rate
from core.domain.principal import Actor
from core.domain.rates import network_of, too_many
from core.domain.request import Ask
from core.errors import DependencyError, OutcomeUnknown, RefusedError, TooMany
from core.ports import Clock, Store, UnitOfWork
from core.services.refusals import Refusals
from core.services.transactions import in_transaction
from core.vocabulary import RequestId, Verdict

WINDOW: Final = timedelta(minutes=1)

PENDING_AGAIN_SECONDS: Final = 60
"""When to try again with too many requests pending; nobody knows who decides when."""

REMEMBERED: Final = 10_000
"""Full windows that a process remembers; more are asked of the store again."""

_log = structlog.get_logger()


class Act(StrEnum):
    """What is counted, each apart."""

    SUBMISSION = "submission"
    BREAK_GLASS = "break_glass"
    DECISION = "decision"
    SIGN_IN = "sign_in"


def act_of(ask: Ask) -> Act:
    """Return as what an ask counts; an emergency has a budget of its own."""
    return Act.BREAK_GLASS if ask.break_glass else Act.SUBMISSION


_NAMES: Final[Mapping[Act, str]] = {
    Act.SUBMISSION: "requests",
    Act.BREAK_GLASS: "break-glass requests",
    Act.DECISION: "decisions",
    Act.SIGN_IN: "failed sign-ins from your address",
}


class Limits:
    """Counts in the store, so that every replica and every front end shares it.

    What succeeds is counted in the transaction that it is done in, so that it costs
    one statement and is exact; what is refused is counted afterwards, in one of its
    own. A window that is full is remembered, so that a flood costs no statement.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        refusals: Refusals,
        per_minute: Mapping[Act, int],
        pending: int,
    ) -> None:
        """Keep the limits.

        Args:
            per_minute: how often each act may be done; 0 or absent for no limit.
            pending: requests of one requester that may wait at once; 0 for no limit.
        """
        self._store = store
        self._clock = clock
        self._refusals = refusals
        self._per_minute = per_minute
        self._pending = pending
        self._full: dict[str, datetime] = {}

    def check(self, act: Act, email: str) -> None:
        """Refuse what this process knows to be too much; asks nobody.

        Raises:
            TooMany: the window is full.
        """
        ends_at = self._full.get(_name(act, email))
        if ends_at is not None and ends_at > self._clock.now():
            raise self._too_many(act, ends_at)

    async def count(self, uow: UnitOfWork, act: Act, email: str) -> None:
        """Count what is being done; undone with the transaction if it is.

        Raises:
            TooMany: it is one more than the limit.
            StoreUnavailable: it cannot be counted, so it is not done either.
        """
        limit = self._per_minute.get(act, 0)
        if not limit:
            return
        rate = await uow.rates.add(
            _name(act, email), at=self._clock.now(), window=WINDOW
        )
        if rate.count > limit:
            raise self._too_many(act, rate.window_ends_at)

    async def check_pending(self, uow: UnitOfWork, requester: str) -> None:
        """Refuse one more request that waits.

        The caller holds the principal's row, so that no two are counted at once.

        Raises:
            TooMany: as many wait already as may.
        """
        if not self._pending:
            return
        waiting = await uow.requests.count_pending(requester, at=self._clock.now())
        if waiting >= self._pending:
            raise TooMany(
                what=f"requests pending at once (at most {self._pending}): withdraw "
                "one, or wait for a decision",
                retry_after_seconds=PENDING_AGAIN_SECONDS,
            )

    @asynccontextmanager
    async def counting_refusals(
        self,
        act: Act,
        actor: Actor,
        *,
        request_id: RequestId | None = None,
        verdict: Verdict | None = None,
        deadline: Deadline | None,
    ) -> AsyncIterator[None]:
        """Count what the block refuses; one too many becomes `TooMany`, audited.

        A refusal that cannot be counted is a refusal all the same.

        Raises:
            TooMany: in place of the refusal that is one more than the limit.
        """
        try:
            yield
        except RefusedError as refusal:
            if self._is_full(act, actor.email):
                raise
            excess = await self._count_refused(act, actor.email, deadline)
            answer = excess or refusal
            if isinstance(answer, TooMany):
                await self._refusals.record(
                    actor,
                    request_id=request_id,
                    verdict=verdict,
                    code=answer.code,
                    why=str(answer),
                    details={"act": act.value},
                    deadline=deadline,
                )
            if excess is not None:
                raise excess from refusal
            raise

    async def failed_sign_in(self, address: str) -> None:
        """Count that nobody was known by what came from an address.

        Only failures are counted and only they are refused: whoever is known gets
        in, whatever a neighbour behind the same address does.

        Args:
            address: the client's; one in IPv6 counts as its network of 64 bits.

        Raises:
            TooMany: it is one more than the limit.
        """
        whose = network_of(address)
        self.check(Act.SIGN_IN, whose)
        excess = await self._count_refused(Act.SIGN_IN, whose, None)
        if excess is not None:
            raise excess

    def _is_full(self, act: Act, whose: str) -> bool:
        ends_at = self._full.get(_name(act, whose))
        return ends_at is not None and ends_at > self._clock.now()

    async def _count_refused(
        self, act: Act, whose: str, deadline: Deadline | None
    ) -> TooMany | None:
        """Return what to answer instead, if it was one too many."""
        limit = self._per_minute.get(act, 0)
        if not limit:
            return None

        async def work(uow: UnitOfWork) -> Rate:
            return await uow.rates.add(
                _name(act, whose), at=self._clock.now(), window=WINDOW
            )

        try:
            rate = await in_transaction(self._store, work, deadline=deadline)
        except (DependencyError, OutcomeUnknown) as error:
            _log.warning("refusal_not_counted", act=act.value, error=error.code)
            return None
        if rate.count <= limit:
            return None
        self._remember(_name(act, whose), rate.window_ends_at)
        _log.warning("limit_reached", act=act.value, by=whose, limit=limit)
        return self._too_many(act, rate.window_ends_at)

    def _remember(self, name: str, ends_at: datetime) -> None:
        if len(self._full) >= REMEMBERED:
            now = self._clock.now()
            self._full = {n: end for n, end in self._full.items() if end > now}
        if len(self._full) < REMEMBERED:
            self._full[name] = ends_at

    def _too_many(self, act: Act, ends_at: datetime) -> TooMany:
        return too_many(
            f"{_NAMES[act]} within a minute",
            most=self._per_minute[act],
            ends_at=ends_at,
            now=self._clock.now(),
        )


def _name(act: Act, whose: str) -> str:
    return f"{act.value}:{whose}"
