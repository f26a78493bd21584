"""A small pool of driver connections, for one event loop."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from core.clock import Deadline
from core.errors import DeadlineExceeded, StoreUnavailable

C = TypeVar("C")

PATIENCE_SECONDS: Final = 10.0
"""How long to wait for a free connection when there is no deadline."""


class Pool(Generic[C]):
    """Hands out connections, newest first, so that few are kept warm.

    It never asks a connection whether it is alive: that would be a round trip
    each time. Whoever takes one finds out with the first statement, and calls
    `forget_idle` and takes another.
    """

    def __init__(
        self,
        *,
        size: int,
        connect: Callable[[float], Awaitable[C]],
        disconnect: Callable[[C], Awaitable[None]],
        abandon: Callable[[C], None],
        is_closed: Callable[[C], bool],
    ) -> None:
        """Stay empty until the first connection is needed.

        Args:
            size: most connections at a time.
            connect: opens one within the given seconds, or raises one of ours.
            disconnect: closes one properly, raising nothing.
            abandon: closes one that is of no use, at once.
            is_closed: tells, without a round trip, whether one is known to be.
        """
        self._free: Final = asyncio.Semaphore(size)
        self._idle: Final[deque[C]] = deque()
        self._connect: Final = connect
        self._disconnect: Final = disconnect
        self._abandon: Final = abandon
        self._is_closed: Final = is_closed
        self._is_open = True

    async def take(self, deadline: Deadline | None) -> tuple[C, bool]:
        """Return a connection, and whether it was used before.

        Raises:
            DeadlineExceeded: none became free in time.
            StoreUnavailable: none became free, or none can be opened.
        """
        await self._wait(deadline)
        try:
            while self._idle:
                connection = self._idle.pop()
                if not self._is_closed(connection):
                    return connection, True
                self._abandon(connection)
            return await self.fresh(deadline), False
        except BaseException:
            self._free.release()
            raise

    async def fresh(self, deadline: Deadline | None) -> C:
        """Open a connection in place of one that was taken and discarded."""
        seconds = PATIENCE_SECONDS if deadline is None else deadline.remaining()
        return await self._connect(min(seconds, PATIENCE_SECONDS))

    async def give_back(self, connection: C) -> None:
        """Keep a connection, whose transaction is over, for the next one."""
        if self._is_open and not self._is_closed(connection):
            self._idle.append(connection)
        else:
            await self._disconnect(connection)
        self._free.release()

    def discard(self, connection: C) -> None:
        """Close a connection that nobody should use again."""
        self._abandon(connection)
        self._free.release()

    def forget_idle(self) -> None:
        """Close the connections that wait; after a restart all are broken."""
        while self._idle:
            self._abandon(self._idle.pop())

    async def close(self) -> None:
        """Close what waits now, and the rest when it is given back."""
        self._is_open = False
        while self._idle:
            await self._disconnect(self._idle.pop())

    async def _wait(self, deadline: Deadline | None) -> None:
        if not self._is_open:
            raise StoreUnavailable(why="the store is closed")
        if not self._free.locked():
            await self._free.acquire()
            return
        seconds = PATIENCE_SECONDS if deadline is None else deadline.remaining()
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError as error:
            if deadline is not None:
                raise DeadlineExceeded from error
            raise StoreUnavailable(why="all connections are in use") from error
