"""Issues the credentials of an approved request: a job, tried until it works."""

from dataclasses import replace
from datetime import timedelta

from core.clock import Deadline
from core.domain.grant import Grant, IssuedGrant, order_of
from core.domain.job import Job, NewJob
from core.domain.lifecycle import next_state
from core.domain.request import ElevationRequest
from core.errors import ProviderFailed
from core.ports import Clock, Sealer, Store, UnitOfWork
from core.services.backoff import pause_after
from core.services.endings import end_of, expiry_of, mark_revoking
from core.services.failing import log_failure, tell_failure
from core.services.provider_calls import PREPARING_SECONDS, ProviderCalls
from core.services.reading import lock_request
from core.services.signal import Signal
from core.services.telling import SYSTEM, fact_about, lane_of, show
from core.services.transactions import in_transaction
from core.services.warn import warning_of
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Outcome,
    RequestEvent,
    RequestId,
    RequestState,
)

_AWAITING = frozenset({GrantStatus.ISSUING, GrantStatus.FAILED})


class Issue:
    """Turns APPROVED into ACTIVE, or says why not yet, or gives up."""

    def __init__(
        self,
        *,
        store: Store,
        calls: ProviderCalls,
        sealer: Sealer,
        clock: Clock,
        signal: Signal,
        abandon_after: timedelta,
    ) -> None:
        """Keep what issuing needs.

        Args:
            abandon_after: how long from the approval issuing is tried.
        """
        self._store = store
        self._calls = calls
        self._sealer = sealer
        self._clock = clock
        self._signal = signal
        self._abandon_after = abandon_after

    async def run(self, job: Job) -> None:
        """Issue the credentials of the job's request.

        Raises:
            DependencyError: the store failed; the job is tried again.
        """
        request_id = RequestId(job.payload["request_id"])
        async with self._store.snapshot(Deadline(seconds=PREPARING_SECONDS)) as uow:
            request = await uow.requests.get(request_id)
            is_shared = request is not None and await uow.requests.shares_lane(request)
        if request is None or not _is_awaiting(request):
            await self._give_way(job, request)
            return
        if not self._time_left(request):
            await self._abandon(job, request_id)
            return
        order = order_of(request, attempt=job.attempts, is_shared=is_shared)
        try:
            issued = await self._calls.grant(order, provider=request.ask.provider)
        except ProviderFailed as error:
            await self._note_failure(job, request_id, error)
            return
        await self._activate(job, request_id, issued)
        self._signal.ring()

    async def _give_way(self, job: Job, request: ElevationRequest | None) -> None:
        """Finish without issuing; what an earlier try may have granted is ended."""
        may_be_granted = request is not None and job.attempts > 1

        async def work(uow: UnitOfWork) -> None:
            holds_lease = await uow.jobs.finish(job)
            if holds_lease and may_be_granted and request is not None:
                await uow.jobs.add(end_of(request))

        await in_transaction(self._store, work)

    def _time_left(self, request: ElevationRequest) -> timedelta:
        """Return for how long issuing is still tried; 0 once it is hopeless."""
        approved_at = request.decided_at or request.updated_at
        left = approved_at + self._abandon_after - self._clock.now()
        return max(left, timedelta(0))

    async def _activate(
        self, job: Job, request_id: RequestId, issued: IssuedGrant
    ) -> None:
        """Store the credentials; or have the grant ended, if it came too late."""
        sealed = self._sealer.seal(request_id, issued.secrets)

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, request_id)
            now = self._clock.now()
            holds_lease = await uow.jobs.finish(job)
            if not holds_lease or not _is_awaiting(request):
                await self._end_late(uow, request, issued)
                return
            # Nobody said yes to more, whatever the provider's clock or code says.
            expires_at = min(issued.expires_at, now + request.ask.duration)
            active = replace(
                request,
                state=next_state(request, RequestEvent.ACTIVATE),
                grant_status=GrantStatus.ACTIVE,
                version=request.version + 1,
                updated_at=now,
                issued_at=issued.issued_at,
                expires_at=expires_at,
                grant_error="",
                next_try_at=None,
            )
            await uow.requests.save(active)
            await uow.grants.put(
                Grant(
                    request_id=request_id,
                    provider=request.ask.provider,
                    handle=issued.handle,
                    issued_at=issued.issued_at,
                    expires_at=expires_at,
                    sealed_credentials=sealed,
                )
            )
            await show(uow, active, promised=await _follow_up(uow, active))
            await uow.audit.append(
                fact_about(
                    active,
                    AuditAction.GRANT_ISSUED,
                    actor=SYSTEM,
                    now=now,
                    details={"expires_at": expires_at.isoformat()},
                )
            )

        await in_transaction(self._store, work)

    async def _end_late(
        self, uow: UnitOfWork, request: ElevationRequest, issued: IssuedGrant
    ) -> None:
        """Have a grant ended that came too late, by the handle it came with."""
        if await uow.grants.get(request.id) is None:
            await uow.grants.put(
                Grant(
                    request_id=request.id,
                    provider=request.ask.provider,
                    handle=issued.handle,
                    issued_at=issued.issued_at,
                    expires_at=issued.expires_at,
                    sealed_credentials=None,
                )
            )
        await uow.jobs.add(end_of(request))

    async def _note_failure(
        self, job: Job, request_id: RequestId, error: ProviderFailed
    ) -> None:
        pause = pause_after(job.attempts)
        log_failure(request_id, GrantStatus.FAILED, error, job)

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, request_id)
            # It is given up when it was said to be, not at the next try after.
            after = min(pause, self._time_left(request))
            if not await uow.jobs.retry(job, after=after, error=error.why):
                return
            if not _is_awaiting(request):
                return
            await tell_failure(
                uow,
                request,
                GrantStatus.FAILED,
                error=error,
                job=job,
                after=after,
                now=self._clock.now(),
            )

        await in_transaction(self._store, work)
        self._signal.ring()

    async def _abandon(self, job: Job, request_id: RequestId) -> None:
        """Give up: the provider is told to end whatever it may have granted."""

        async def work(uow: UnitOfWork) -> None:
            request = await lock_request(uow, request_id)
            if not await uow.jobs.finish(job) or not _is_awaiting(request):
                return
            now = self._clock.now()
            why = request.grant_error or "it was not issued in time"
            revoking = mark_revoking(request, reason=f"issuing failed: {why}", now=now)
            await uow.requests.save(revoking)
            await uow.jobs.add(end_of(revoking))
            await show(uow, revoking)
            await uow.audit.append(
                fact_about(
                    revoking,
                    AuditAction.GRANT_FAILED,
                    actor=SYSTEM,
                    now=now,
                    outcome=Outcome.FAILURE,
                    details={"why": why, "gave_up": True},
                )
            )

        await in_transaction(self._store, work)
        self._signal.ring()


def _is_awaiting(request: ElevationRequest) -> bool:
    return request.state is RequestState.APPROVED and request.grant_status in _AWAITING


def issue_now(request: ElevationRequest) -> NewJob:
    """Return the job that issues an approved request's credentials."""
    return NewJob(
        kind=JobKind.ISSUE,
        lane=lane_of(request),
        key=f"issue:{request.id}",
        payload={"request_id": request.id},
    )


async def _follow_up(uow: UnitOfWork, active: ElevationRequest) -> list[NewJob]:
    """Return what a grant that runs brings along: its end, and another's."""
    jobs = [expiry_of(active)]
    warning = warning_of(active)
    if warning is not None:
        jobs.append(warning)
    if active.extends is not None:
        extended = await uow.requests.get(active.extends)
        if extended is not None:
            jobs.append(end_of(extended, replaced_by=active.id))
    return jobs
