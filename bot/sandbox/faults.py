"""Faults on demand: what a Web API call suffers instead of going well."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

ANY_METHOD: Final = "*"
RESPONSE_URL: Final = "response_url"
"""Stands for posts to a response_url where a method is named."""

TRANSPORT_KINDS: Final = frozenset(
    {
        "drop_before",
        "drop_after",
        "http_500",
        "html_503",
        "html_200",
        "ratelimited",
        "slow",
        "timeout",
    }
)
"""Every other kind is an error string that the method answers with."""


@dataclass(kw_only=True, slots=True)
class Fault:
    """What the next calls of a method suffer.

    `drop_after`, `slow` and `timeout` do the work before they fail; the others
    do not, unless `acts` is set.

    Attributes:
        method: a method's name, `response_url`, or `*`.
        kind: one of `TRANSPORT_KINDS`, or one of Slack's error strings.
        count: how many calls it strikes.
        seconds: how long `slow` and `timeout` take; None for 5 and 30.
        retry_after: the header of `ratelimited`; None leaves it out.
        acts: whether the work is done although the call fails.
    """

    method: str
    kind: str
    count: int = 1
    seconds: float | None = None
    retry_after: str | None = None
    acts: bool = False

    @property
    def delay(self) -> float:
        """Return how many seconds `slow` and `timeout` take."""
        if self.seconds is not None:
            return self.seconds
        return 30.0 if self.kind == "timeout" else 5.0

    @property
    def does_work(self) -> bool:
        """Return whether the method still does what it is for."""
        return self.acts or self.kind in {"drop_after", "slow", "timeout"}


@dataclass(slots=True)
class Faults:
    """The faults that are waiting for a call, oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    _forgotten: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its calls."""
        self.waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults; what they are holding up goes on at once."""
        self.waiting.clear()
        self._forgotten.set()
        self._forgotten = asyncio.Event()

    async def hold_up(self, fault: Fault) -> None:
        """Let the time of `slow` or `timeout` pass."""
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.delay):
                await self._forgotten.wait()

    def strike(self, method: str) -> Fault | None:
        """Return the fault that this call suffers, and use it up by one."""
        for fault in self.waiting:
            if fault.method in {method, ANY_METHOD}:
                fault.count -= 1
                if fault.count <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
