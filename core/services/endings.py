"""How a grant's end is told from another, begun, and promised."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from core.domain.job import Job, NewJob
from core.domain.request import ElevationRequest
from core.services.telling import lane_of
from core.vocabulary import (
    GrantStatus,
    JobKind,
    RequestEvent,
    RequestId,
    RequestState,
)

LOOK_AGAIN: Final = timedelta(minutes=2)
"""When what was never issued is ended once more.

A call that was given up after its time may still be carried out over there; a
cloud that answers after a minute has done by then what it was asked.
"""

_REPLACED_BY: Final = "replaced_by"


def stays(request: ElevationRequest, job: Job, now: datetime) -> bool:
    """Tell whether this job has nothing to end, or not yet.

    A job that cleans up after a grant that came too late finds the request
    ACTIVE where another worker issued it meanwhile: that grant is the same one
    to the provider, and stays; unless another request's grant took its place.
    One that is still being issued is settled by its own job.
    """
    if request.is_in_force:
        is_due = request.expires_at is not None and now >= request.expires_at
        is_replaced = _REPLACED_BY in job.payload
        return not is_replaced and (job.kind is not JobKind.EXPIRE or not is_due)
    if request.state is RequestState.ACTIVE:
        # Whoever began it early promised a job of their own, which says so.
        return job.kind is JobKind.EXPIRE and ends_early(request)
    if request.state is RequestState.APPROVED:
        return not request.is_ending
    return job.kind is JobKind.EXPIRE


def because(job: Job) -> str:
    """Return why a job ends what is in force; empty where time does."""
    newer = job.payload.get(_REPLACED_BY)
    return "" if newer is None else f"extended by {newer}"


def event_of(request: ElevationRequest) -> RequestEvent:
    """Return what the end is that has begun, whichever job finishes it."""
    if request.state is RequestState.APPROVED:
        is_given_up = request.ended_by is None
        return RequestEvent.ABANDON if is_given_up else RequestEvent.REVOKE
    return RequestEvent.REVOKE if ends_early(request) else RequestEvent.EXPIRE


def ends_early(request: ElevationRequest) -> bool:
    """Tell whether an end that has begun was begun by somebody, not by time."""
    return request.is_ending and bool(request.ended_by or request.end_reason)


def mark_revoking(
    request: ElevationRequest,
    *,
    reason: str,
    now: datetime,
    by: str | None = None,
) -> ElevationRequest:
    """Return `request` on its way to its end, one version on.

    Args:
        by: who ends it; None for time, or a worker that gave up.
    """
    return replace(
        request,
        grant_status=GrantStatus.REVOKING,
        version=request.version + 1,
        updated_at=now,
        ended_by=by,
        end_reason=reason,
        grant_error="",
        next_try_at=None,
    )


def end_of(
    request: ElevationRequest,
    *,
    replaced_by: RequestId | None = None,
    later_than: datetime | None = None,
) -> NewJob:
    """Return the job that has the provider end whatever it granted.

    Args:
        replaced_by: the request whose grant runs now instead; without one, a
            grant that is in force stays.
        later_than: when the end was confirmed of what was never issued; it is
            asked for again after `LOOK_AGAIN`. None for at once.
    """
    # A job of the same key that waits is not changed: one that cleans up after
    # a late grant leaves what is in force, and would swallow a replacement.
    key, payload = f"revoke:{request.id}", {"request_id": request.id}
    if replaced_by is not None:
        key, payload = f"{key}:replaced", {**payload, _REPLACED_BY: replaced_by}
    return NewJob(
        kind=JobKind.REVOKE,
        lane=lane_of(request),
        key=key,
        due_at=None if later_than is None else later_than + LOOK_AGAIN,
        payload=payload,
    )


def expiry_of(request: ElevationRequest) -> NewJob:
    """Return the job that ends a grant at its time.

    Raises:
        ValueError: it has no end yet.
    """
    if request.expires_at is None:
        message = f"{request.id} has no end yet"
        raise ValueError(message)
    return NewJob(
        kind=JobKind.EXPIRE,
        lane=lane_of(request),
        key=f"expire:{request.id}",
        due_at=request.expires_at,
        payload={"request_id": request.id},
    )
