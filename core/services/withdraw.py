"""Takes back a request that nobody has decided yet."""

from dataclasses import replace
from datetime import datetime

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.lifecycle import next_state
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.errors import NotAllowed, NotFound
from core.ports import Clock, Store, UnitOfWork
from core.services.people import People
from core.services.reading import lock_request, read_record
from core.services.signal import Signal
from core.services.telling import fact_about, show
from core.services.transactions import in_transaction
from core.services.visibility import Visibility
from core.vocabulary import AuditAction, RequestEvent, RequestId, RequestState


class Withdraw:
    """Lets requesters, and nobody else, take their request back."""

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        visibility: Visibility,
        clock: Clock,
        signal: Signal,
    ) -> None:
        """Keep what a withdrawal needs."""
        self._store = store
        self._people = people
        self._visibility = visibility
        self._clock = clock
        self._signal = signal

    async def withdraw(
        self, actor: Actor, request_id: RequestId, deadline: Deadline | None
    ) -> RequestRecord:
        """Withdraw; doing it again answers the same.

        Raises:
            NotFound: there is none, or it is not this actor's business.
            NotAllowed: it is somebody else's, or the actor is disabled.
            WrongState: it is decided already.
        """
        await self._people.check_enabled(actor.email, deadline)
        record = await read_record(self._store, request_id, deadline)
        await self._check_own(actor, record, deadline)
        if _is_withdrawn(record):
            return record

        async def work(uow: UnitOfWork) -> RequestRecord:
            request = await lock_request(uow, request_id)
            if _is_withdrawn(RequestRecord(request=request)):
                return RequestRecord(request=request, decisions=record.decisions)
            withdrawn = await withdraw_locked(
                uow, request, actor=actor, reason="withdrawn", now=self._clock.now()
            )
            return RequestRecord(request=withdrawn, decisions=record.decisions)

        result = await in_transaction(self._store, work, deadline=deadline)
        self._signal.ring()
        return result

    async def _check_own(
        self, actor: Actor, record: RequestRecord, deadline: Deadline | None
    ) -> None:
        if actor.email == record.request.requester:
            return
        person = await self._people.principal(actor.email, deadline)
        if await self._visibility.may_see(
            person, record, origin=actor.origin, deadline=deadline
        ):
            raise NotAllowed(
                reason=f"only {record.request.requester} can withdraw this request; "
                "an approver can deny it"
            )
        raise NotFound(what="request", name=record.request.id)


async def withdraw_locked(
    uow: UnitOfWork,
    request: ElevationRequest,
    *,
    actor: Actor,
    reason: str,
    now: datetime,
) -> ElevationRequest:
    """Withdraw a locked request; the audit event comes last.

    Raises:
        WrongState: it is decided already.
    """
    withdrawn = replace(
        request,
        state=next_state(request, RequestEvent.WITHDRAW),
        version=request.version + 1,
        updated_at=now,
        ended_by=actor.email,
        ended_at=now,
        end_reason=reason,
    )
    await uow.requests.save(withdrawn)
    await show(uow, withdrawn)
    await uow.audit.append(
        fact_about(withdrawn, AuditAction.REQUEST_WITHDRAWN, actor=actor, now=now)
    )
    return withdrawn


def _is_withdrawn(record: RequestRecord) -> bool:
    request = record.request
    return request.state is RequestState.REVOKED and request.decided_by is None
