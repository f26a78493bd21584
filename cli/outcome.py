"""What became of an act that the provider has to confirm: waited for, and told."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from cli.labels import words_of
from cli.terminal import Connection, Terminal
from cli.text import about
from cli.waiting import wait_for
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.errors import JitsudoError
from core.vocabulary import GrantStatus

PATIENCE: Final = timedelta(seconds=5)
"""How long a provider's answer is waited for before its absence is told."""

_UNDER_WAY: Final = frozenset({GrantStatus.ISSUING, GrantStatus.REVOKING})


def is_ended(record: RequestRecord) -> bool:
    """Tell whether no end of a grant is under way."""
    return not record.request.is_ending


def is_answered(record: RequestRecord) -> bool:
    """Tell whether the provider has answered what it was asked last."""
    return record.request.grant_status not in _UNDER_WAY


async def settled(
    terminal: Terminal,
    connection: Connection,
    record: RequestRecord,
    *,
    until: Callable[[RequestRecord], bool],
    waits: bool,
    patience: timedelta = PATIENCE,
) -> RequestRecord:
    """Return the request once `until` holds, or as it is when patience ends.

    What was done before stays done: who may not look, or cannot, gets the record
    as it was.

    Args:
        waits: whether to wait at all; in direct mode the due work is done here.
    """
    try:
        if connection.is_direct:
            return await connection.settle(record.request.id) or record
        if not waits:
            return record
        return await wait_for(
            terminal, connection.approvals, record, until=until, patience=patience
        )
    except JitsudoError as error:
        terminal.warn(f"It was done, but how it goes on cannot be seen: {error}")
        return record


async def all_settled(
    terminal: Terminal,
    connection: Connection,
    records: Sequence[RequestRecord],
    *,
    waits: bool,
) -> list[RequestRecord]:
    """Return requests once their ends are confirmed, or as they are in the end.

    One patience is for all of them together.
    """
    ends = time.monotonic() + PATIENCE.total_seconds()
    found: list[RequestRecord] = []
    for record in records:
        left = timedelta(seconds=max(ends - time.monotonic(), 0.001))
        newest = record
        if record.request.is_ending:
            newest = await settled(
                terminal,
                connection,
                record,
                until=is_ended,
                waits=waits,
                patience=left,
            )
        found.append(newest)
    return found


def tell_open(terminal: Terminal, record: RequestRecord) -> None:
    """Say on standard error what is not done yet, and how to go on."""
    request = record.request
    status = request.grant_status
    if status in {GrantStatus.FAILED, GrantStatus.REVOKE_FAILED}:
        terminal.warn(
            f"{words_of(status).capitalize()}: {request.grant_error or 'no answer'}"
            f"{_next_try(terminal, request)}; "
            f"`jitsudo retry {request.id}` tries at once"
        )
    elif status in _UNDER_WAY:
        terminal.note(
            "The provider has not confirmed it yet: "
            f"`jitsudo status {request.id} --watch` shows when"
        )


def _next_try(terminal: Terminal, request: ElevationRequest) -> str:
    if request.next_try_at is None:
        return ""
    return f"; tried again in {about(request.next_try_at - terminal.now())}"
