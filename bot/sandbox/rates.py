"""Slack's rate limits, per method and for posts per channel.

Source: https://docs.slack.dev/apis/web-api/rate-limits; how long a burst may be
is documented nowhere, so `_BURST` is ours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_BURST: Final = 20

_PER_MINUTE: Final = MappingProxyType(
    {
        "apps.connections.open": 1,
        "usergroups.list": 20,
        "chat.update": 50,
        "chat.delete": 50,
        "users.lookupByEmail": 50,
        "conversations.open": 50,
        "conversations.list": 20,
        "conversations.info": 50,
        "views.open": 100,
        "views.update": 100,
        "views.push": 100,
        "views.publish": 100,
        "users.info": 100,
        "chat.postEphemeral": 100,
        "conversations.members": 100,
        "chat.postMessage": 300,
    }
)
"""Tiers 1 to 4; a method that is not here is not limited."""

_POSTS_PER_SECOND: Final = 1.0
_POST_BURST: Final = 5


@dataclass(slots=True)
class _Bucket:
    capacity: float
    per_second: float
    level: float
    at: float

    def wait(self, now: float) -> float:
        """Take one token; return the seconds until there is one, 0 if taken."""
        grown = self.level + (now - self.at) * self.per_second
        self.level, self.at = min(self.capacity, grown), now
        if self.level < 1:
            return (1 - self.level) / self.per_second
        self.level -= 1
        return 0.0


class Rates:
    """Counts calls, and says how long the next one has to wait."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        """Start with full buckets.

        Args:
            monotonic: seconds of a clock that never goes back.
        """
        self._monotonic = monotonic
        self._buckets: dict[str, _Bucket] = {}

    def seconds_to_wait(self, method: str, *, channel: str | None) -> int:
        """Count a call.

        Args:
            channel: where `chat.postMessage` posts to.

        Returns:
            Whole seconds for `Retry-After`; 0 if the call may go on.
        """
        per_minute = _PER_MINUTE.get(method)
        if per_minute is None:
            return 0
        wait = self._take(method, capacity=_BURST, per_second=per_minute / 60)
        if not wait and method == "chat.postMessage" and channel is not None:
            wait = self._take(
                f"{method} {channel}",
                capacity=_POST_BURST,
                per_second=_POSTS_PER_SECOND,
            )
        return math.ceil(wait)

    def _take(self, name: str, *, capacity: float, per_second: float) -> float:
        now = self._monotonic()
        if name not in self._buckets:
            self._buckets[name] = _Bucket(capacity, per_second, capacity, now)
        return self._buckets[name].wait(now)
