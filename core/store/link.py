"""One driver connection inside one transaction, and how a COMMIT is awaited."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from core.clock import Deadline
from core.store.statements import Statement


class Row(Protocol):
    """A row, by column name; drivers' own rows fit."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Return the values in the order in which they were selected."""
        ...


class Link(Protocol):
    """An open transaction; every driver error leaves it as one of ours."""

    async def rows(self, statement: Statement, **values: object) -> Sequence[Row]:
        """Run a statement and return all its rows.

        Raises:
            StoreUnavailable: the connection was lost, or the database refused.
            StoreBusy: another transaction came first; try again.
            DeadlineExceeded: the deadline has passed, or would during this.
            Conflict: somebody else inserted the same thing.
            SelfApproval: the database refused somebody's own approval.
            Invalid: a text that cannot be stored.
        """
        ...

    async def row(self, statement: Statement, **values: object) -> Row | None:
        """Run a statement and return its first row, if there is one."""
        ...

    async def commit(self) -> None:
        """Keep everything; awaited to its end even when cancelled.

        Raises:
            StoreUnavailable: nothing was kept.
            OutcomeUnknown: the connection was lost while committing.
        """
        ...


class Database(Protocol):
    """One kind of database, with its pools."""

    def link(
        self, *, writes: bool, deadline: Deadline | None
    ) -> AbstractAsyncContextManager[Link]:
        """Open a transaction; leaving without `commit` undoes it."""
        ...

    async def version(self) -> str:
        """Return name and version, such as `PostgreSQL 18.0`."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


Values = Mapping[str, object]
Batches = AsyncIterator[Sequence[Row]]


async def see_through(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end, whoever cancels the caller meanwhile.

    A cancellation that arrived is raised afterwards, when the outcome is known;
    an error of `work` goes before it.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
