"""Ends grants: erased at once, said only when the provider has confirmed."""

from dataclasses import replace
from datetime import datetime

from core.clock import Deadline
from core.domain.job import Job, NewJob
from core.domain.lifecycle import next_state
from core.domain.request import ElevationRequest
from core.errors import ProviderFailed
from core.ports import Clock, Store, UnitOfWork
from core.services.backoff import pause_after
from core.services.provider_calls import PREPARING_SECONDS, ProviderCalls
from core.services.reading import lock_request
from core.services.signal import Signal
from core.services.telling import SYSTEM, fact_about, lane_of, show
from core.services.transactions import in_transaction
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Outcome,
    RequestEvent,
    RequestId,
    RequestState,
)

_ENDING = frozenset({GrantStatus.REVOKING, GrantStatus.REVOKE_FAILED})

_AUDITED = {
    RequestEvent.ABANDON: AuditAction.REQUEST_ABANDONED,
    RequestEvent.EXPIRE: AuditAction.GRANT_EXPIRED,
    RequestEvent.REVOKE: AuditAction.GRANT_REVOKED,
}


class EndGrant:
    """Runs the jobs that end a grant: at its time, given up, or come too late."""

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
        request, handle = await self._begin(job, request_id)
        if request is None:
            return
        try:
            await self._calls.revoke(request, handle)
        except ProviderFailed as error:
            await self._note_failure(job, request_id, error)
        else:
            await self._finish(job, request_id)
        self._signal.ring()

    async def _begin(
        self, job: Job, request_id: RequestId
    ) -> tuple[ElevationRequest | None, str]:
        """Erase the credentials and say *revoking*, unless the grant stays."""

        async def work(uow: UnitOfWork) -> tuple[ElevationRequest | None, str]:
            request = await lock_request(uow, request_id)
            now = self._clock.now()
            if _stays(request, job, now):
                if job.kind is JobKind.EXPIRE and _is_in_force(request):
                    early = (request.expires_at or now) - now
                    await uow.jobs.retry(job, after=early, error="")
                else:
                    await uow.jobs.finish(job)
                return None, ""
            grant = await uow.grants.get(request_id)
            await uow.grants.erase_credentials(request_id)
            if request.grant_status is GrantStatus.ACTIVE:
                request = mark_revoking(request, reason="", now=now)
                await uow.requests.save(request)
                await show(uow, request)
            return request, grant.handle if grant is not None else ""

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
            if request.grant_status not in _ENDING:
                return
            event = _event_of(job)
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
            await show(uow, ended)
            await uow.audit.append(
                fact_about(
                    ended,
                    _AUDITED[event],
                    actor=SYSTEM,
                    now=now,
                    details={"why": ended.end_reason},
                )
            )

        await in_transaction(self._store, work)

    async def _note_failure(
        self, job: Job, request_id: RequestId, error: ProviderFailed
    ) -> None:
        after = pause_after(job.attempts)

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, request_id)
            if not await uow.jobs.retry(job, after=after, error=error.why):
                return
            if request.grant_status not in _ENDING:
                return
            now = self._clock.now()
            failed = replace(
                request,
                grant_status=GrantStatus.REVOKE_FAILED,
                version=request.version + 1,
                updated_at=now,
                grant_error=error.why,
                next_try_at=now + after,
            )
            await uow.requests.save(failed)
            await show(uow, failed)
            await uow.audit.append(
                fact_about(
                    failed,
                    AuditAction.GRANT_REVOKE_FAILED,
                    actor=SYSTEM,
                    now=now,
                    outcome=Outcome.FAILURE,
                    details={"why": error.why, "attempts": job.attempts},
                )
            )

        await in_transaction(self._store, work)


def _stays(request: ElevationRequest, job: Job, now: datetime) -> bool:
    """Tell whether this job has nothing to end, or not yet.

    A job that cleans up after a grant that came too late finds the request
    ACTIVE where another worker issued it meanwhile: that grant is the same one
    to the provider, and stays. One that is still being issued is settled by
    its own job.
    """
    if _is_in_force(request):
        is_due = request.expires_at is not None and now >= request.expires_at
        return job.kind is not JobKind.EXPIRE or not is_due
    if request.state is RequestState.ACTIVE:
        return False
    if request.state is RequestState.APPROVED:
        return request.grant_status not in _ENDING
    return job.kind is JobKind.EXPIRE


def _is_in_force(request: ElevationRequest) -> bool:
    return (
        request.state is RequestState.ACTIVE
        and request.grant_status is GrantStatus.ACTIVE
    )


def _event_of(job: Job) -> RequestEvent:
    if job.kind is JobKind.EXPIRE:
        return RequestEvent.EXPIRE
    return RequestEvent(job.payload["event"])


def mark_revoking(
    request: ElevationRequest, *, reason: str, now: datetime
) -> ElevationRequest:
    """Return `request` on its way to its end, one version on."""
    return replace(
        request,
        grant_status=GrantStatus.REVOKING,
        version=request.version + 1,
        updated_at=now,
        end_reason=reason,
        grant_error="",
        next_try_at=None,
    )


def end_of(
    request: ElevationRequest,
    *,
    event: RequestEvent = RequestEvent.REVOKE,
) -> NewJob:
    """Return the job that has the provider end whatever it granted."""
    return NewJob(
        kind=JobKind.REVOKE,
        lane=lane_of(request),
        key=f"revoke:{request.id}:{event.value}",
        payload={"request_id": request.id, "event": event.value},
    )
