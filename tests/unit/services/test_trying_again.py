"""Transactions tried again, pauses, and the signal that wakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.clock import Deadline
from core.errors import (
    Conflict,
    DeadlineExceeded,
    JitsudoError,
    OutcomeUnknown,
    StoreBusy,
    StoreUnavailable,
)
from core.ports import Store, UnitOfWork
from core.services import transactions
from core.services.backoff import MAX_SECONDS, is_news, pause_after
from core.services.signal import Signal
from core.services.transactions import (
    ATTEMPTS,
    in_some_transaction,
    in_transaction,
)


class Commits:
    """A store whose COMMITs end as a script says; None is a success."""

    def __init__(self, *ends: JitsudoError | None) -> None:
        """Keep the script."""
        self.ends = list(ends)
        self.begun = 0
        self.kept = 0

    @asynccontextmanager
    async def transaction(self, _deadline: object = None) -> AsyncIterator[Any]:
        """Open what looks like a unit of work."""
        self.begun += 1

        async def commit() -> None:
            end = self.ends.pop(0)
            if end is not None:
                raise end
            self.kept += 1

        yield SimpleNamespace(commit=commit)


async def seven(_: UnitOfWork) -> int:
    """Do some work."""
    return 7


async def test_a_deadlock_is_tried_again_until_it_works() -> None:
    """What was chosen as the victim is harmless to repeat."""
    store = Commits(StoreBusy(), StoreBusy(), None)

    assert await in_transaction(cast("Store", store), seven) == 7
    assert (store.begun, store.kept) == (3, 1)


async def test_after_four_tries_it_is_busy() -> None:
    """And says so."""
    store = Commits(*[StoreBusy()] * 9)

    with pytest.raises(StoreBusy):
        await in_transaction(cast("Store", store), seven)
    assert (store.begun, store.kept) == (ATTEMPTS, 0)


@pytest.mark.parametrize(
    "error", [OutcomeUnknown(), StoreUnavailable(why="x"), Conflict(what="x")]
)
async def test_nothing_else_is_tried_again(error: JitsudoError) -> None:
    """Least of all a COMMIT whose outcome nobody knows."""
    store = Commits(error, None)

    with pytest.raises(type(error)):
        await in_transaction(cast("Store", store), seven)
    assert (store.begun, store.kept) == (1, 0)


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tries follow each other at once."""
    monkeypatch.setattr(transactions, "pause_after", lambda _: timedelta())


@pytest.mark.usefixtures("no_pause")
async def test_what_must_not_be_forgotten_outlasts_a_database_that_is_away() -> None:
    """Also a COMMIT that was not answered, and one lost to others all the time."""
    away = StoreUnavailable(why="x")
    store = Commits(away, OutcomeUnknown(), *[StoreBusy()] * ATTEMPTS, away, None)

    assert await in_some_transaction(cast("Store", store), seven, patience=60) == 7
    assert store.kept == 1


async def test_patience_ends_with_the_last_failure() -> None:
    """The first pause would last longer than there is patience for."""
    store = Commits(StoreUnavailable(why="first"), None)

    with pytest.raises(StoreUnavailable, match="first"):
        await in_some_transaction(cast("Store", store), seven, patience=0.5)
    assert store.begun == 1


@pytest.mark.usefixtures("no_pause")
async def test_a_refusal_is_not_a_matter_of_patience() -> None:
    """Nothing changes by asking again."""
    store = Commits(Conflict(what="x"), None)

    with pytest.raises(Conflict):
        await in_some_transaction(cast("Store", store), seven, patience=60)
    assert store.begun == 1


async def test_past_the_deadline_no_further_try_is_begun() -> None:
    """The person has been told to press again by then."""
    store = Commits(StoreBusy(), None)

    with pytest.raises(DeadlineExceeded):
        await in_transaction(cast("Store", store), seven, deadline=Deadline(seconds=-1))
    assert store.begun == 1


def test_pauses_double_to_five_minutes_and_differ() -> None:
    """One second, two, four … and never longer than five minutes and a half more."""
    for attempts in range(1, 40):
        base = min(2 ** (attempts - 1), MAX_SECONDS)
        pauses = {pause_after(attempts).total_seconds() for _ in range(20)}
        assert all(base <= pause <= base * 1.5 for pause in pauses)
        assert len(pauses) > 1


@pytest.mark.parametrize("attempts", [0, -1, 10_000])
def test_an_odd_number_of_tries_gives_a_sane_pause(attempts: int) -> None:
    """No overflow, no zero: a job that was never counted still waits a little."""
    assert 0 < pause_after(attempts).total_seconds() <= MAX_SECONDS * 1.5


async def test_a_ring_after_the_mark_is_not_missed() -> None:
    """Even if it rang before anybody waited."""
    signal = Signal()
    mark = signal.mark()
    signal.ring()

    async with asyncio.timeout(1):
        await signal.wait(60, since=mark)


async def test_without_a_ring_waiting_ends_by_itself() -> None:
    """Another replica's commit does not ring here."""
    signal = Signal()
    signal.ring()

    async with asyncio.timeout(1):
        await signal.wait(0.01, since=signal.mark())


async def test_a_ring_wakes_everybody() -> None:
    """Workers and waiting readers alike."""
    signal = Signal()
    async with asyncio.timeout(1), asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(signal.wait(60, since=signal.mark()))
        await asyncio.sleep(0)
        signal.ring()


def test_a_deadline_counts_down_and_is_over() -> None:
    """By the monotonic clock."""
    assert 9 < Deadline(seconds=10).remaining() <= 10
    with pytest.raises(DeadlineExceeded):
        Deadline(seconds=0).remaining()


def test_a_failure_that_repeats_itself_is_told_ever_more_seldom() -> None:
    """Ten times in the first day of tries five minutes apart, not three hundred."""
    told = [attempts for attempts in range(1, 300) if is_news(attempts)]

    assert told == [1, 2, 4, 8, 16, 32, 64, 128, 256]
