"""Stores that die or fill up before they write; behind each is a real one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from typing_extensions import override

from core.clock import Deadline
from core.errors import StoreUnavailable
from core.ports import Store, UnitOfWork


class DyingStore(Store):
    """A store whose process dies before it commits, once for each `deaths`."""

    def __init__(self, real: Store) -> None:
        """Stand before a real store."""
        self._real = real
        self.deaths = 0

    @override
    @asynccontextmanager
    async def transaction(
        self, deadline: Deadline | None = None
    ) -> AsyncIterator[UnitOfWork]:
        """Open a transaction; a death leaves it uncommitted."""
        async with self._real.transaction(deadline) as uow:
            if self.deaths:
                self.deaths -= 1
                raise StoreUnavailable(why="the process was killed")
            yield uow

    @override
    def snapshot(self, deadline: Deadline | None = None) -> Any:
        """Read as always."""
        return self._real.snapshot(deadline)

    @override
    async def ping(self) -> str:
        """Answer as always."""
        return await self._real.ping()

    @override
    async def close(self) -> None:
        """Whoever opened the real one closes it."""


class ReadOnlyStore(Store):
    """A store that reads, and that nobody can write to while it `is_full`."""

    def __init__(self, real: Store) -> None:
        """Stand before a real store."""
        self._real = real
        self.is_full = False
        self.deadlines: list[Deadline | None] = []

    @override
    def transaction(
        self, deadline: Deadline | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Refuse while full."""
        self.deadlines.append(deadline)
        if self.is_full:
            raise StoreUnavailable(why="no space left")
        return self._real.transaction(deadline)

    @override
    def snapshot(
        self, deadline: Deadline | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Read as always."""
        return self._real.snapshot(deadline)

    @override
    async def ping(self) -> str:
        """Answer as always."""
        return await self._real.ping()

    @override
    async def close(self) -> None:
        """Whoever opened the real one closes it."""


class AwayStore(ReadOnlyStore):
    """A store that does not answer at all."""

    @override
    def snapshot(
        self, deadline: Deadline | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Refuse."""
        raise StoreUnavailable(why="is away")
