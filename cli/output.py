"""Requests as the terminal shows them: one JSON object, a table, a list of labels."""

from collections.abc import Sequence
from datetime import datetime

import click

from cli.terminal import Terminal
from cli.text import about, labelled, moment, table
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.duration import to_text
from core.vocabulary import GrantStatus, RequestState

_HEADER = ("ID", "STATE", "REQUESTER", "ROLE", "SCOPE", "AGE", "EXPIRES", "REASON")
_COLOURS = {
    RequestState.PENDING: "yellow",
    RequestState.APPROVED: "cyan",
    RequestState.REJECTED: "red",
    RequestState.ACTIVE: "green",
    RequestState.EXPIRED: "bright_black",
    RequestState.REVOKED: "bright_black",
}


def to_object(record: RequestRecord) -> dict[str, object]:
    """Return the JSON object of a request, its keys in their fixed order.

    The first part has the reference system's keys, of which those that are not
    known yet are left out.
    """
    request = record.request
    is_rejected = request.state is RequestState.REJECTED
    optional = {
        "approver_identity": request.decided_by,
        "approver_comment": "" if is_rejected else request.decision_text,
        "expires_at": request.expires_at and moment(request.expires_at),
    }
    return {
        "id": request.id,
        "state": request.state.value,
        "requester_identity": request.requester,
        "provider": request.ask.provider,
        "role": request.ask.role,
        "resource_scope": request.ask.resource_scope,
        "duration_seconds": int(request.ask.duration.total_seconds()),
        "reason": request.ask.reason,
        **{name: value for name, value in optional.items() if value},
        "approver_tier": request.routing.tier.value,
        "required_approvals": request.required_approvals,
        "approvals": [
            {
                "approver": approval.approver,
                "comment": approval.text,
                "origin": approval.origin.value,
                "at": moment(approval.decided_at),
            }
            for approval in record.approvals
        ],
        "denial_reason": request.decision_text if is_rejected else "",
        "grant_status": request.grant_status.value,
        "created_at": moment(request.created_at),
        "lapses_at": moment(request.lapses_at),
        "version": request.version,
    }


def standing(request: ElevationRequest) -> str:
    """Return the state, with the count of approvals while a quorum is open."""
    if request.state is RequestState.PENDING and request.required_approvals > 1:
        counted, required = request.counted_approvals, request.required_approvals
        return f"PENDING ({counted} of {required} approvals)"
    return request.state.value


def summary(request: ElevationRequest) -> str:
    """Return who wants which role where and for how long, on one line."""
    ask = request.ask
    return (
        f"{request.requester}: {ask.role} on {ask.resource_scope} "
        f"({ask.provider}) for {to_text(ask.duration)}"
    )


def show_outcome(terminal: Terminal, record: RequestRecord) -> None:
    """Print what became of a request, as approve, deny and withdraw do."""
    request = record.request
    if not terminal.is_table:
        terminal.dump(to_object(record))
    elif terminal.flags.quiet:
        terminal.say(request.id)
    else:
        terminal.say(f"Request {request.id} → {paint_standing(terminal, request)}")
    terminal.note(summary(request))
    for note in record.notes:
        terminal.warn(f"Note: {note}")


def show_request(terminal: Terminal, record: RequestRecord) -> None:
    """Print everything about one request."""
    if not terminal.is_table:
        terminal.dump(to_object(record))
    elif terminal.flags.quiet:
        terminal.say(record.request.id)
    else:
        for line in labels(terminal, record):
            terminal.say(line)


def labels(terminal: Terminal, record: RequestRecord) -> list[str]:
    """Return everything about one request as lines with labels."""
    return labelled(_labels(record, terminal.now()))


def show_submitted(terminal: Terminal, record: RequestRecord) -> None:
    """Print a new request: its id, its state, and what was asked."""
    request, ask = record.request, record.request.ask
    if not terminal.is_table or terminal.flags.quiet:
        show_request(terminal, record)
        return
    for line in labelled(
        [
            ("Request ID", request.id),
            ("State", standing(request)),
            ("Provider", ask.provider),
            ("Role", ask.role),
            ("Scope", ask.resource_scope),
            ("Duration", to_text(ask.duration)),
        ]
    ):
        terminal.say(line)


def show_requests(terminal: Terminal, records: Sequence[RequestRecord]) -> None:
    """Print a list of requests in the order given."""
    if not terminal.is_table:
        terminal.dump([to_object(record) for record in records])
    elif terminal.flags.quiet:
        for record in records:
            terminal.say(record.request.id)
    elif not records:
        terminal.note("No requests found.")
    else:
        for line in to_table(terminal, records):
            terminal.say(line)


def to_table(terminal: Terminal, records: Sequence[RequestRecord]) -> list[str]:
    """Return the lines of the table of requests, coloured on a terminal."""
    now = terminal.now()
    rows = [_row(record.request, now) for record in records]
    lines = table(_HEADER, rows, columns=terminal.columns)
    if not terminal.has_colour:
        return lines
    return lines[:1] + [
        line.replace(
            f" {record.request.state.value} ",
            f" {paint(record.request.state.value, record.request.state)} ",
            1,
        )
        for line, record in zip(lines[1:], records, strict=True)
    ]


def paint(text: str, state: RequestState) -> str:
    """Return `text` in the colour of a state."""
    return click.style(text, fg=_COLOURS[state])


def paint_standing(terminal: Terminal, request: ElevationRequest) -> str:
    """Return the standing of a request, coloured on a terminal."""
    text = standing(request)
    return paint(text, request.state) if terminal.has_colour else text


def _row(request: ElevationRequest, now: datetime) -> tuple[str, ...]:
    return (
        request.id,
        request.state.value,
        request.requester,
        request.ask.role,
        request.ask.resource_scope,
        about(now - request.created_at),
        _ends(request, now),
        request.ask.reason,
    )


def _ends(request: ElevationRequest, now: datetime) -> str:
    if request.state is RequestState.PENDING:
        return f"answer in {about(request.lapses_at - now)}"
    if request.state is RequestState.ACTIVE and request.expires_at is not None:
        return f"in {about(request.expires_at - now)}"
    ended = request.ended_at or request.expires_at
    if request.state in {RequestState.EXPIRED, RequestState.REVOKED} and ended:
        return f"{about(now - ended)} ago"
    return "-"


def _labels(record: RequestRecord, now: datetime) -> list[tuple[str, str]]:
    request = record.request
    is_rejected = request.state is RequestState.REJECTED
    pairs = [
        ("ID", request.id),
        ("State", standing(request)),
        ("Requester", request.requester),
        ("Provider", request.ask.provider),
        ("Role", request.ask.role),
        ("Scope", request.ask.resource_scope),
        ("Duration", to_text(request.ask.duration)),
        ("Reason", request.ask.reason or "-"),
        ("Created", _at(request.created_at, now)),
    ]
    if request.state is RequestState.PENDING:
        pairs.append(("Answer by", _at(request.lapses_at, now)))
        pairs.append(("Approvers", ", ".join(request.routing.approver_groups) or "-"))
        if request.routing.approval_note:
            pairs.append(("Policy", request.routing.approval_note))
    pairs += [
        ("Approved", _approval(d.approver, d.text, d.origin, _at(d.decided_at, now)))
        for d in record.approvals
    ]
    if request.decided_by is not None:
        pairs.append(("Denied by" if is_rejected else "Approver", request.decided_by))
    if request.decision_text:
        pairs.append(
            ("Denied for" if is_rejected else "Comment", request.decision_text)
        )
    if request.grant_status not in {GrantStatus.NONE, GrantStatus.ACTIVE}:
        pairs.append(("Grant", _grant(request, now)))
    if request.ended_by is not None and request.ended_at is not None:
        pairs.append(("Ended", f"{_at(request.ended_at, now)}, by {request.ended_by}"))
    if request.end_reason:
        pairs.append(("Because", request.end_reason))
    if request.expires_at is not None:
        pairs.append(("Expires", _at(request.expires_at, now)))
    return pairs


def _approval(approver: str, comment: str, origin: str, at: str) -> str:
    return f"by {approver}, {at}, {origin}" + (f": {comment}" if comment else "")


def _grant(request: ElevationRequest, now: datetime) -> str:
    text = request.grant_status.value.replace("_", " ")
    if request.grant_error:
        text += f": {request.grant_error}"
    if request.next_try_at is not None:
        text += f" (tried again {_at(request.next_try_at, now)})"
    return text


def _at(time: datetime, now: datetime) -> str:
    away = f"in {about(time - now)}" if time > now else f"{about(now - time)} ago"
    return f"{moment(time)} ({away})"
