"""Where a request stands, in words: in short, and as lines with labels."""

from datetime import datetime

from cli.text import about, labelled, moment
from core.domain.decision import RequestRecord
from core.domain.lifecycle import FINAL_STATES
from core.domain.request import ElevationRequest
from core.duration import to_text
from core.vocabulary import GrantStatus, RequestState

_Pairs = list[tuple[str, str]]


def standing(request: ElevationRequest) -> str:
    """Return the state, and how far it is from the next: approvals, an end begun."""
    if request.state is RequestState.PENDING and request.required_approvals > 1:
        counted, required = request.counted_approvals, request.required_approvals
        return f"PENDING ({counted} of {required} approvals)"
    if request.is_ending:
        return f"{request.state.value} ({words_of(request.grant_status)})"
    return request.state.value


def words_of(status: GrantStatus) -> str:
    """Return a grant status as a person writes it."""
    return status.value.replace("_", " ")


def labels(record: RequestRecord, now: datetime) -> list[str]:
    """Return everything about one request as lines with labels."""
    request = record.request
    return labelled(
        [
            *_asked(request, now),
            *_decided(record, now),
            *_granted(request, now),
            *_reviewed(request, now),
        ]
    )


def _asked(request: ElevationRequest, now: datetime) -> _Pairs:
    ask = request.ask
    pairs = [
        ("ID", request.id),
        ("State", standing(request)),
        ("Requester", request.requester),
        ("Provider", ask.provider),
        ("Role", ask.role),
        ("Scope", ask.resource_scope),
        ("Duration", to_text(ask.duration)),
        ("Reason", ask.reason or "-"),
    ]
    if request.extends is not None:
        pairs.append(("Extends", request.extends))
    pairs.append(("Created", _at(request.created_at, now)))
    if request.state is RequestState.PENDING:
        pairs.append(("Answer by", _at(request.lapses_at, now)))
        pairs.append(("Approvers", ", ".join(request.routing.approver_groups) or "-"))
        if request.routing.approval_note:
            pairs.append(("Policy", request.routing.approval_note))
    return pairs


def _decided(record: RequestRecord, now: datetime) -> _Pairs:
    request = record.request
    is_rejected = request.state is RequestState.REJECTED
    pairs = [
        ("Approved", _approval(d.approver, d.text, d.origin, _at(d.decided_at, now)))
        for d in record.approvals
    ]
    if request.decided_by is not None:
        pairs.append(("Denied by" if is_rejected else "Approver", request.decided_by))
    if request.decision_text:
        pairs.append(
            ("Denied for" if is_rejected else "Comment", request.decision_text)
        )
    return pairs


def _granted(request: ElevationRequest, now: datetime) -> _Pairs:
    pairs: _Pairs = []
    if request.grant_status not in {GrantStatus.NONE, GrantStatus.ACTIVE}:
        pairs.append(("Grant", _grant(request, now)))
    if request.ended_by is not None:
        when = "not confirmed yet"
        if request.ended_at is not None:
            when = _at(request.ended_at, now)
        pairs.append(("Ended", f"{when}, by {request.ended_by}"))
    if request.end_reason:
        pairs.append(("Because", request.end_reason))
    if request.expires_at is not None and request.state not in FINAL_STATES:
        pairs.append(("Expires", _at(request.expires_at, now)))
    return pairs


def _reviewed(request: ElevationRequest, now: datetime) -> _Pairs:
    if not request.ask.break_glass:
        return []
    if request.reviewed_by is None or request.reviewed_at is None:
        return [("Review", "open: somebody other than the requester has to close it")]
    by = f"by {request.reviewed_by}, {_at(request.reviewed_at, now)}"
    return [("Review", f"{by}: {request.review_note}")]


def _approval(approver: str, comment: str, origin: str, at: str) -> str:
    return f"by {approver}, {at}, {origin}" + (f": {comment}" if comment else "")


def _grant(request: ElevationRequest, now: datetime) -> str:
    text = words_of(request.grant_status)
    if request.grant_error:
        text += f": {request.grant_error}"
    if request.next_try_at is not None:
        text += f" (tried again {_at(request.next_try_at, now)})"
    return text


def _at(time: datetime, now: datetime) -> str:
    away = f"in {about(time - now)}" if time > now else f"{about(now - time)} ago"
    return f"{moment(time)} ({away})"
