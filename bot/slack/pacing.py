"""Spreads calls so that Slack's rate limits are not met, and waits when they are."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Final

from bot.slack.failures import SlackNotSent

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"

POSTS_PER_CHANNEL: Final = 1.0
"""Per second and channel. Source: docs.slack.dev, chat.postMessage."""

POSTS_PER_WORKSPACE: Final = 3.0
"""Per second; Slack says "several hundred per minute". Source: rate limits."""

UPDATES_PER_WORKSPACE: Final = 45 / 60
"""Per second; tier 3 allows 50 a minute. Source: docs.slack.dev, rate limits."""

LONGEST_WAIT_SECONDS: Final = 3.0
"""In all, however many others come first; then a job gives its lease back."""


_NO_WAIT_SECONDS: Final = 0.001
"""Less than this is rounding, not waiting."""


class Urgency(IntEnum):
    """What goes first when there is not room for everything."""

    LATER = 0
    """Thread lines and cosmetic edits."""

    SOON = 1
    """Direct messages."""

    FIRST = 2
    """Cards, and edits that take buttons away."""


_KEEP: Final = {Urgency.LATER: 0.5, Urgency.SOON: 0.25, Urgency.FIRST: 0.0}
"""The share of a bucket that is left for what is more urgent."""


class Bucket:
    """Tokens that refill with time; a call takes one."""

    def __init__(
        self, *, per_second: float, burst: float, clock: Callable[[], float]
    ) -> None:
        """Start full."""
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock()

    def wait(self, urgency: Urgency) -> float:
        """Return the seconds until a call of this urgency may take a token."""
        now = self._clock()
        grown = self._tokens + (now - self._at) * self._per_second
        self._tokens = min(self._burst, grown)
        self._at = now
        floor = min(1 + _KEEP[urgency] * self._burst, self._burst)
        wait = (floor - self._tokens) / self._per_second
        return wait if wait > _NO_WAIT_SECONDS else 0.0

    @property
    def is_full(self) -> bool:
        """Tell whether this bucket is as good as a new one."""
        grown = self._tokens + (self._clock() - self._at) * self._per_second
        return grown >= self._burst

    def take(self) -> None:
        """Take a token that `wait` said is there."""
        self._tokens -= 1


class Pacer:
    """Admits calls by token buckets and shared pauses; one per process."""

    def __init__(
        self,
        *,
        is_on: bool = True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Start with full buckets.

        Args:
            is_on: without it only the pauses that Slack asked for count.
        """
        self._is_on = is_on
        self._clock = clock
        self._sleep = sleep
        self._pauses: dict[str, float] = {}
        self._channels: dict[str, Bucket] = {}
        self._posts = Bucket(per_second=POSTS_PER_WORKSPACE, burst=6, clock=clock)
        self._updates = Bucket(per_second=UPDATES_PER_WORKSPACE, burst=20, clock=clock)

    def pause(self, method: str, seconds: float) -> None:
        """Let nobody call `method` for a while."""
        until = self._clock() + seconds
        self._pauses[method] = max(until, self._pauses.get(method, 0.0))

    async def admit(
        self, method: str, *, channel: str = "", urgency: Urgency = Urgency.FIRST
    ) -> None:
        """Wait until a call may be made, and count it.

        Raises:
            SlackNotSent: it would have to wait too long; says how long.
        """
        patience = self._clock() + LONGEST_WAIT_SECONDS
        while True:
            now = self._clock()
            pause = self._pauses.get(method, 0.0) - now
            buckets = self._buckets(method, channel)
            wait = max([pause, *(bucket.wait(urgency) for bucket in buckets)])
            if wait <= 0:
                for bucket in buckets:
                    bucket.take()
                return
            if now + wait > patience:
                raise _not_before(method, wait)
            await self._sleep(wait)

    def admit_at_once(self, method: str) -> None:
        """Let a call pass that a person waits for, unless Slack wants none.

        Raises:
            SlackNotSent: Slack asked for a pause, which nobody could wait out.
        """
        wait = self._pauses.get(method, 0.0) - self._clock()
        if wait > 0:
            raise _not_before(method, wait)

    def _buckets(self, method: str, channel: str) -> list[Bucket]:
        if not self._is_on:
            return []
        if method == UPDATE:
            return [self._updates]
        if method != POST:
            return []
        if channel not in self._channels:
            self._forget_full()
            self._channels[channel] = Bucket(
                per_second=POSTS_PER_CHANNEL, burst=3, clock=self._clock
            )
        return [self._posts, self._channels[channel]]

    def _forget_full(self) -> None:
        """Drop buckets that have nothing to remember, so that they do not pile up."""
        self._channels = {
            channel: bucket
            for channel, bucket in self._channels.items()
            if not bucket.is_full
        }


def _not_before(method: str, wait: float) -> SlackNotSent:
    return SlackNotSent(
        method=method,
        why=f"it wants no such call for another {math.ceil(wait)} s",
        retry_after_seconds=wait,
    )
