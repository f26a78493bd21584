"""Requests whose grants are one thing to the cloud: never at once, never cut short."""

import asyncio
from datetime import timedelta

import pytest

from core.services.telling import lane_of
from core.vocabulary import JobKind, RequestState
from tests.support.builders import ALICE, BOB
from tests.support.databases import run_sql
from tests.support.products import Product
from tests.support.providers import Mood


@pytest.fixture
def shared(scripted: Product) -> Product:
    """Return core with a provider that keeps one assignment for all."""
    scripted.provider.shared_lane = "alice|infra-admin|staging"
    return scripted


async def test_the_first_end_leaves_the_assignment_to_the_other(
    shared: Product,
) -> None:
    """The provider is told that another one is in force; at the last end it is not."""
    one = (await shared.active()).request
    two = (await shared.active()).request
    assert lane_of(one) == lane_of(two)

    await shared.acting(ALICE).revoke(one.id, reason="")
    await shared.work()
    assert (await shared.record(one.id)).request.state is RequestState.REVOKED
    await shared.acting(ALICE).revoke(two.id, reason="")
    await shared.work()

    ended = [(o.request_id, o.is_shared) for o in shared.provider.ended]
    assert ended == [(one.id, True), (two.id, False)]
    assert (await shared.record(two.id)).request.state is RequestState.REVOKED


async def test_what_expires_leaves_what_goes_on(shared: Product) -> None:
    """The same at its time as early."""
    one = (await shared.active()).request
    shared.clock.move(timedelta(minutes=30))
    two = (await shared.active()).request
    shared.clock.move(timedelta(minutes=30))

    await shared.hurry_and_work()

    assert (await shared.record(one.id)).request.state is RequestState.EXPIRED
    assert (await shared.record(two.id)).request.is_in_force
    assert [order.is_shared for order in shared.provider.ended] == [True]


async def test_jobs_of_one_lane_are_never_in_flight_together(shared: Product) -> None:
    """While one is issued the other waits, on every replica."""
    await shared.approved()
    await shared.approved()

    await shared.claim(JobKind.ISSUE, lease=timedelta(seconds=30))
    ran = await shared.work()

    assert ran == 0
    waiting = await shared.jobs(JobKind.ISSUE)
    assert [job.lease is None for job in waiting].count(True) == 1


async def test_a_second_try_says_that_it_is_one(shared: Product) -> None:
    """A provider may tell its own lost answer from what it never did."""
    await shared.approved()
    await shared.claim(JobKind.ISSUE)

    await shared.hurry_and_work()

    assert [order.attempt for order in shared.provider.ordered] == [2]


async def test_another_persons_lane_is_another(scripted: Product) -> None:
    """Without a word from the provider each request has its own."""
    one = (await scripted.submit()).request
    two = (await scripted.submit()).request

    assert lane_of(one) != lane_of(two)
    assert one.lane is None


async def test_a_late_clean_up_leaves_what_another_request_holds(
    shared: Product,
) -> None:
    """Given up, cleaned up after, looked at again: each says that one is in force."""
    one = (await shared.approved()).request
    shared.provider.mood = Mood.LOSE_ANSWER
    await shared.work()
    shared.provider.mood = Mood.WORK
    await shared.acting(ALICE).revoke(one.id, reason="")
    two = (await shared.approved()).request

    await shared.hurry_and_work(rounds=3)

    assert (await shared.record(one.id)).request.state is RequestState.REVOKED
    assert (await shared.record(two.id)).request.is_in_force
    after_two = [o for o in shared.provider.ended if o.request_id == one.id][1:]
    assert after_two
    assert all(order.is_shared for order in after_two)
    assert {order.request_id for order in shared.provider.ended} == {one.id}


async def test_both_revoked_at_once_the_last_one_ends_it(shared: Product) -> None:
    """Neither leaves the assignment to the other, which is ending too."""
    one = (await shared.active()).request
    two = (await shared.active()).request
    await shared.acting(ALICE).revoke(one.id, reason="")
    await shared.acting(ALICE).revoke(two.id, reason="")

    await shared.work()

    assert [order.is_shared for order in shared.provider.ended] == [False, False]


async def test_one_that_is_revoked_while_the_other_ends_leaves_nothing(
    shared: Product,
) -> None:
    """The first was told that the second goes on; the second's own end is the last."""
    one = (await shared.active()).request
    two = (await shared.active()).request
    shared.provider.mood = Mood.HANG
    await shared.acting(ALICE).revoke(one.id, reason="")
    working = asyncio.ensure_future(shared.work())
    await shared.provider.was_asked_to_end.wait()
    await shared.acting(ALICE).revoke(two.id, reason="")
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    shared.provider.mood = Mood.WORK

    assert await shared.work() == 0  # the lane waits for the lease that is out
    await forget_leases(shared)
    await shared.work()

    assert [order.is_shared for order in shared.provider.ended] == [False, False]
    for request_id in (one.id, two.id):
        ended = (await shared.record(request_id)).request
        assert ended.state is RequestState.REVOKED


async def forget_leases(product: Product) -> None:
    """Let every lease run out now, by the database's clock."""
    url = product.settings.database_url.get_secret_value()
    past = "0" if url.startswith("sqlite") else "'2020-01-01Z'"
    await run_sql(url, f"UPDATE jobs SET leased_until = {past} WHERE lease <> ''")  # noqa: S608 - constants


async def test_an_extension_in_the_same_lane_hands_the_assignment_over(
    shared: Product,
) -> None:
    """The old end leaves it, the new end takes it."""
    old = (await shared.active()).request
    hour = timedelta(hours=1)
    new = (await shared.acting(ALICE).extend(old.id, duration=hour)).request
    await shared.acting(BOB).approve(new.id, comment="")
    await shared.work()
    await shared.acting(ALICE).revoke(new.id, reason="")
    await shared.work()

    ended = [(o.request_id, o.is_shared) for o in shared.provider.ended]
    assert ended == [(old.id, True), (new.id, False)]
