"""Runs a unit of work, again where the database chose another one or was away."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from core.clock import Deadline
from core.errors import OutcomeUnknown, StoreBusy, StoreUnavailable
from core.ports import Store, UnitOfWork
from core.services.backoff import pause_after

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


async def in_some_transaction(
    store: Store,
    work: Callable[[UnitOfWork], Awaitable[T]],
    *,
    patience: float,
) -> T:
    """Run `work` and commit it, again where the database was away for a moment.

    For what happened outside already and must not be forgotten for that moment.

    Args:
        work: may find what a try wrote whose COMMIT was not answered.
        patience: for how many seconds to begin another try.

    Raises:
        StoreBusy, StoreUnavailable, OutcomeUnknown: the last try's failure.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience
    tries = 0
    while True:
        try:
            return await in_transaction(store, work)
        except (StoreBusy, StoreUnavailable, OutcomeUnknown):
            tries += 1
            pause = pause_after(tries).total_seconds()
            if loop.time() + pause > ends:
                raise
        await asyncio.sleep(pause)
