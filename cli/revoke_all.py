"""Ends everything that one person has, one call each."""

from collections.abc import Sequence
from typing import Final

import click

from cli.consent import agree
from cli.errors import FAILED, exit_code_of
from cli.outcome import all_settled, tell_open
from cli.output import show_line, summary, to_object
from cli.terminal import Connection, Terminal
from cli.waiting import Spinner
from core.approvals import Approvals, RequestQuery
from core.domain.decision import RequestRecord
from core.domain.lifecycle import FINAL_STATES
from core.errors import JitsudoError, WrongState
from core.vocabulary import RequestId, RequestState

_GRANTED: Final = frozenset({RequestState.APPROVED, RequestState.ACTIVE})
_PAGE: Final = 500


async def revoke_all(
    terminal: Terminal,
    connection: Connection,
    user: str,
    *,
    reason: str,
    is_sure: bool,
    waits: bool,
) -> None:
    """Revoke everything of a person's that is granted and visible here.

    Args:
        is_sure: do not ask first.
        waits: whether to wait until the ends are confirmed.

    Raises:
        click.exceptions.Exit: something could not be revoked; the rest was.
    """
    found = await _granted_to(connection.approvals, user)
    if not found:
        _tell_none(terminal, user)
        return
    for record in found:
        terminal.note(f"{record.request.id}  {summary(record.request)}")
    agree(terminal, f"End these {len(found)} of {user}?", is_sure=is_sure)
    begun, failures = await _revoke_each(terminal, connection, found, reason=reason)
    ended = await all_settled(terminal, connection, begun, waits=waits)
    _show(terminal, ended)
    if failures:
        terminal.warn(
            f"{len(failures)} of {len(found)} could not be revoked: "
            f"{', '.join(failures)}"
        )
        codes = set(failures.values())
        raise click.exceptions.Exit(codes.pop() if len(codes) == 1 else FAILED)


async def _granted_to(approvals: Approvals, user: str) -> list[RequestRecord]:
    """Return what is approved or active of a person, to the last page."""
    found: list[RequestRecord] = []
    before: RequestId | None = None
    while True:
        page = await approvals.list(
            RequestQuery(requester=user, states=_GRANTED, before=before, limit=_PAGE)
        )
        found += page.records
        before = page.next_before
        if before is None:
            return found


async def _revoke_each(
    terminal: Terminal,
    connection: Connection,
    found: Sequence[RequestRecord],
    *,
    reason: str,
) -> tuple[list[RequestRecord], dict[RequestId, int]]:
    """Return what began to end, and the exit code of each that did not."""
    begun: list[RequestRecord] = []
    failures: dict[RequestId, int] = {}
    spinner = Spinner(terminal)
    for number, known in enumerate(found, start=1):
        request_id = known.request.id
        spinner.turn(f"revoking {number} of {len(found)}")
        try:
            begun.append(await _revoke_one(connection.approvals, request_id, reason))
        except JitsudoError as error:
            spinner.clear()
            terminal.warn(f"Error: {request_id}: {error}")
            failures[request_id] = exit_code_of(error)
    spinner.clear()
    return begun, failures


async def _revoke_one(
    approvals: Approvals, request_id: RequestId, reason: str
) -> RequestRecord:
    """Revoke; what has come to its end by itself meanwhile is as good.

    Raises:
        JitsudoError: it may still be in force.
    """
    try:
        return await approvals.revoke(request_id, reason=reason)
    except WrongState:
        record = await approvals.get(request_id)
        if record.request.state not in FINAL_STATES:
            raise
        return record


def _tell_none(terminal: Terminal, user: str) -> None:
    if not terminal.is_table:
        terminal.dump([])
    terminal.note(f"Nothing to revoke: {user} has nothing approved or active here.")


def _show(terminal: Terminal, ended: Sequence[RequestRecord]) -> None:
    if not terminal.is_table:
        terminal.dump([to_object(record) for record in ended])
    for record in ended:
        if terminal.is_table:
            show_line(terminal, record)
        tell_open(terminal, record)
