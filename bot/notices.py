"""What becomes of notices to the admins where there is no Slack to tell them in."""

import structlog

from core.domain.job import Job
from core.ports import Store, UnitOfWork
from core.services.transactions import in_transaction

_log = structlog.get_logger()


class LoggedNotices:
    """Writes notices to the log, so that none waits for ever."""

    def __init__(self, *, store: Store) -> None:
        """Keep where the jobs are."""
        self._store = store

    async def run(self, job: Job) -> None:
        """Log a notice and finish its job.

        Raises:
            DependencyError: the database did not answer; the worker tries again.
        """
        _log.warning("admins_not_told", notice=job.payload["text"], why="no Slack")

        async def work(uow: UnitOfWork) -> None:
            await uow.jobs.finish(job)

        await in_transaction(self._store, work)
