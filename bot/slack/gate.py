"""Lets deliveries in until the server stops, and waits for those inside."""

import asyncio
from typing import Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from typing_extensions import override

REFUSED: Final = 503
"""Slack marks the button; in Socket Mode it gets no ack at all."""

_log = structlog.get_logger()


class GatedApp(AsyncApp):
    """A Bolt app that can stop taking deliveries before it stops answering."""

    _is_closed = False
    _inside = 0
    _idle: asyncio.Event | None = None

    @override
    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Hand a delivery to its listener, unless the gate is closed."""
        if self._is_closed:
            _log.warning("delivery_refused", why="is stopping")
            return BoltResponse(status=REFUSED, body="")
        self._inside += 1
        try:
            return await super().async_dispatch(req)
        finally:
            self._inside -= 1
            if self._inside == 0 and self._idle is not None:
                self._idle.set()

    async def close(self, seconds: float) -> None:
        """Take nothing more; wait for what is inside, but not longer than this.

        Args:
            seconds: if none are left it does not wait.
        """
        self._is_closed = True
        if self._inside == 0:
            return
        self._idle = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("deliveries_still_inside", count=self._inside)
