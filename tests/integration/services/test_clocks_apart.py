"""A server whose clock is ten seconds off the database's, in both directions."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import WrongState
from core.vocabulary import JobKind, RequestState
from tests.support.builders import ALICE, FrozenClock, an_ask
from tests.support.policies import ScriptedPolicy
from tests.support.products import a_product
from tests.support.rosters import Groups

OFF = timedelta(seconds=10)
SLACK = timedelta(seconds=5)
"""How long a test's own steps may take, at most."""


@pytest.mark.parametrize("off", [OFF, -OFF], ids=["ahead", "behind"])
async def test_a_grant_is_as_long_as_asked_give_or_take_what_the_clock_is_off(
    database_url: str, groups: Groups, off: timedelta
) -> None:
    """Issued at once; due by the database's clock; not read after its end."""
    clock = FrozenClock(datetime.now(UTC) + off)
    policy = ScriptedPolicy()
    async with a_product(database_url, groups, policy=policy, clock=clock) as product:
        began = datetime.now(UTC)
        request = (await product.active(an_ask(duration=timedelta(minutes=1)))).request
        assert request.state is RequestState.ACTIVE
        (expiry,) = await product.jobs(JobKind.EXPIRE)
        assert abs(expiry.due_at - began - timedelta(minutes=1)) <= OFF + SLACK

        clock.move(timedelta(minutes=1) - timedelta.resolution)
        assert (await product.acting(ALICE).credentials(request.id)).secrets.variables
        clock.move(timedelta.resolution)
        with pytest.raises(WrongState):
            await product.acting(ALICE).credentials(request.id)
        await product.hurry_and_work()
        assert (await product.record(request.id)).request.state is RequestState.EXPIRED
        assert product.provider.in_force == {}


async def test_two_servers_whose_clocks_differ_end_it_when_both_say_so(
    database_url: str, groups: Groups
) -> None:
    """Whoever is behind waits ten seconds and no longer; nothing is stuck."""
    now = datetime.now(UTC)
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy, clock=FrozenClock(now)) as right,
        a_product(
            database_url,
            groups,
            policy=policy,
            clock=FrozenClock(now - OFF),
            provider=right.provider,
        ) as behind,
    ):
        request = (await right.active()).request
        for product in (right, behind):
            product.clock.move(request.ask.duration)
        await right.hurry(JobKind.EXPIRE)

        await behind.work()

        assert (await right.record(request.id)).request.is_in_force
        (expiry,) = await right.jobs(JobKind.EXPIRE)
        assert expiry.due_at <= datetime.now(UTC) + OFF
        assert expiry.last_error == ""
        await right.hurry(JobKind.EXPIRE)
        await right.work()
        ended = (await behind.record(request.id)).request
        assert ended.state is RequestState.EXPIRED


async def test_what_one_issues_the_other_gives_up_no_sooner_than_it_should(
    database_url: str, groups: Groups
) -> None:
    """A clock that is ahead does not abandon what was approved just now."""
    now = datetime.now(UTC)
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy, clock=FrozenClock(now)) as right,
        a_product(
            database_url,
            groups,
            policy=policy,
            clock=FrozenClock(now + OFF),
            provider=right.provider,
        ) as ahead,
    ):
        approved = (await right.approved()).request

        await ahead.work()

        active = (await right.record(approved.id)).request
        assert active.is_in_force
        assert active.expires_at == right.clock.now() + approved.ask.duration
