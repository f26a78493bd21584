"""Socket Mode: connections that the app opens, and envelopes that go down them.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientConnectionResetError, WSMsgType, web

from bot.sandbox import limits
from bot.sandbox.changes import Changes
from bot.sandbox.people import APP_ID, Json

_TICKET_SECONDS: Final = 30.0
_HOST: Final = "applink-sandbox"


@dataclass(kw_only=True, slots=True, eq=False)
class _Connection:
    socket: web.WebSocketResponse
    request: web.Request
    answers_pings: bool = True
    is_leaving: bool = False


class NoConnection(Exception):
    """The app has no connection open that a delivery could go down."""


class SocketMode:
    """The connections of the app, and what waits for an acknowledgement.

    Attributes:
        opened: how many connections there have ever been.
        changes: noted when a connection opens or ends.
    """

    def __init__(self) -> None:
        """Start without any connection."""
        self._tickets: dict[str, float] = {}
        self._connections: list[_Connection] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._refusals = 0
        self.opened = 0
        self.changes = Changes()

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    def new_address(self, base: str) -> str:
        """Return the address of one new connection; its ticket works once.

        Args:
            base: the sandbox's own `http://…` address.
        """
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = asyncio.get_running_loop().time()
        address = base.replace("http", "ws", 1)
        return f"{address}/sandbox/link/?ticket={ticket}&app_id={APP_ID}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        made_at = self._tickets.pop(request.query.get("ticket", ""), None)
        now = asyncio.get_running_loop().time()
        if made_at is None or now - made_at > _TICKET_SECONDS:
            return web.Response(status=403, text="ticket is used or unknown")
        if self._refusals:
            self._refusals -= 1
            return web.Response(status=408)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if len(self._connections) >= limits.SOCKETS:
            await socket.send_json(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        connection = _Connection(socket=socket, request=request)
        self._connections.append(connection)
        try:
            await socket.send_json(self._hello())
            self.opened += 1
            self.changes.note()
            await self._read(connection)
        except ClientConnectionResetError:
            pass  # The connection ended while something was being said.
        finally:
            self._connections.remove(connection)
            self.changes.note()
        return socket

    async def deliver(self, kind: str, payload: Json) -> Json:
        """Send one envelope and wait for its acknowledgement.

        Returns:
            The payload of the acknowledgement; empty for a plain one.

        Raises:
            NoConnection: there is none to send it down.
            TimeoutError: nothing came back within three seconds.
        """
        open_ones = [one for one in self._connections if not one.is_leaving]
        if not open_ones:
            raise NoConnection
        connection = open_ones[0]
        # Taking turns: the one that was used goes to the end of the line.
        self._connections.remove(connection)
        self._connections.append(connection)
        envelope_id = str(uuid4())
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": True,
            "payload": payload,
        }
        acked: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = acked
        try:
            async with asyncio.timeout(limits.ACK_SECONDS):
                try:
                    await connection.socket.send_json(envelope)
                except ClientConnectionResetError as error:
                    raise NoConnection from error
                return await acked
        finally:
            del self._waiting[envelope_id]

    def drop(self, count: int | None) -> int:
        """Cut connections without a word; return how many."""
        chosen = self._connections[:count]
        for one in chosen:
            if one.request.transport is not None:
                one.request.transport.abort()
        return len(chosen)

    def refuse(self, count: int | None) -> int:
        """Refuse the next handshakes; return how many."""
        self._refusals = 1 if count is None else count
        return self._refusals

    def stop_pongs(self, count: int | None) -> int:
        """Leave the pings of connections without an answer; return how many."""
        chosen = self._connections[:count]
        for one in chosen:
            one.answers_pings = False
        return len(chosen)

    async def refresh(self, count: int | None, *, reason: str) -> int:
        """Ask connections to go and come again; return how many."""
        chosen = self._connections[:count]
        for one in chosen:
            one.is_leaving = True
            await one.socket.send_json(_disconnect(reason))
        return len(chosen)

    async def close(self) -> None:
        """End every connection."""
        for one in list(self._connections):
            await one.socket.close()

    async def _read(self, connection: _Connection) -> None:
        async for message in connection.socket:
            if message.type is WSMsgType.PING and connection.answers_pings:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(message.data)

    def _acknowledge(self, text: str) -> None:
        try:
            ack: Any = json.loads(text)
        except ValueError:
            return  # As for Slack: what cannot be read acknowledges nothing.
        if not isinstance(ack, dict):
            return
        waiting = self._waiting.get(str(ack.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = ack.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": APP_ID},
            "debug_info": {
                "host": _HOST,
                "build_number": 1,
                "approximate_connection_time": 18_060,
            },
        }


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}
