"""One HTTP exchange: what was certainly not sent, and what may have arrived."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
)
from typing import Final

from core.errors import ServerUnavailable
from core.remote.address import Address
from core.remote.reasons import NO_TLS, REFUSALS, why_broken

CONNECT_SECONDS: Final = 10.0

MAX_ANSWER: Final = 32 * 1024**2
"""Bytes; a page of 500 requests with ten decisions each is below a third of it."""


class AnswerLost(Exception):
    """It was sent, at least in part, and no whole answer came back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is sent.

    Attributes:
        target: path and query, encoded, after the server's own prefix.
        timeout_seconds: how long the server may be silent.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back, whole.

    Attributes:
        location: where a redirect points; empty if it points nowhere.
    """

    status: int
    body: bytes
    location: str = ""


async def exchange(
    address: Address, call: Call, context: ssl.SSLContext | None = None
) -> Answer:
    """Send one call over a connection of its own; a redirect is not followed.

    Cancelling closes the connection, so that nobody waits for a server who has
    pressed Ctrl-C.

    Args:
        context: what makes TLS connections; the system's certificates otherwise.

    Raises:
        ServerUnavailable: nothing was sent.
        AnswerLost: something was sent.
    """
    line = _Line(address, context)
    try:
        return await asyncio.to_thread(line.exchange, call)
    except asyncio.CancelledError:
        line.interrupt()
        raise


def exchange_here(address: Address, call: Call, context: ssl.SSLContext) -> Answer:
    """Send one call and wait for the answer in this very thread.

    Raises:
        ServerUnavailable: nothing was sent.
        AnswerLost: something was sent.
    """
    return _Line(address, context).exchange(call)


class _Line:
    """One connection, used by one thread and interrupted by another."""

    def __init__(self, address: Address, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        self._socket: socket.socket | None = None
        """Kept apart, since http.client lets go of it before the body is read."""

    def interrupt(self) -> None:
        """Wake the thread that reads; that thread closes the socket."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def exchange(self, call: Call) -> Answer:
        """Connect, send, and read the whole answer."""
        connection = _connection(self._address, self._context)
        try:
            _connect(connection, self._address)
            self._socket = connection.sock
            self._socket.settimeout(call.timeout_seconds)
            return self._talk(connection, call)
        finally:
            connection.close()

    def _talk(self, connection: HTTPConnection, call: Call) -> Answer:
        try:
            connection.request(
                call.method,
                self._address.prefix + call.target,
                body=call.body,
                headers={**call.headers, "Connection": "close"},
            )
            with connection.getresponse() as response:
                return _receive(response)
        except TimeoutError as error:
            why = f"no answer within {call.timeout_seconds:g} s"
            raise AnswerLost(why) from error
        except (OSError, HTTPException) as error:
            self._check_refusal(connection, error)
            raise AnswerLost(
                why_broken(error, is_https=self._address.is_https)
            ) from error

    def _check_refusal(self, connection: HTTPConnection, error: Exception) -> None:
        """Raise what the server thinks of our certificate, if that is it.

        TLS 1.3 tells after the handshake, and writing may fail before that is
        read. Nothing of the call was read by then.
        """
        found: BaseException | None = error
        is_over = isinstance(error, OSError)
        if is_over and isinstance(connection.sock, ssl.SSLSocket):
            try:
                connection.sock.recv(1)
            except ssl.SSLError as late:
                found = late if late.reason in REFUSALS else error
            except OSError:
                found = error
        if isinstance(found, ssl.SSLError) and found.reason in REFUSALS:
            raise ServerUnavailable(
                server=self._address.name, why=REFUSALS[found.reason]
            ) from error


def _connection(address: Address, context: ssl.SSLContext | None) -> HTTPConnection:
    if not address.is_https:
        return HTTPConnection(address.host, address.port, timeout=CONNECT_SECONDS)
    return HTTPSConnection(
        address.host,
        address.port,
        timeout=CONNECT_SECONDS,
        context=context or ssl.create_default_context(),
    )


def _connect(connection: HTTPConnection, address: Address) -> None:
    try:
        connection.connect()
    except ConnectionRefusedError as error:
        why = "connection refused; is `jitsudo serve` running there?"
        raise ServerUnavailable(server=address.name, why=why) from error
    except socket.gaierror as error:
        why = f"the name {address.host} is not known; check --server"
        raise ServerUnavailable(server=address.name, why=why) from error
    except TimeoutError as error:
        why = f"no connection within {CONNECT_SECONDS:g} s; check --server and network"
        raise ServerUnavailable(server=address.name, why=why) from error
    except ssl.SSLCertVerificationError as error:
        why = why_broken(error, is_https=True)
        raise ServerUnavailable(server=address.name, why=why) from error
    except ssl.SSLError as error:
        why = REFUSALS.get(error.reason or "", NO_TLS)
        raise ServerUnavailable(server=address.name, why=why) from error
    except OSError as error:
        why = why_broken(error, is_https=address.is_https)
        raise ServerUnavailable(server=address.name, why=why) from error


def _receive(response: HTTPResponse) -> Answer:
    body = bytearray()
    while part := response.read(65_536):
        body += part
        if len(body) > MAX_ANSWER:
            message = f"the answer is longer than {MAX_ANSWER} bytes"
            raise AnswerLost(message)
    if response.length:
        message = "the answer was cut off"
        raise AnswerLost(message)
    return Answer(
        status=response.status,
        body=bytes(body),
        location=response.getheader("Location", ""),
    )
