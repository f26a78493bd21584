"""Removes tokens that ended long ago."""

from datetime import timedelta
from typing import Final

import structlog

from core.ports import Clock, Store, UnitOfWork
from core.services.transactions import in_transaction

KEPT_FOR: Final = timedelta(days=90)
"""How long an ended token is kept, for whoever looks into what was done with it.

What the audit log has of it stays for good.
"""

BATCH: Final = 500
"""Tokens of one transaction, about; others wait for it on SQLite."""

MOST_BATCHES: Final = 200
"""What is left after them has a day to wait; the job's lease is not outlived."""

_log = structlog.get_logger()


class ForgetTokens:
    """Keeps the table of tokens as small as what is still of use in it."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        batch: int = BATCH,
        most_batches: int = MOST_BATCHES,
    ) -> None:
        """Keep where they are, and how much is done at once."""
        self._store = store
        self._clock = clock
        self._batch = batch
        self._most_batches = most_batches

    async def run(self) -> int:
        """Remove what ended long enough ago, a batch at a time; return how many.

        Raises:
            DependencyError: the store failed; what was removed before stays so.
        """
        before = self._clock.now() - KEPT_FOR

        async def work(uow: UnitOfWork) -> int:
            return await uow.tokens.forget_ended(before=before, most=self._batch)

        forgotten = 0
        for _ in range(self._most_batches):
            count = await in_transaction(self._store, work)
            forgotten += count
            if count < self._batch:
                break
        if forgotten:
            _log.info("tokens_forgotten", tokens=forgotten)
        return forgotten
