"""Ends grants: erased at once, said only when the provider has confirmed."""

from dataclasses import dataclass, replace

from core.clock import Deadline
from core.domain.grant import GrantOrder, order_of
from core.domain.job import Job
from core.domain.lifecycle import next_state
from core.errors import ProviderFailed
from core.ports import Clock, Store, UnitOfWork
from core.services.backoff import pause_after
from core.services.endings import (
    because,
    end_of,
    event_of,
    mark_revoking,
    stays,
)
from core.services.failing import log_failure, tell_failure
from core.services.provider_calls import PREPARING_SECONDS, ProviderCalls
from core.services.reading import lock_request
from core.services.signal import Signal
from core.services.telling import SYSTEM, fact_about, show
from core.services.transactions import in_transaction
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    RequestEvent,
    RequestId,
)

_AUDITED = {
    RequestEvent.ABANDON: AuditAction.REQUEST_ABANDONED,
    RequestEvent.EXPIRE: AuditAction.GRANT_EXPIRED,
    RequestEvent.REVOKE: AuditAction.GRANT_REVOKED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ending:
    """What is asked of the provider, after the credentials were erased."""

    order: GrantOrder
    provider: str
    handle: str


class EndGrant:
    """Runs the jobs that end a grant: at its time, early, given up, or too late."""

    def __init__(
        self,
        *,
        store: Store,
        calls: ProviderCalls,
        clock: Clock,
        signal: Signal,
    ) -> None:
        """Keep what ending needs."""
        self._store = store
        self._calls = calls
        self._clock = clock
        self._signal = signal

    async def run(self, job: Job) -> None:
        """End the grant of the job's request, as far as it is not in force.

        Raises:
            DependencyError: the store failed; the job is tried again.
        """
        request_id = RequestId(job.payload["request_id"])
        ending = await self._begin(job, request_id)
        if ending is None:
            return
        try:
            await self._calls.end(
                ending.order,
                provider=ending.provider,
                handle=ending.handle,
                is_early=job.kind is JobKind.REVOKE,
            )
        except ProviderFailed as error:
            await self._note_failure(job, request_id, error)
        else:
            await self._finish(job, request_id)
        self._signal.ring()

    async def _begin(self, job: Job, request_id: RequestId) -> "_Ending | None":
        """Erase the credentials and say *revoking*, unless the grant stays."""

        async def work(uow: UnitOfWork) -> _Ending | None:
            request = await lock_request(uow, request_id)
            now = self._clock.now()
            if stays(request, job, now):
                if job.kind is JobKind.EXPIRE and request.is_in_force:
                    early = (request.expires_at or now) - now
                    await uow.jobs.retry(job, after=early, error="")
                else:
                    await uow.jobs.finish(job)
                return None
            grant = await uow.grants.get(request_id)
            await uow.grants.erase_credentials(request_id)
            if request.grant_status is GrantStatus.ACTIVE:
                request = mark_revoking(request, reason=because(job), now=now)
                await uow.requests.save(request)
                await show(uow, request)
            return _Ending(
                order=order_of(
                    request,
                    attempt=job.attempts,
                    is_shared=await uow.requests.shares_lane(request),
                ),
                provider=request.ask.provider,
                handle=grant.handle if grant is not None else "",
            )

        deadline = Deadline(seconds=PREPARING_SECONDS)
        return await in_transaction(self._store, work, deadline=deadline)

    async def _finish(self, job: Job, request_id: RequestId) -> None:
        """Say that it ended; a grant that nobody was told of ends silently."""

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, request_id)
            if not await uow.jobs.finish(job):
                return
            now = self._clock.now()
            await uow.grants.end(request_id, at=now)
            if not request.is_ending:
                return
            event = event_of(request)
            ended = replace(
                request,
                state=next_state(request, event),
                grant_status=GrantStatus.ENDED,
                version=request.version + 1,
                updated_at=now,
                ended_by=request.ended_by or SYSTEM.email,
                ended_at=now,
                grant_error="",
                next_try_at=None,
            )
            await uow.requests.save(ended)
            again = [end_of(ended, later_than=now)] if not request.issued_at else []
            is_given_up = event is RequestEvent.ABANDON
            await show(uow, ended, promised=again, tells_requester=is_given_up)
            await uow.audit.append(
                fact_about(
                    ended,
                    _AUDITED[event],
                    actor=SYSTEM,
                    now=now,
                    details={"why": ended.end_reason, "ended_by": ended.ended_by or ""},
                )
            )

        await in_transaction(self._store, work)

    async def _note_failure(
        self, job: Job, request_id: RequestId, error: ProviderFailed
    ) -> None:
        after = pause_after(job.attempts)
        log_failure(request_id, GrantStatus.REVOKE_FAILED, error, job)

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, request_id)
            if not await uow.jobs.retry(job, after=after, error=error.why):
                return
            if not request.is_ending:
                return
            await tell_failure(
                uow,
                request,
                GrantStatus.REVOKE_FAILED,
                error=error,
                job=job,
                after=after,
                now=self._clock.now(),
            )

        await in_transaction(self._store, work)
