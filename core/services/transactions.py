"""Runs a unit of work, again where the database chose another one first."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from core.clock import Deadline
from core.errors import StoreBusy
from core.ports import Store, UnitOfWork

T = TypeVar("T")

ATTEMPTS: Final = 4
"""Tries of one transaction; a deadlock rarely needs a second."""

MAX_PAUSE_SECONDS: Final = 0.05


async def in_transaction(
    store: Store,
    work: Callable[[UnitOfWork], Awaitable[T]],
    *,
    deadline: Deadline | None = None,
) -> T:
    """Run `work` in a transaction and commit it.

    Args:
        work: may run several times; everything it writes goes through its unit
            of work, so that a failed try leaves nothing.
        deadline: after which no further try is begun.

    Raises:
        StoreBusy: every try lost against another transaction.
        StoreUnavailable, DeadlineExceeded, OutcomeUnknown: as the store says.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with store.transaction(deadline) as uow:
                result = await work(uow)
                await uow.commit()
                return result
        except StoreBusy:
            if attempt == ATTEMPTS:
                raise
        pause = random.uniform(0, MAX_PAUSE_SECONDS)  # noqa: S311  # spreads retries
        if deadline is not None:
            pause = min(pause, deadline.remaining())
        await asyncio.sleep(pause)
    raise StoreBusy
