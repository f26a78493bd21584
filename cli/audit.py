"""`jitsudo audit`: the log, newest first, and its verification."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click

from cli.audit_words import telling
from cli.group import command, group
from cli.parameters import CheckpointType, MomentType, RequestIdType
from cli.terminal import FORMATS, Terminal
from cli.text import moment, safe, table
from core.domain.audit import AuditEvent, to_timestamp
from core.ports import AuditFilter
from core.vocabulary import AuditAction, Outcome, RequestId

_FORMATS: Final = (*FORMATS, "csv")
_HEADER: Final = (
    "SEQ",
    "TIMESTAMP",
    "ACTOR",
    "ACTION",
    "REQUEST ID",
    "OUTCOME",
    "WHAT",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs what begins with one of these.

Source: OWASP, CSV Injection.
"""

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_FILTERS: Final[tuple[_Decorator, ...]] = (
    click.option("--user", metavar="EMAIL", help="Only what this actor did."),
    click.option("--provider", metavar="NAME", help="Only about this provider."),
    click.option(
        "--request", type=RequestIdType(), metavar="ID", help="Only about this request."
    ),
    click.option(
        "--action",
        type=click.Choice([action.value for action in AuditAction]),
        metavar="ACTION",
        help="Only this action, such as request.approved.",
    ),
    click.option(
        "--outcome",
        type=click.Choice([outcome.value for outcome in Outcome]),
        help="Only what was done, or only what was refused.",
    ),
    click.option(
        "--since", type=MomentType(), metavar="TIME", help="Not before: 7d, or a time."
    ),
    click.option(
        "--until", type=MomentType(), metavar="TIME", help="Before: 1h, or a time."
    ),
    click.option(
        "--limit",
        type=click.IntRange(1, 500),
        default=100,
        show_default=True,
        help="Most events to list, the newest first.",
    ),
    click.option(
        "--before",
        type=click.IntRange(min=1),
        metavar="SEQ",
        help="Only older than this event.",
    ),
)


def _with_filters(body: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_FILTERS):
        body = option(body)
    return body


@group(
    "audit",
    examples=(
        "jitsudo audit --since 7d --outcome failure",
        "jitsudo audit --request req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "jitsudo audit --limit 500 -o csv > audit.csv",
        "jitsudo audit verify",
    ),
    invoke_without_command=True,
    formats=_FORMATS,
)
@_with_filters
async def audit(terminal: Terminal, **filters: Any) -> None:
    """Read the audit log, newest first; `verify` checks its chain."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        await _show(terminal, **filters)
        return
    given = [
        param.opts[0]
        for param in ctx.command.params
        if param.name in filters
        and ctx.get_parameter_source(param.name)
        is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        message = f"write {given[0]} after `audit {ctx.invoked_subcommand}`"
        raise click.UsageError(message, ctx)


@audit.add
@command("list", examples=("jitsudo audit list --since 24h",), formats=_FORMATS)
@_with_filters
async def list_events(terminal: Terminal, **filters: Any) -> None:
    """List events, newest first; the same as `jitsudo audit`."""
    await _show(terminal, **filters)


@audit.add
@command(
    "verify",
    examples=("jitsudo audit verify", "jitsudo audit verify --checkpoint 4211:9f2c…"),
)
@click.option(
    "--checkpoint",
    type=CheckpointType(),
    metavar="SEQ:HASH",
    help="An event kept elsewhere that has to be in the chain.",
)
async def verify(terminal: Terminal, *, checkpoint: tuple[int, str] | None) -> None:
    """Recompute the whole chain.

    The exit code is 1 if an event was changed, removed or is out of place.
    Keep the checkpoint it prints elsewhere: only that shows that events were
    cut off at the end.
    """
    async with terminal.connect(terminal) as connection:
        report = await connection.approvals.verify_audit(checkpoint)
    kept = f"{report.head_seq}:{report.head_hash}"
    if not terminal.is_table:
        terminal.dump({"ok": True, "events": report.events, "checkpoint": kept})
    elif terminal.flags.quiet:
        terminal.say(kept)
    else:
        terminal.say(f"{report.events} events, the chain is intact.")
        terminal.say(f"Checkpoint: {kept}")


async def _show(
    terminal: Terminal,
    *,
    user: str | None,
    provider: str | None,
    request: RequestId | None,
    action: str | None,
    outcome: str | None,
    since: datetime | timedelta | None,
    until: datetime | timedelta | None,
    limit: int,
    before: int | None,
) -> None:
    wanted = AuditFilter(
        actor=user,
        request_id=request,
        action=AuditAction(action) if action else None,
        outcome=Outcome(outcome) if outcome else None,
        provider=provider,
        since=_time(terminal, since),
        until=_time(terminal, until),
        before_seq=before,
        limit=limit,
    )
    async with terminal.connect(terminal) as connection:
        page = await connection.approvals.audit(wanted)
    _print(terminal, page.events)
    if page.next_before is not None:
        terminal.note(f"There are older events: add --before {page.next_before}")


def _time(terminal: Terminal, value: datetime | timedelta | None) -> datetime | None:
    return terminal.now() - value if isinstance(value, timedelta) else value


def _print(terminal: Terminal, events: Sequence[AuditEvent]) -> None:
    if terminal.flags.output == "csv":
        is_seen = terminal.columns is not None
        for line in _to_csv(events, is_seen=is_seen):
            terminal.say(line)
    elif not terminal.is_table:
        terminal.dump([_to_object(event) for event in events])
    elif terminal.flags.quiet:
        for event in events:
            terminal.say(str(event.seq))
    elif not events:
        terminal.note("No audit events found.")
    else:
        rows = [_row(event) for event in events]
        for line in table(_HEADER, rows, columns=terminal.columns):
            terminal.say(line)


def _row(event: AuditEvent) -> tuple[str, ...]:
    fact = event.fact
    return (
        str(event.seq),
        moment(fact.occurred_at),
        fact.actor,
        fact.action.value,
        fact.request_id or "-",
        fact.outcome.value,
        telling(event),
    )


def _to_object(event: AuditEvent) -> dict[str, object]:
    """Return an event's JSON: the reference's keys, then what verifying needs."""
    fact = event.fact
    return {
        "id": event.seq,
        "timestamp": to_timestamp(fact.occurred_at),
        "actor": fact.actor,
        "action": fact.action.value,
        "request_id": fact.request_id or "",
        "provider": str(fact.details.get("provider", "")),
        "resource_scope": str(fact.details.get("resource_scope", "")),
        "outcome": fact.outcome.value,
        "origin": fact.origin.value,
        "details": dict(fact.details),
        "prev_hash": event.prev_hash,
        "hash": event.hash,
        "record": event.record,
    }


_CSV_COLUMNS: Final = (
    "timestamp", "actor", "action", "request_id", "provider", "outcome",
    "id", "resource_scope", "origin", "prev_hash", "hash", "record",
)  # fmt: skip
"""The reference's columns in their order, then ours."""


def _to_csv(events: Sequence[AuditEvent], *, is_seen: bool) -> list[str]:
    """Return CSV as of RFC 4180, one line an event, that no spreadsheet runs.

    Args:
        is_seen: whether it goes to a terminal; else the record is exactly the
            text that was hashed.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for event in events:
        fields = _to_object(event)
        cells = {name: _cell(str(fields[name])) for name in _CSV_COLUMNS}
        if not is_seen:
            cells["record"] = event.record
        writer.writerow(cells.values())
    return buffer.getvalue().rstrip("\n").split("\n")


def _cell(text: str) -> str:
    shown = safe(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
