"""Waiting for a request to change: long polls, and a spinner for who looks on."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from cli.output import standing
from cli.terminal import Terminal
from core.approvals import Approvals
from core.domain.decision import RequestRecord
from core.domain.lifecycle import FINAL_STATES

POLL: Final = timedelta(seconds=20)
"""One long poll, below the time-outs of common proxies."""

_SHORT_POLL: Final = timedelta(seconds=1)
"""One poll while a spinner turns and counts."""


def is_over(record: RequestRecord) -> bool:
    """Tell whether nothing will happen to the request any more."""
    return record.request.state in FINAL_STATES


async def wait_for(
    terminal: Terminal,
    approvals: Approvals,
    record: RequestRecord,
    *,
    until: Callable[[RequestRecord], bool],
    patience: timedelta,
    changed: Callable[[RequestRecord], None] | None = None,
) -> RequestRecord:
    """Return the request once `until` holds, or as it is when patience ends.

    Args:
        changed: told of each version that comes.
    """
    began = time.monotonic()
    ends = began + patience.total_seconds()
    spinner = Spinner(terminal)
    try:
        while not until(record) and (left := ends - time.monotonic()) > 0:
            spinner.turn(f"{standing(record.request)}, {time.monotonic() - began:.0f}s")
            poll = _SHORT_POLL if terminal.is_attended else POLL
            before = record.request.version
            record = await approvals.get(
                record.request.id,
                wait=min(poll, timedelta(seconds=left)),
                since_version=before,
            )
            if changed is not None and record.request.version > before:
                spinner.clear()
                changed(record)
    finally:
        spinner.clear()
    return record


class Spinner:
    """A turning line on standard error; nothing where nobody looks."""

    _SHAPES: Final = "|/-\\"

    def __init__(self, terminal: Terminal) -> None:
        """Draw only if somebody looks on."""
        self._is_shown = terminal.is_attended
        self._turns = 0

    def turn(self, text: str) -> None:
        """Draw the next shape before `text`."""
        if self._is_shown:
            shape = self._SHAPES[self._turns % len(self._SHAPES)]
            self._turns += 1
            sys.stderr.write(f"\r\x1b[K{shape} {text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Wipe the line."""
        if self._is_shown and self._turns:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
