"""Runs jobs: claims them when due, hands them to their handler, tries again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

import structlog

from core.domain.job import Job
from core.errors import JitsudoError
from core.ports import Store, UnitOfWork
from core.services.backoff import pause_after
from core.services.signal import Signal
from core.services.transactions import in_transaction
from core.vocabulary import JobKind

JobHandler: TypeAlias = Callable[[Job], Awaitable[None]]
"""Does a job and finishes it in its own transaction by `uow.jobs.finish(job)`.

Raising makes the worker give the job back with a pause.
"""

GATHER_SECONDS: Final = 0.02
"""How long what is promised at once is gathered before it is claimed together."""

POLL_SECONDS: Final = 1.0
"""How soon a job of another replica's transaction is seen here."""

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkLimits:
    """How much is done at once, and how long one job may take.

    Attributes:
        at_once: jobs in flight in this pool.
        lease: after it another worker takes a job over.
        drain: how long jobs in flight may go on after `stop`.
    """

    at_once: int = 8
    lease: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(seconds=10)


class Workers:
    """One pool of workers over some kinds of jobs."""

    def __init__(
        self,
        *,
        store: Store,
        handlers: Mapping[JobKind, JobHandler],
        signal: Signal,
        limits: WorkLimits,
    ) -> None:
        """Keep what working needs; nothing runs before `run`."""
        self._store = store
        self._handlers = dict(handlers)
        self._kinds = frozenset(handlers)
        self._signal = signal
        self._limits = limits
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the jobs in flight have ended."""
        self._stopping.set()
        self._signal.ring()

    async def run(self) -> None:
        """Work until `stop`; store failures are waited out.

        Jobs in flight then have the time of `WorkLimits.drain` to end; what still
        runs is cut off, and done by whoever claims it when its lease has run out.
        """
        in_flight = 0
        running: dict[asyncio.Task[None], Job] = {}

        async def work(job: Job) -> None:
            nonlocal in_flight
            began = self._signal.mark()
            try:
                await self.run_one(job)
            finally:
                was_full = in_flight >= self._limits.at_once
                in_flight -= 1
                # What was committed meanwhile may wait behind this job's lane.
                if was_full or began.is_set():
                    self._signal.ring()

        failures = 0
        async with asyncio.TaskGroup() as tasks:
            while not self._stopping.is_set():
                mark = self._signal.mark()
                try:
                    jobs, pause = await self._claim(self._limits.at_once - in_flight)
                    failures = 0
                except JitsudoError as error:
                    failures += 1
                    _log.warning("jobs_not_claimed", error=error.code)
                    jobs, pause = [], pause_after(failures).total_seconds()
                for job in jobs:
                    in_flight += 1
                    task = tasks.create_task(work(job))
                    running[task] = job
                    task.add_done_callback(running.pop)
                if pause:
                    await self._signal.wait(pause, since=mark)
                    # One look for what a moment's commits have promised, not one
                    # for each of them.
                    await asyncio.sleep(GATHER_SECONDS)
            await self._see_off(running)

    async def _see_off(self, running: Mapping[asyncio.Task[None], Job]) -> None:
        """Wait for the jobs in flight, and cut off those that take too long.

        Their leases stay as they are: whoever was called may be at it still.
        """
        if not running:
            return
        seconds = self._limits.drain.total_seconds()
        _, late = await asyncio.wait(list(running), timeout=seconds)
        for task in late:
            _log.warning("job_cut", job=running[task].kind, id=running[task].id)
            task.cancel()

    async def run_due(self) -> int:
        """Run what is due now, one after the other; return how many ran."""
        count = 0
        while True:
            jobs, _ = await self._claim(1)
            if not jobs:
                return count
            for job in jobs:
                await self.run_one(job)
                count += 1

    async def run_lane(self, lane: str) -> int:
        """Run what is due now in one lane; return how many ran."""
        count = 0
        while True:
            job = await self._claim_lane(lane)
            if job is None:
                return count
            await self.run_one(job)
            count += 1

    async def _claim_lane(self, lane: str) -> Job | None:
        async def work(uow: UnitOfWork) -> Job | None:
            return await uow.jobs.claim_lane(
                lane, self._kinds, lease=self._limits.lease
            )

        return await in_transaction(self._store, work)

    async def _claim(self, limit: int) -> tuple[list[Job], float]:
        """Return claimed jobs, and for how many seconds there is no other."""
        if limit <= 0:
            return [], POLL_SECONDS

        async def work(uow: UnitOfWork) -> tuple[list[Job], float]:
            jobs = await uow.jobs.claim(
                self._kinds, limit=limit, lease=self._limits.lease
            )
            if len(jobs) == limit:
                return jobs, 0.0
            due_in = await uow.jobs.next_due(self._kinds)
            if due_in is None:
                return jobs, POLL_SECONDS
            return jobs, min(max(due_in.total_seconds(), 0.01), POLL_SECONDS)

        return await in_transaction(self._store, work)

    async def run_one(self, job: Job) -> None:
        """Run one claimed job; a failure gives it back, whatever it was."""
        try:
            await self._handlers[job.kind](job)
        except JitsudoError as error:
            _log.warning("job_failed", job=job.kind, id=job.id, error=error.code)
            await self._give_back(job, str(error))
        except Exception as error:  # noqa: BLE001  # the job loop; see below
            # A job is never dropped: what nobody foresaw is logged with its
            # traceback, stays visible in `jitsudo server jobs`, and is retried.
            _log.exception("job_crashed", job=job.kind, id=job.id)
            await self._give_back(job, f"unexpected {type(error).__name__}")

    async def _give_back(self, job: Job, error: str) -> None:
        async def work(uow: UnitOfWork) -> bool:
            return await uow.jobs.retry(
                job, after=pause_after(job.attempts), error=error
            )

        try:
            await in_transaction(self._store, work)
        except JitsudoError as failure:
            # The lease runs out by itself and the job is claimed again.
            _log.warning("job_not_given_back", id=job.id, error=failure.code)
