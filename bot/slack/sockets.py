"""Socket Mode: two connections, each watched and replaced when it is stuck."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.background import Background, happens_within
from core.services.backoff import pause_after

CONNECTIONS: Final = 2
"""With one, deliveries are lost while it is replaced; Slack allows ten."""

PING_SECONDS: Final = 5.0

FRESH_ADDRESS_AFTER: Final = 1
"""Ping intervals without a connection, after which a new address is asked for.

Source: slackapi/python-slack-sdk issues 1379 and 1913: the client retries an
address that works only once.
"""

FRESH_ADDRESS_EVERY: Final = 2
"""Ping intervals until the next one: the new address may have been refused too."""

GOODBYE_SECONDS: Final = 2.0
"""How long a connection that is closed waits for Slack to close its end."""

REBUILD_AFTER: Final = 9
"""Ping intervals without a connection, after which the client is replaced."""

_log = structlog.get_logger()


class SocketConnections:
    """Keeps the connections up until `close`."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        app_token: str,
        api_url: str,
        ping_seconds: float = PING_SECONDS,
        goodbye_seconds: float = GOODBYE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what connecting needs."""
        self._app = app
        self._app_token = app_token
        self._api_url = api_url
        self._ping_seconds = ping_seconds
        self._goodbye_seconds = goodbye_seconds
        self._monotonic = monotonic
        self._handlers: dict[int, AsyncSocketModeHandler] = {}
        self._closing = asyncio.Event()

    def open(self, background: Background) -> None:
        """Begin to connect; returns at once."""
        for number in range(CONNECTIONS):
            background.start(self._keep(number))

    async def connected(self) -> int:
        """Return how many connections are up."""
        count = 0
        for handler in self._handlers.values():
            count += bool(await handler.client.is_connected())
        return count

    async def close(self) -> None:
        """Close every connection, once the acks are out."""
        self._closing.set()
        handlers, self._handlers = self._handlers, {}
        async with asyncio.TaskGroup() as tasks:
            for handler in handlers.values():
                tasks.create_task(self._close(handler))

    async def _keep(self, number: int) -> None:
        """Hold one connection; replace its client when that is beyond help."""
        failures = 0
        while not self._closing.is_set():
            was_up = await self._run(number)
            failures = 0 if was_up else failures + 1
            if self._closing.is_set():
                return
            _log.warning("socket_replaced", number=number, was_up=was_up)
            await happens_within(pause_after(failures).total_seconds(), self._closing)

    async def _run(self, number: int) -> bool:
        """Run one client until it is stuck; return whether it was ever up."""
        handler = AsyncSocketModeHandler(
            self._app,
            self._app_token,
            web_client=AsyncWebClient(base_url=self._api_url, retry_handlers=[]),
            ping_interval=self._ping_seconds,
        )
        self._handlers[number] = handler
        connecting = asyncio.ensure_future(_connect(handler))
        try:
            return await self._watch(handler)
        finally:
            connecting.cancel()
            await asyncio.wait({connecting})
            if self._handlers.get(number) is handler:
                del self._handlers[number]
                await self._close(handler)

    async def _watch(self, handler: AsyncSocketModeHandler) -> bool:
        was_up, down_since = False, self._monotonic()
        renew_after = FRESH_ADDRESS_AFTER
        while not self._closing.is_set():
            await happens_within(self._ping_seconds / 5, self._closing)
            if await handler.client.is_connected():
                was_up, down_since = True, self._monotonic()
                renew_after = FRESH_ADDRESS_AFTER
                continue
            down = (self._monotonic() - down_since) / self._ping_seconds
            if down > REBUILD_AFTER:
                return was_up
            if down > renew_after:
                handler.client.wss_uri = None
                renew_after += FRESH_ADDRESS_EVERY
        return was_up

    async def _close(self, handler: AsyncSocketModeHandler) -> None:
        """Close a client for good, whether or not Slack says goodbye."""
        try:
            async with asyncio.timeout(self._goodbye_seconds):
                await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's own gap
        except TimeoutError:
            _log.warning("socket_closed_without_goodbye")
            # The connection is closed by now; the client's own tasks are not.
            await handler.close_async()  # type: ignore[no-untyped-call]  # see above


async def _connect(handler: AsyncSocketModeHandler) -> None:
    """Connect; the client itself goes on trying."""
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's own gap
