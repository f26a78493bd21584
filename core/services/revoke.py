"""Ends a grant early, and has failed work tried again at once."""

from dataclasses import replace
from datetime import datetime

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.job import NewJob
from core.domain.lifecycle import next_state
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.domain.text import checked_prose
from core.errors import WrongState
from core.ports import Clock, Store, UnitOfWork
from core.services.endings import (
    end_of,
    ends_early,
    expiry_of,
    mark_revoking,
)
from core.services.issue import issue_now
from core.services.reading import lock_request
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.standing import Say, Standing
from core.services.telling import asked, fact_about, show
from core.services.transactions import in_transaction
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    PolicyAction,
    RequestEvent,
    RequestId,
    RequestState,
)


class Revoke:
    """Starts the end of a grant; the provider's yes finishes it."""

    def __init__(
        self,
        *,
        store: Store,
        standing: Standing,
        refusals: Refusals,
        clock: Clock,
        signal: Signal,
    ) -> None:
        """Keep what revoking needs."""
        self._store = store
        self._standing = standing
        self._refusals = refusals
        self._clock = clock
        self._signal = signal

    async def revoke(
        self,
        actor: Actor,
        request_id: RequestId,
        *,
        reason: str,
        only_unissued: bool,
        deadline: Deadline | None,
    ) -> RequestRecord:
        """Erase the credentials and promise the end; again answers the same.

        Raises:
            Invalid: the reason cannot be stored.
            NotFound: there is no such request.
            NotAllowed: with policy's reason.
            WrongState: there is no grant to end, or it has expired, or it runs
                although only one on its way was to be given up.
            PolicyUnavailable: nothing was done.
        """
        reason = checked_prose("reason", reason, required=False)
        say = await self._allowed(actor, request_id, deadline, reason=reason)

        async def work(uow: UnitOfWork) -> RequestRecord:
            request = await lock_request(uow, request_id)
            if _has_begun_to_end(request):
                return replace(say.record, request=request)
            if only_unissued and request.state is RequestState.ACTIVE:
                raise _not_as(request, expected="waiting to be issued")
            changed = await start_revoking(
                uow, request, actor=actor, reason=reason, now=self._clock.now()
            )
            return replace(say.record, request=changed)

        record = await in_transaction(self._store, work, deadline=deadline)
        self._signal.ring()
        return record

    async def retry(
        self, actor: Actor, request_id: RequestId, *, deadline: Deadline | None
    ) -> RequestRecord:
        """Have what the provider refused tried again now.

        Raises:
            NotFound: there is no such request.
            NotAllowed: with policy's reason.
            WrongState: nothing of it has failed.
            PolicyUnavailable: nothing was done.
        """
        say = await self._allowed(actor, request_id, deadline, reason="")

        async def work(uow: UnitOfWork) -> RequestRecord:
            request = await lock_request(uow, request_id)
            job = _again(request)
            if job is None:
                raise _not_as(request, expected="one whose grant failed")
            now = self._clock.now()
            is_issue = request.grant_status is GrantStatus.FAILED
            trying = replace(
                request,
                grant_status=GrantStatus.ISSUING if is_issue else GrantStatus.REVOKING,
                version=request.version + 1,
                updated_at=now,
                next_try_at=None,
            )
            await uow.requests.save(trying)
            await show(uow, trying, promised=[job])
            await uow.audit.append(
                fact_about(
                    trying, AuditAction.GRANT_RETRY_REQUESTED, actor=actor, now=now
                )
            )
            return replace(say.record, request=trying)

        record = await in_transaction(self._store, work, deadline=deadline)
        self._signal.ring()
        return record

    async def _allowed(
        self,
        actor: Actor,
        request_id: RequestId,
        deadline: Deadline | None,
        *,
        reason: str,
    ) -> Say:
        """Return what is known of the request, if the actor may end it.

        Raises:
            NotAllowed: they may not; it is audited.
        """
        say = await self._standing.of(actor, request_id, PolicyAction.REVOKE, deadline)
        if say.refusal is None:
            return say
        policy = {} if say.answer is None else say.answer.to_audit()
        await self._refusals.record(
            actor,
            request_id=request_id,
            verdict=None,
            code=say.refusal.code,
            why=str(say.refusal),
            details={
                **asked(say.record.request.ask),
                "revoke_reason": reason,
                **policy,
            },
            action=AuditAction.GRANT_REVOKE_REFUSED,
            deadline=deadline,
        )
        raise say.refusal


async def start_revoking(
    uow: UnitOfWork,
    request: ElevationRequest,
    *,
    actor: Actor,
    reason: str,
    now: datetime,
) -> ElevationRequest:
    """Begin the end of a locked request's grant; the audit event comes last.

    Raises:
        WrongState: there is no grant to end.
    """
    next_state(request, RequestEvent.REVOKE)
    revoking = mark_revoking(request, reason=reason, now=now, by=actor.email)
    await uow.requests.save(revoking)
    await uow.grants.erase_credentials(request.id)
    await show(
        uow,
        revoking,
        promised=[end_of(revoking)],
        tells_requester=actor.email != request.requester,
    )
    await uow.audit.append(
        fact_about(
            revoking,
            AuditAction.GRANT_REVOKE_REQUESTED,
            actor=actor,
            now=now,
            details={"why": reason},
        )
    )
    return revoking


def _not_as(request: ElevationRequest, *, expected: str) -> WrongState:
    return WrongState(
        request_id=request.id,
        expected=expected,
        actual=f"{request.state.value} ({request.grant_status.value})",
        by=request.ended_by or request.decided_by,
        at=request.ended_at or request.decided_at,
    )


def _has_begun_to_end(request: ElevationRequest) -> bool:
    """Tell whether its end is under way, or came by a revocation already."""
    was_granted = request.decided_by is not None
    return request.is_ending or (request.state is RequestState.REVOKED and was_granted)


def _again(request: ElevationRequest) -> NewJob | None:
    """Return the job that failed, due now; None if none did.

    A waiting job with its key becomes due at once instead of a second one.
    """
    if request.grant_status is GrantStatus.FAILED:
        return issue_now(request)
    if request.grant_status is not GrantStatus.REVOKE_FAILED:
        return None
    if request.state is RequestState.APPROVED or ends_early(request):
        return end_of(request)
    return replace(expiry_of(request), due_at=None)
