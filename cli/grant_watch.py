"""Watches a grant while a command uses it, by the clock and by the server's word."""

import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import click

from cli.terminal import Terminal
from cli.text import moment, safe
from cli.waiting import POLL
from core.approvals import Approvals
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.request import ElevationRequest
from core.duration import to_text
from core.errors import JitsudoError
from core.vocabulary import GrantStatus, RequestState

REMINDERS: Final = (timedelta(minutes=5), timedelta(minutes=1))
"""How long before the end it is told."""

_TICK_SECONDS: Final = 5.0
"""A machine that has slept looks at its clock this soon."""

_PACE_SECONDS: Final = 1.0
_SLOWEST_SECONDS: Final = 10.0
"""A server that does not answer is asked again after a pause that doubles."""


def is_in_force(request: ElevationRequest) -> bool:
    """Tell whether a request's credentials can be used."""
    return (
        request.state is RequestState.ACTIVE
        and request.grant_status is GrantStatus.ACTIVE
    )


def why_over(request: ElevationRequest) -> str:
    """Return what became of a grant that is no longer in force."""
    expires_at = request.expires_at
    is_expired = request.state is RequestState.EXPIRED or (
        expires_at is not None and request.updated_at >= expires_at
    )
    if is_expired:
        return "the grant has expired"
    why = f": {request.end_reason}" if request.end_reason else ""
    who = f" by {request.ended_by}" if request.ended_by else ""
    return f"the grant was revoked{who}{why}"


def tell(terminal: Terminal, text: str) -> None:
    """Print a line that has to be read while a command has the terminal.

    The command may have left the cursor anywhere, and the terminal without its
    way of turning a line's end into the next line's beginning.
    """
    if sys.stderr.isatty():
        click.echo(f"\r\njitsudo: {safe(text)}\r", err=True)
    else:
        terminal.warn(f"jitsudo: {text}")


class GrantWatch:
    """Waits for the end of one grant, and tells when it is near.

    Attributes:
        expires_at: as the server last said.
    """

    def __init__(
        self,
        *,
        terminal: Terminal,
        approvals: Approvals,
        record: RequestRecord,
        credentials: Credentials,
        extending: str = "",
    ) -> None:
        """Begin with a grant in force.

        Args:
            extending: a sentence on how to go on for longer, for the reminders.
        """
        self._terminal = terminal
        self._approvals = approvals
        self._record = record
        self.expires_at = credentials.expires_at
        self._extending = extending
        self._reminders = self._still_ahead()
        # The server gave them out, so that it is not over yet: our clock is wrong.
        self._has_clock = terminal.now() < self.expires_at
        if not self._has_clock:
            tell(terminal, "this machine's clock is ahead of the server's")

    async def until_over(self) -> str:
        """Return why the grant is over, as soon as clock or server say so."""
        async with asyncio.TaskGroup() as tasks:
            ways = [
                tasks.create_task(self._by_the_server()),
                tasks.create_task(self._by_the_clock()),
            ]
            over, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        return next(way.result() for way in ways if way in over)

    async def _by_the_clock(self) -> str:
        while True:
            left = self.expires_at - self._terminal.now()
            if self._has_clock and left <= timedelta(0):
                return "the grant has expired"
            for span in self.due():
                self._remind(span)
            seconds = min(left.total_seconds(), _TICK_SECONDS)
            await asyncio.sleep(seconds if self._has_clock else _TICK_SECONDS)

    def due(self) -> Iterator[timedelta]:
        """Yield the reminder that is due now; earlier ones are dropped."""
        left = self.expires_at - self._terminal.now()
        due = [span for span in self._reminders if left <= span]
        self._reminders = [span for span in self._reminders if left > span]
        yield from due[-1:]

    def _still_ahead(self) -> list[timedelta]:
        left = self.expires_at - self._terminal.now()
        return [span for span in REMINDERS if left > span]

    def _remind(self, span: timedelta) -> None:
        if not self._terminal.flags.quiet:
            extending = f"; {self._extending}" if self._extending else ""
            tell(
                self._terminal,
                f"the grant ends in {to_text(span)}, at {moment(self.expires_at)}"
                f"{extending}",
            )

    async def _by_the_server(self) -> str:
        pause = _PACE_SECONDS
        while True:
            began = time.monotonic()
            try:
                newer = await self._approvals.get(
                    self._record.request.id,
                    wait=POLL,
                    since_version=self._record.request.version,
                )
            except JitsudoError:
                # The clock still ends it; nobody can do anything about this here.
                await asyncio.sleep(pause)
                pause = min(pause * 2, _SLOWEST_SECONDS)
                continue
            pause = _PACE_SECONDS
            if not is_in_force(newer.request):
                return why_over(newer.request)
            is_news = newer.request.version > self._record.request.version
            self._record = newer
            self._note_end(newer.request.expires_at)
            if not is_news and time.monotonic() - began < _PACE_SECONDS:
                await asyncio.sleep(_PACE_SECONDS)

    def _note_end(self, expires_at: datetime | None) -> None:
        if expires_at is not None and expires_at > self.expires_at:
            self.expires_at = expires_at
            self._reminders = self._still_ahead()
            tell(self._terminal, f"the grant now ends at {moment(expires_at)}")
