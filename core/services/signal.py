"""Wakes whoever waits in this process after a commit; others poll."""

import asyncio


class Signal:
    """Tells waiting tasks that something was committed.

    It only saves time: nobody relies on it, since another replica's commits do
    not ring here.
    """

    def __init__(self) -> None:
        """Start silent."""
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits now."""
        self._next.set()
        self._next = asyncio.Event()

    def mark(self) -> asyncio.Event:
        """Return a mark; a ring after it is not missed by `wait`."""
        return self._next

    async def wait(self, seconds: float, *, since: asyncio.Event) -> None:
        """Return when it rang after the mark `since`, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await since.wait()
        except TimeoutError:
            return
