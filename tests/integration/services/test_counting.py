"""The figures that are watched: true, cheap, and none where nobody answers."""

from contextlib import AbstractAsyncContextManager

import pytest
from typing_extensions import override

from core.clock import Deadline
from core.errors import StoreUnavailable
from core.ports import UnitOfWork
from core.services.figures import KEPT_SECONDS, Count
from core.vocabulary import JobKind, RequestState, Verdict
from tests.support.broken_stores import ReadOnlyStore
from tests.support.builders import BOB
from tests.support.products import Product


class AwayStore(ReadOnlyStore):
    """A store that answers nobody while it `is_full`."""

    @override
    def snapshot(
        self, deadline: Deadline | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Refuse, as writing is."""
        if self.is_full:
            raise StoreUnavailable(why="away")
        return super().snapshot(deadline)


class Hand:
    """A monotonic clock that a test moves."""

    seconds = 1_000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.seconds


async def test_totals_are_counted_once_a_minute_and_say_how_old_they_are(
    scripted: Product,
) -> None:
    """Jobs are as of now, so that what fails is seen at once."""
    hand = Hand()
    count = Count(store=scripted.store, monotonic=hand)
    request_id = (await scripted.submit()).request.id
    first = await count.figures()

    await scripted.acting(BOB).approve(request_id, comment="")
    hand.seconds += KEPT_SECONDS - 1
    kept = await count.figures()
    hand.seconds += 1
    counted = await count.figures()

    assert (first.totals_age_seconds, kept.totals_age_seconds) == (0, KEPT_SECONDS - 1)
    assert kept.totals == first.totals
    assert first.totals.requests[RequestState.PENDING] == 1
    assert kept.backlog.waiting[JobKind.ISSUE] == 1
    assert counted.totals_age_seconds == 0
    assert counted.totals.requests[RequestState.APPROVED] == 1
    assert counted.totals.decisions == {Verdict.APPROVE: 1, Verdict.DENY: 0}


async def test_nothing_is_told_of_a_database_that_does_not_answer(
    scripted: Product,
) -> None:
    """Not even what was counted a moment ago; when it is back, all of it."""
    store = AwayStore(scripted.store)
    count = Count(store=store, monotonic=Hand())
    before = await count.figures()

    store.is_full = True
    with pytest.raises(StoreUnavailable):
        await count.figures()
    store.is_full = False

    assert await count.figures() == before
