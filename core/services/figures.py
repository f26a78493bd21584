"""Counts for whoever watches the server, so that watching costs next to nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.clock import Deadline
from core.ports import Backlog, Store, Totals

KEPT_SECONDS: Final = 60.0
"""How long totals are kept: counting 100,000 requests takes a tenth of a second."""

COUNT_SECONDS: Final = 5.0
"""How long counting may take; whoever scrapes asks again soon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What there is and what is to be done.

    Attributes:
        backlog: as of now.
        totals_age_seconds: how long ago the totals were counted.
    """

    totals: Totals
    backlog: Backlog
    totals_age_seconds: float


class Count:
    """Counts jobs each time, and the rest once a minute, whoever asks how often."""

    def __init__(
        self, *, store: Store, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with nothing counted."""
        self._store = store
        self._monotonic = monotonic
        self._counting = asyncio.Lock()
        self._totals: Totals | None = None
        self._counted_at = 0.0

    async def figures(self) -> Figures:
        """Return the counts; none are told of a database that does not answer.

        Raises:
            DependencyError: it does not, also where totals are kept.
        """
        async with self._counting:
            async with self._store.snapshot(Deadline(seconds=COUNT_SECONDS)) as uow:
                backlog = await uow.figures.backlog()
            now = self._monotonic()
            totals = self._totals
            if totals is None or now - self._counted_at >= KEPT_SECONDS:
                async with self._store.snapshot(Deadline(seconds=COUNT_SECONDS)) as uow:
                    totals = await uow.figures.totals()
                self._totals, self._counted_at = totals, now
            return Figures(
                totals=totals,
                backlog=backlog,
                totals_age_seconds=now - self._counted_at,
            )
