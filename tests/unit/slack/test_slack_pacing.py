"""Calls are spread, pauses are shared, and what is urgent goes first."""

import pytest

from bot.slack.failures import SlackNotSent
from bot.slack.pacing import LONGEST_WAIT_SECONDS, POST, UPDATE, Pacer, Urgency


class Time:
    """Seconds that pass only when somebody waits."""

    def __init__(self) -> None:
        """Start at nought."""
        self.seconds = 0.0

    def now(self) -> float:
        """Return the seconds passed."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


def a_pacer(time: Time, *, is_on: bool = True) -> Pacer:
    """Return a pacer that lives by `time`."""
    return Pacer(is_on=is_on, clock=time.now, sleep=time.sleep)


async def test_posts_to_one_channel_come_to_one_a_second() -> None:
    """A few at once are let through, then one a second."""
    time = Time()
    pacer = a_pacer(time)

    for _ in range(13):
        await pacer.admit(POST, channel="C1")

    assert 9.5 <= time.seconds <= 10.5


async def test_channels_do_not_wait_for_each_other() -> None:
    """The limit is per channel."""
    time = Time()
    pacer = a_pacer(time)

    for number in range(6):
        await pacer.admit(POST, channel=f"C{number}")

    assert time.seconds == 0


async def test_updates_stay_below_fifty_a_minute() -> None:
    """chat.update is limited for the workspace as a whole."""
    time = Time()
    pacer = a_pacer(time)

    for _ in range(200):
        await pacer.admit(UPDATE)

    assert 200 / (time.seconds / 60) < 50 * 1.2


async def test_what_is_cosmetic_leaves_room_for_what_is_final() -> None:
    """Half of the room is kept for cards that still show buttons in vain."""
    time = Time()
    pacer = a_pacer(time)
    while time.seconds == 0:
        await pacer.admit(UPDATE, urgency=Urgency.LATER)
    waited = time.seconds

    for _ in range(9):
        await pacer.admit(UPDATE, urgency=Urgency.FIRST)

    assert time.seconds == waited


async def test_a_pause_that_slack_asked_for_is_everybodys() -> None:
    """After a 429 nobody calls that method; others go on, pacing on or off."""
    time = Time()
    pacer = a_pacer(time, is_on=False)
    pacer.pause(POST, 30)

    with pytest.raises(SlackNotSent) as caught:
        await pacer.admit(POST, channel="C1")
    await pacer.admit(UPDATE)

    assert caught.value.retry_after_seconds == 30
    time.seconds = 31
    await pacer.admit(POST, channel="C1")


async def test_whoever_is_always_overtaken_gives_up_in_time() -> None:
    """A job may wait three seconds in all, not three for each who comes first."""
    time = Time()

    async def overtaken(seconds: float) -> None:
        await time.sleep(seconds)
        await pacer.admit(POST, channel="C1")  # takes what there is by now

    pacer = Pacer(clock=time.now, sleep=overtaken)
    for _ in range(3):
        await pacer.admit(POST, channel="C1")

    with pytest.raises(SlackNotSent) as caught:
        await pacer.admit(POST, channel="C1", urgency=Urgency.LATER)

    assert time.seconds <= LONGEST_WAIT_SECONDS
    assert caught.value.retry_after_seconds is not None
