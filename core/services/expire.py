"""Ends what nobody decided in time; a job due at `lapses_at`, no sweeper."""

from dataclasses import replace

from core.domain.job import Job
from core.domain.lifecycle import next_state
from core.ports import Clock, Store, UnitOfWork
from core.services.reading import lock_request
from core.services.signal import Signal
from core.services.telling import SYSTEM, fact_about, show
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, RequestEvent, RequestId, RequestState


class Lapse:
    """Turns a PENDING request whose time is over into EXPIRED."""

    def __init__(self, *, store: Store, clock: Clock, signal: Signal) -> None:
        """Keep what lapsing needs."""
        self._store = store
        self._clock = clock
        self._signal = signal

    async def run(self, job: Job) -> None:
        """Lapse the job's request, unless it was decided.

        Raises:
            DependencyError: the store failed; the job is tried again.
        """

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, RequestId(job.payload["request_id"]))
            now = self._clock.now()
            if request.state is RequestState.PENDING and not request.has_lapsed(now):
                early = request.lapses_at - now
                await uow.jobs.retry(job, after=early, error="")
                return
            if not await uow.jobs.finish(job):
                return
            if request.state is not RequestState.PENDING:
                return
            lapsed = replace(
                request,
                state=next_state(request, RequestEvent.LAPSE),
                version=request.version + 1,
                updated_at=now,
                ended_by=SYSTEM.email,
                ended_at=now,
                end_reason="nobody decided in time",
            )
            await uow.requests.save(lapsed)
            await show(uow, lapsed)
            await uow.audit.append(
                fact_about(lapsed, AuditAction.REQUEST_LAPSED, actor=SYSTEM, now=now)
            )

        await in_transaction(self._store, work)
        self._signal.ring()
