"""Waiting for the workspace to change."""

import asyncio
from collections.abc import Callable


class Changes:
    """Counts changes, and wakes whoever waits for the next one."""

    def __init__(self) -> None:
        """Start at version 1, so that 0 means: has seen nothing."""
        self.version = 1
        self.is_closed = False
        self._next = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change, in the loop."""
        self._listeners.append(listener)

    def note(self) -> None:
        """Say that something has changed."""
        self.version += 1
        self._wake()
        for listener in self._listeners:
            listener()

    def close(self) -> None:
        """Send everybody home who waits."""
        self.is_closed = True
        self._wake()

    async def after(self, version: int) -> int:
        """Return the present version, as soon as it is another than `version`."""
        while self.version == version and not self.is_closed:
            await self._next.wait()
        return self.version

    def _wake(self) -> None:
        ended, self._next = self._next, asyncio.Event()
        ended.set()
