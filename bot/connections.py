"""Connections: how many, how long, how large, and what a malformed one is told."""

import asyncio
import json
import secrets
import socket
import ssl
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from aiohttp import http_exceptions, web
from typing_extensions import override

from bot.api.answers import HEADERS
from bot.api.middleware import ID_HEADER

MAX_LINE: Final = 8 * 1024
"""Bytes of a request line."""

MAX_FIELD: Final = 8 * 1024
"""Bytes of one header; a token and a signature need far less."""

MAX_FIELDS: Final = 64

IDLE_SECONDS: Final = 75.0
"""How long a connection may say nothing, or not finish its headers.

Longer than proxies keep one (60 s is usual), so that it is they who close it.
"""

LINGER_SECONDS: Final = 2.0
"""How long the rest of a body is read that nobody wants."""

HANDSHAKE_SECONDS: Final = 10.0

_INVALID_ARGUMENT: Final = 3
_UNAVAILABLE: Final = 14
"""Source: google.rpc.Code."""

_log = structlog.get_logger()


class Connection(web.RequestHandler):
    """One connection; what aiohttp cannot read is answered as JSON.

    aiohttp itself would log the line that it could not read, token and all.
    """

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a code and an id, and log the kind of error alone."""
        request_id = secrets.token_hex(8)
        if isinstance(exc, http_exceptions.LineTooLong):
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        _log.warning(
            "http_unreadable"
            if status < HTTPStatus.INTERNAL_SERVER_ERROR
            else "http_failed",
            http_request=request_id,
            client=request.remote,
            status=int(status),
            error=type(exc).__name__,
        )
        if request.writer.output_size > 0:
            raise ConnectionError
        body = _body(HTTPStatus(status), request_id)
        answer = web.Response(
            status=status,
            body=body,
            content_type="application/json",
            headers={**HEADERS, ID_HEADER: request_id},
        )
        answer.force_close()
        return answer


class _TurnedAway(asyncio.Protocol):
    """A connection too many: told so, and closed."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tcp = cast("asyncio.Transport", transport)
        request_id = secrets.token_hex(8)
        _log.warning("too_many_connections", http_request=request_id)
        body = _body(HTTPStatus.SERVICE_UNAVAILABLE, request_id)
        head = (
            "HTTP/1.1 503 Service Unavailable\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"{ID_HEADER}: {request_id}\r\n"
            "Retry-After: 1\r\n"
            "Connection: close\r\n\r\n"
        )
        tcp.write(head.encode() + body)
        tcp.close()


class GuardedSite(web.BaseSite):
    """A listening socket whose connections have limits."""

    def __init__(
        self,
        runner: web.AppRunner,
        listener: socket.socket,
        *,
        max_connections: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Keep what to listen with.

        Args:
            runner: set up already.
        """
        super().__init__(runner, ssl_context=tls)
        self._listener = listener
        self._max_connections = max_connections
        self._tls = tls
        self._web = runner.server

    @property
    @override
    def name(self) -> str:
        """Return the scheme and the address."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{self._listener.getsockname()[0]}"

    @override
    async def start(self) -> None:
        """Begin to accept connections."""
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            self._connection,
            sock=self._listener,
            ssl=self._tls,
            ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_SECONDS,
        )

    def _connection(self) -> asyncio.Protocol:
        server = self._web
        if server is None or len(server.connections) >= self._max_connections:
            return _TurnedAway()
        quiet: Any = None  # which the types of aiohttp leave out
        return Connection(
            server,
            loop=asyncio.get_running_loop(),
            access_log=quiet,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=LINGER_SECONDS,
            max_line_size=MAX_LINE,
            max_field_size=MAX_FIELD,
            max_headers=MAX_FIELDS,
        )


def _body(status: HTTPStatus, request_id: str) -> bytes:
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return json.dumps(
        {
            "code": _UNAVAILABLE if is_ours else _INVALID_ARGUMENT,
            "error": status.phrase.lower().replace(" ", "_"),
            "message": status.description or status.phrase,
            "details": [],
            "requestId": request_id,
        }
    ).encode()
