"""Reminds of reviews that nobody has closed; a job that promises the next one."""

from datetime import datetime, timedelta
from typing import Final

from core.domain.job import Job, NewJob
from core.domain.request import ElevationRequest
from core.ports import Clock, Store, UnitOfWork
from core.services.reading import lock_request
from core.services.signal import Signal
from core.services.telling import render
from core.services.transactions import in_transaction
from core.vocabulary import JobKind, RequestId, SurfacePurpose

MOST_REMINDERS: Final = 30
"""After so many the review stays open on the card and in the lists alone."""


class RemindOfReview:
    """Posts below the card of a break-glass request until it is reviewed."""

    def __init__(
        self, *, store: Store, clock: Clock, signal: Signal, every: timedelta
    ) -> None:
        """Keep what reminding needs.

        Args:
            every: from one reminder to the next.
        """
        self._store = store
        self._clock = clock
        self._signal = signal
        self._every = every

    async def run(self, job: Job) -> None:
        """Remind once, and promise the next reminder.

        Raises:
            DependencyError: the store failed; the job is tried again.
        """
        count = int(job.payload["count"])

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, RequestId(job.payload["request_id"]))
            if not await uow.jobs.finish(job) or not request.needs_review:
                return
            surface = await uow.surfaces.want(
                request.id,
                SurfacePurpose.REMINDER,
                f"r{count}",
                version=request.version,
            )
            jobs = [render(surface)]
            if count < MOST_REMINDERS:
                due = self._clock.now() + self._every
                jobs.append(_reminder(request, count=count + 1, due=due))
            await uow.jobs.add_all(jobs)

        await in_transaction(self._store, work)
        self._signal.ring()


def first_reminder(request: ElevationRequest, *, after: timedelta) -> NewJob:
    """Return the job that first reminds of a request's review.

    Args:
        after: how long after the submission.
    """
    return _reminder(request, count=1, due=request.created_at + after)


def _reminder(request: ElevationRequest, *, count: int, due: datetime) -> NewJob:
    return NewJob(
        kind=JobKind.REMIND_REVIEW,
        lane=f"review:{request.id}",
        key=f"review:{request.id}",
        due_at=due,
        payload={"request_id": request.id, "count": str(count)},
    )
