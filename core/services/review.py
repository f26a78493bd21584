"""Closes the review that every break-glass request owes."""

from dataclasses import replace

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.domain.text import checked_prose
from core.errors import Invalid, NotAllowed, WrongState
from core.ports import Clock, Store, UnitOfWork
from core.services.reading import lock_request
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.standing import Say, Standing
from core.services.telling import asked, fact_about, show
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, PolicyAction, RequestId


class Review:
    """Lets somebody else say what they found; once."""

    def __init__(
        self,
        *,
        store: Store,
        standing: Standing,
        refusals: Refusals,
        clock: Clock,
        signal: Signal,
    ) -> None:
        """Keep what a review needs."""
        self._store = store
        self._standing = standing
        self._refusals = refusals
        self._clock = clock
        self._signal = signal

    async def close(
        self,
        actor: Actor,
        request_id: RequestId,
        *,
        note: str,
        deadline: Deadline | None,
    ) -> RequestRecord:
        """Close a review; the same person doing it again answers the same.

        Whoever may deny such a request may review it, and admins.

        Raises:
            Invalid: the note is blank or cannot be stored; or the request did
                not break the glass.
            NotFound: there is no such request.
            NotAllowed: with policy's reason, or it is the actor's own.
            WrongState: somebody else has closed it.
            PolicyUnavailable: nothing was done.
        """
        note = checked_prose("note", note, required=True)
        say = await self._standing.of(actor, request_id, PolicyAction.DENY, deadline)
        refusal = say.refusal
        if refusal is None and say.record.request.requester == actor.email:
            refusal = NotAllowed(
                reason="you broke the glass: somebody else has to review it"
            )
        if refusal is None:
            try:
                request = say.record.request
                actor.check_own_eyes(request.requester, asked_by=request.vouched_by)
            except NotAllowed as vouched:
                refusal = vouched
        if refusal is not None:
            await self._refuse(actor, say, refusal, note, deadline)
            raise refusal

        async def work(uow: UnitOfWork) -> RequestRecord:
            # Held until the end: nobody is disabled between this look and the commit.
            held = await uow.principals.hold(actor.email, is_alone=False)
            if held.is_disabled:
                raise NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
            request = await lock_request(uow, request_id)
            if _is_reviewed(request, by=actor.email):
                return replace(say.record, request=request)
            now = self._clock.now()
            reviewed = replace(
                request,
                reviewed_by=actor.email,
                reviewed_at=now,
                review_note=note,
                version=request.version + 1,
                updated_at=now,
            )
            await uow.requests.save(reviewed)
            await show(uow, reviewed)
            await uow.audit.append(
                fact_about(
                    reviewed,
                    AuditAction.REQUEST_REVIEWED,
                    actor=actor,
                    now=now,
                    details={"note": note},
                )
            )
            return replace(say.record, request=reviewed)

        try:
            record = await in_transaction(self._store, work, deadline=deadline)
        except NotAllowed as late:
            await self._refuse(actor, say, late, note, deadline)
            raise
        self._signal.ring()
        return record

    async def _refuse(
        self,
        actor: Actor,
        say: Say,
        refusal: NotAllowed,
        note: str,
        deadline: Deadline | None,
    ) -> None:
        await self._refusals.record(
            actor,
            request_id=say.record.request.id,
            verdict=None,
            code=refusal.code,
            why=str(refusal),
            details={**asked(say.record.request.ask), "note": note},
            action=AuditAction.REQUEST_REVIEW_REFUSED,
            deadline=deadline,
        )


def _is_reviewed(request: ElevationRequest, *, by: str) -> bool:
    """Tell whether this person has reviewed it already.

    Raises:
        Invalid: there is nothing to review.
        WrongState: somebody else has.
    """
    if not request.ask.break_glass:
        raise Invalid(
            field="request id", why="did not break the glass; it needs no review"
        )
    if request.reviewed_by is None or request.reviewed_by == by:
        return request.reviewed_by is not None
    raise WrongState(
        request_id=request.id,
        expected="waiting for a review",
        actual="reviewed",
        by=request.reviewed_by,
        at=request.reviewed_at,
    )
