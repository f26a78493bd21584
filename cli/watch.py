"""`status --watch`: redraws on a terminal, prints changes into a pipe."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from cli.labels import labels
from cli.output import paint_standing, to_object, to_table
from cli.terminal import Terminal, to_json
from cli.text import moment
from cli.waiting import POLL, is_over
from core.approvals import Approvals, RequestQuery
from core.domain.decision import RequestRecord
from core.vocabulary import RequestId

LIST_SECONDS: Final = 2.0
"""A list has no long poll; it is asked again this often."""

_CLEAR: Final = "\x1b[H\x1b[J"


async def watch_one(
    terminal: Terminal, approvals: Approvals, request_id: RequestId
) -> None:
    """Show one request and each of its changes, until nothing more can happen."""
    record = await approvals.get(request_id)
    _draw(terminal, [record], labels(record, terminal.now()))
    while not is_over(record):
        newer = await approvals.get(
            request_id, wait=POLL, since_version=record.request.version
        )
        if newer.request.version > record.request.version or _redraws(terminal):
            _draw(terminal, [newer], labels(newer, terminal.now()))
        record = newer


async def watch_list(
    terminal: Terminal, approvals: Approvals, query: RequestQuery
) -> None:
    """Show a list and its changes, until interrupted."""
    seen: dict[RequestId, int] = {}
    while True:
        page = await approvals.list(query)
        changed = [
            record
            for record in reversed(page.records)
            if seen.get(record.request.id) != record.request.version
        ]
        gone = set(seen) - {record.request.id for record in page.records}
        changed += [await approvals.get(request_id) for request_id in sorted(gone)]
        seen = {record.request.id: record.request.version for record in page.records}
        _draw(terminal, changed, to_table(terminal, page.records))
        await asyncio.sleep(LIST_SECONDS)


def _redraws(terminal: Terminal) -> bool:
    return terminal.is_table and not terminal.flags.quiet and sys.stdout.isatty()


def _draw(
    terminal: Terminal, changed: Sequence[RequestRecord], screen: Sequence[str]
) -> None:
    """Draw the whole screen, or into a pipe one line for each change."""
    if _redraws(terminal):
        terminal.say(_CLEAR + "\n".join(screen))
        return
    for record in changed:
        request = record.request
        if not terminal.is_table:
            terminal.say(to_json(to_object(record), indent=None))
        elif terminal.flags.quiet:
            terminal.say(request.id)
        else:
            terminal.say(
                f"{moment(request.updated_at)} Request {request.id} → "
                f"{paint_standing(terminal, request)}"
            )
    sys.stdout.flush()
