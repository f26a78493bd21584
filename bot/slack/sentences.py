"""What is answered to who decided, asked or looked; raw text, escaped later."""

from datetime import datetime, timedelta

from bot.slack.standing import asked_for, outcome_words
from bot.slack.text import date_token, escape, one_line, spoken
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.vocabulary import RequestId, RequestState, Verdict


def result_line(record: RequestRecord) -> str:
    """Return `Request req_… → APPROVED`, with the quorum while it is open."""
    request = record.request
    line = f"Request {request.id} → {request.state.value}"
    if request.state is RequestState.PENDING and request.required_approvals > 1:
        line += f" ({request.counted_approvals} of {request.required_approvals}"
        line += " approvals)"
    return line


def still_needed(record: RequestRecord) -> str:
    """Return what an approval short of the quorum still waits for.

    Returns:
        Nothing where the approval was enough and there is nothing to note.
    """
    request = record.request
    if request.state is not RequestState.PENDING:
        return " ".join(record.notes)
    groups = ", ".join(request.routing.approver_groups)
    parts = [f"{result_line(record)}."]
    parts.append(f"Still needed: somebody else{' of ' + groups if groups else ''}.")
    if request.routing.approval_note:
        parts.append(f"Policy says: {one_line(request.routing.approval_note)}.")
    return " ".join([*parts, *record.notes])


def own_request(request_id: RequestId) -> str:
    """Return what somebody reads who wants to deny what they asked for."""
    return f"This is your own request. Take it back: `/jitsudo withdraw {request_id}`"


def decided(record: RequestRecord) -> str:
    """Return what a command that decided answers."""
    if record.request.state is RequestState.PENDING:
        return still_needed(record)
    return " ".join([result_line(record), *record.notes])


def submitted(record: RequestRecord) -> str:
    """Return what somebody who asked reads."""
    request = record.request
    line = result_line(record)
    if request.state is not RequestState.PENDING:
        return f"{line}. Use it with: jitsudo exec {request.id} -- <command>"
    groups = ", ".join(request.routing.approver_groups)
    return f"{line}. {groups or 'Somebody whom policy allows'} can approve it now."


def terminal_line(verdict: Verdict, request_id: RequestId | None) -> str:
    """Return what does the same on the terminal; nothing without a request."""
    if request_id is None:
        return ""
    if verdict is Verdict.APPROVE:
        return f"jitsudo approve {request_id}"
    return f'jitsudo deny {request_id} --reason "…"'


def list_line(request: ElevationRequest, now: datetime) -> str:
    """Return one request of a list."""
    ask = request.ask
    asked = f"{request.requester}: {asked_for(request)}, {spoken(ask.duration)}"
    age = spoken(timedelta(minutes=(now - request.created_at) // timedelta(minutes=1)))
    shown_age = f"{age} ago"
    state = request.state.value
    if request.state is RequestState.PENDING:
        state += f" {request.counted_approvals} of {request.required_approvals}"
    return f"`{request.id}` {state} · {asked} · {shown_age}"


def details(record: RequestRecord, now: datetime) -> str:
    """Return one request in full, as markup."""
    request = record.request
    lines = [list_line(request, now), f"Provider: {request.ask.provider}"]
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
    if request.state is RequestState.PENDING:
        groups = ", ".join(request.routing.approver_groups)
        lines.append(f"Who can approve: {groups or 'whom policy allows'}")
    shown = escape("\n".join(lines))
    in_force = request.state is RequestState.ACTIVE
    if in_force and request.expires_at is not None:
        shown += f"\nActive until {date_token(request.expires_at)}"
    return shown


def _quoted(prose: str) -> str:
    """Return what somebody wrote so that it cannot pass for lines of ours."""
    return "“" + one_line(prose).replace("“", '"').replace("”", '"') + "”"
