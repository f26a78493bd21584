"""What limits are not for: answers that were lost, and clocks that are wrong."""

from datetime import timedelta

import pytest

from core.errors import Conflict, NotAllowed, TooMany
from tests.support.builders import ALICE, NOON, FrozenClock, an_ask
from tests.support.policies import ScriptedPolicy
from tests.support.products import a_product
from tests.support.rosters import Groups

MINUTE = timedelta(minutes=1)


async def test_what_was_sent_before_is_answered_and_not_counted(
    database_url: str, groups: Groups
) -> None:
    """Whose answer was lost asks again by its key, whatever they did meanwhile."""
    async with a_product(
        database_url, groups, policy=ScriptedPolicy(), submissions_per_minute=2
    ) as product:
        alice = product.acting(ALICE)
        first = (await alice.submit(an_ask(), key="first")).request
        for _ in range(3):
            again = (await alice.submit(an_ask(), key="first")).request
            assert again == first
        second = (await alice.submit(an_ask(), key="second")).request
        with pytest.raises(TooMany):
            await alice.submit(an_ask(), key="third")

        lost = (await alice.submit(an_ask(), key="second")).request

        assert lost == second
        with pytest.raises(Conflict):
            await alice.submit(an_ask(role="other"), key="second")
        with pytest.raises(TooMany):
            await alice.submit(an_ask(), key="third")
        await product.disable(ALICE)
        with pytest.raises(NotAllowed, match="disabled"):
            await alice.submit(an_ask(), key="second")


async def test_a_replica_whose_clock_is_ahead_bars_nobody_for_longer(
    database_url: str, groups: Groups
) -> None:
    """Its window ends in an hour; here it is over within a minute, as any."""
    ahead = FrozenClock(NOON + timedelta(hours=1))
    async with (
        a_product(
            database_url, groups, clock=ahead, failed_sign_ins_per_minute=2
        ) as far,
        a_product(
            database_url, groups, clock=FrozenClock(), failed_sign_ins_per_minute=2
        ) as near,
    ):
        for _ in range(2):
            await far.jitsudo.services.limits.failed_sign_in("192.0.2.1")

        with pytest.raises(TooMany) as refused:
            await near.jitsudo.services.limits.failed_sign_in("192.0.2.1")

        assert refused.value.retry_after_seconds == 60
        near.clock.move(MINUTE)
        await near.jitsudo.services.limits.failed_sign_in("192.0.2.1")
