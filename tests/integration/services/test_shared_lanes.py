"""Requests whose grants are one thing to the cloud: never at once, never cut short."""

from datetime import timedelta

import pytest

from core.services.telling import lane_of
from core.vocabulary import JobKind, RequestState
from tests.support.builders import ALICE
from tests.support.products import Product


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
    await shared.claim(JobKind.ISSUE, lease=timedelta(milliseconds=1))

    await shared.hurry_and_work()

    assert [order.attempt for order in shared.provider.ordered] == [2]


async def test_another_persons_lane_is_another(scripted: Product) -> None:
    """Without a word from the provider each request has its own."""
    one = (await scripted.submit()).request
    two = (await scripted.submit()).request

    assert lane_of(one) != lane_of(two)
    assert one.lane is None
