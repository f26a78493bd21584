"""Requests as the terminal shows them: one JSON object, a table, one line."""

from collections.abc import Sequence
from datetime import datetime

import click

from cli.labels import (
    labels,
    words_of,
)
from cli.labels import (
    standing as standing,  # noqa: PLC0414 - shown from here
)
from cli.terminal import Terminal
from cli.text import about, labelled, moment, table
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.duration import to_text
from core.vocabulary import RequestState

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
        "break_glass": request.ask.break_glass,
        "needs_review": request.needs_review,
        "reviewed_by": request.reviewed_by or "",
        "review_note": request.review_note,
        "extends": request.extends or "",
        "grant_error": request.grant_error,
        "ended_by": request.ended_by or "",
        "end_reason": request.end_reason,
    }


def summary(request: ElevationRequest) -> str:
    """Return who wants which role where and for how long, on one line."""
    ask = request.ask
    return (
        f"{request.requester}: {ask.role} on {ask.resource_scope} "
        f"({ask.provider}) for {to_text(ask.duration)}"
    )


def show_outcome(terminal: Terminal, record: RequestRecord) -> None:
    """Print what became of a request, as approve, deny and withdraw do."""
    if not terminal.is_table:
        terminal.dump(to_object(record))
    else:
        show_line(terminal, record)
    terminal.note(summary(record.request))
    for note in record.notes:
        terminal.warn(f"Note: {note}")


def show_line(terminal: Terminal, record: RequestRecord) -> None:
    """Print where a request stands on one line; with `-q` its id."""
    request = record.request
    if terminal.flags.quiet:
        terminal.say(request.id)
    else:
        terminal.say(f"Request {request.id} → {paint_standing(terminal, request)}")


def show_request(terminal: Terminal, record: RequestRecord) -> None:
    """Print everything about one request."""
    if not terminal.is_table:
        terminal.dump(to_object(record))
    elif terminal.flags.quiet:
        terminal.say(record.request.id)
    else:
        for line in labels(record, terminal.now()):
            terminal.say(line)


def show_submitted(terminal: Terminal, record: RequestRecord) -> None:
    """Print a new request: its id, its state, and what was asked."""
    request, ask = record.request, record.request.ask
    if not terminal.is_table or terminal.flags.quiet:
        show_request(terminal, record)
        return
    pairs = [
        ("Request ID", request.id),
        ("State", standing(request)),
        ("Provider", ask.provider),
        ("Role", ask.role),
        ("Scope", ask.resource_scope),
        ("Duration", to_text(ask.duration)),
    ]
    if request.extends is not None:
        pairs.append(("Extends", request.extends))
    for line in labelled(pairs):
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
        _flagged_reason(request),
    )


def _flagged_reason(request: ElevationRequest) -> str:
    """Return the reason, behind what has to be seen first of a broken glass."""
    if not request.ask.break_glass:
        return request.ask.reason
    open_review = ", needs review" if request.needs_review else ""
    return f"BREAK-GLASS{open_review}: {request.ask.reason}"


def _ends(request: ElevationRequest, now: datetime) -> str:
    if request.is_ending:
        return words_of(request.grant_status)
    if request.state is RequestState.PENDING:
        return f"answer in {about(request.lapses_at - now)}"
    if request.state is RequestState.ACTIVE and request.expires_at is not None:
        return f"in {about(request.expires_at - now)}"
    ended = request.ended_at or request.expires_at
    if request.state in {RequestState.EXPIRED, RequestState.REVOKED} and ended:
        return f"{about(now - ended)} ago"
    return "-"
