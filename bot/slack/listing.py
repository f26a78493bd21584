"""Requests in words: a line of a list, and one in full."""

from datetime import datetime, timedelta
from typing import Final

from bot.slack.standing import asked_for, outcome_words
from bot.slack.text import date_token, escape, one_line, spoken
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.vocabulary import GrantStatus, RequestState

_TELLING: Final = frozenset(
    {GrantStatus.FAILED, GrantStatus.REVOKING, GrantStatus.REVOKE_FAILED}
)
"""What the state alone would hide."""


def list_line(request: ElevationRequest, now: datetime) -> str:
    """Return one request of a list, marked if the glass was broken; raw text."""
    ask = request.ask
    asked = f"{request.requester}: {asked_for(request)}, {spoken(ask.duration)}"
    age = spoken(timedelta(minutes=(now - request.created_at) // timedelta(minutes=1)))
    mark = "🚨 " if ask.break_glass else ""
    line = f"{mark}`{request.id}` {_state(request)} · {asked} · {age} ago"
    return f"{line} · review open" if request.needs_review else line


def details(record: RequestRecord, now: datetime) -> str:
    """Return one request in full, as markup."""
    request = record.request
    lines = [list_line(request, now), f"Provider: {request.ask.provider}"]
    if request.extends is not None:
        lines.append(f"Extends: {request.extends}")
    if request.ask.reason:
        lines.append(f"Reason: {_quoted(request.ask.reason)}")
    lines += [
        f"{decision.approver}: {decision.verdict.value}"
        + (f": {_quoted(decision.text)}" if decision.text else "")
        for decision in record.decisions
    ]
    outcome = outcome_words(request, now)
    if outcome:
        lines.append(f"Outcome: {outcome}; grant {request.grant_status.value}")
    if request.end_reason:
        lines.append(f"Ended because: {_quoted(request.end_reason)}")
    if request.reviewed_by is not None:
        note = _quoted(request.review_note)
        lines.append(f"Reviewed: by {request.reviewed_by}: {note}")
    if request.state is RequestState.PENDING:
        groups = ", ".join(request.routing.approver_groups)
        lines.append(f"Who can approve: {groups or 'whom policy allows'}")
    shown = escape("\n".join(lines))
    if request.is_in_force and request.expires_at is not None:
        shown += f"\nActive until {date_token(request.expires_at)}"
    return shown


def _state(request: ElevationRequest) -> str:
    state = request.state.value
    if request.state is RequestState.PENDING:
        return f"{state} {request.counted_approvals} of {request.required_approvals}"
    if request.grant_status in _TELLING:
        return f"{state} ({request.grant_status.value.replace('_', ' ')})"
    return state


def _quoted(prose: str) -> str:
    """Return what somebody wrote so that it cannot pass for lines of ours."""
    return "“" + one_line(prose).replace("“", '"').replace("”", '"') + "”"
