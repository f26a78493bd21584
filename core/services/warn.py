"""Tells a requester that their grant ends soon; a job due before its end."""

from datetime import timedelta
from typing import Final

from core.domain.job import Job, NewJob
from core.domain.request import ElevationRequest
from core.ports import Clock, Store, UnitOfWork
from core.services.reading import lock_request
from core.services.signal import Signal
from core.services.telling import render
from core.services.transactions import in_transaction
from core.vocabulary import JobKind, RequestId, SurfacePurpose

BEFORE_END: Final = timedelta(minutes=5)
"""How long before its end a grant's requester hears of it."""


class Warn:
    """Has a message posted to the requester while there is time to extend."""

    def __init__(self, *, store: Store, clock: Clock, signal: Signal) -> None:
        """Keep what warning needs."""
        self._store = store
        self._clock = clock
        self._signal = signal

    async def run(self, job: Job) -> None:
        """Warn of the end of the job's request, if it is still to come.

        Raises:
            DependencyError: the store failed; the job is tried again.
        """

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, RequestId(job.payload["request_id"]))
            if not await uow.jobs.finish(job):
                return
            is_over = (
                request.expires_at is None or self._clock.now() >= request.expires_at
            )
            if is_over or not request.is_in_force:
                return
            surface = await uow.surfaces.want(
                request.id,
                SurfacePurpose.WARNING,
                request.requester,
                version=request.version,
            )
            await uow.jobs.add(render(surface))

        await in_transaction(self._store, work)
        self._signal.ring()


def warning_of(request: ElevationRequest) -> NewJob | None:
    """Return the job that warns of a grant's end; None if it is too short for one."""
    if request.issued_at is None or request.expires_at is None:
        return None
    if request.expires_at - request.issued_at <= 2 * BEFORE_END:
        return None
    return NewJob(
        kind=JobKind.WARN,
        lane=f"warn:{request.id}",
        key=f"warn:{request.id}",
        due_at=request.expires_at - BEFORE_END,
        payload={"request_id": request.id},
    )
