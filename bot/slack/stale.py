"""What is refused before a form opens: an old card offers what is over."""

from datetime import datetime

from core.domain.lifecycle import wrong_state
from core.domain.request import ElevationRequest
from core.errors import Invalid, WrongState
from core.vocabulary import RequestEvent, RequestState


def refuse_closed(request: ElevationRequest, now: datetime) -> None:
    """Do nothing for a request that can be decided.

    Raises:
        WrongState: nobody can decide it any more.
    """
    if request.has_lapsed(now):
        raise WrongState(
            request_id=request.id,
            expected=RequestState.PENDING.value,
            actual=RequestState.EXPIRED.value,
            by="system",
            at=request.lapses_at,
        )
    if request.state is not RequestState.PENDING:
        raise wrong_state(request, RequestEvent.DENY)


def refuse_ended(request: ElevationRequest) -> None:
    """Do nothing for a request that has a grant, issued or on its way.

    Raises:
        WrongState: it has none, or its end has begun.
    """
    if request.is_ending:
        raise _not_in_force(request, expected="in force")
    if request.state not in {RequestState.APPROVED, RequestState.ACTIVE}:
        raise wrong_state(request, RequestEvent.REVOKE)


def refuse_not_in_force(request: ElevationRequest, now: datetime) -> None:
    """Do nothing for a request whose grant can be extended.

    Raises:
        WrongState: its grant is not in force.
    """
    is_over = request.expires_at is None or now >= request.expires_at
    if not request.is_in_force or is_over:
        raise _not_in_force(request, expected="ACTIVE, so that it could be extended")


def refuse_reviewed(request: ElevationRequest) -> None:
    """Do nothing for a request whose review is open.

    Raises:
        Invalid: it did not break the glass.
        WrongState: somebody has reviewed it.
    """
    if not request.ask.break_glass:
        why = "did not break the glass; it needs no review"
        raise Invalid(field="request id", why=why)
    if not request.needs_review:
        raise WrongState(
            request_id=request.id,
            expected="waiting for a review",
            actual="reviewed",
            by=request.reviewed_by,
            at=request.reviewed_at,
        )


def _not_in_force(request: ElevationRequest, *, expected: str) -> WrongState:
    return WrongState(
        request_id=request.id,
        expected=expected,
        actual=f"{request.state.value} ({request.grant_status.value})",
        by=request.ended_by,
        at=request.ended_at,
    )
