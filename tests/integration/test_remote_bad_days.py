"""The client when the server is gone, strange, or cut off in mid-sentence."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import pytest

from core.errors import (
    JitsudoError,
    NotAllowed,
    NotAuthenticated,
    OutcomeUnknown,
    RefusedError,
    ServerUnavailable,
)
from core.remote import HttpApprovals
from tests.support.builders import a_request_id, an_ask

TOKEN: Final = "jit_secret-that-no-error-repeats"

Act = Callable[[HttpApprovals], Awaitable[object]]


async def _approve(approvals: HttpApprovals) -> object:
    return await approvals.approve(a_request_id(), comment="")


async def _deny(approvals: HttpApprovals) -> object:
    return await approvals.deny(a_request_id(), reason="no")


async def _submit(approvals: HttpApprovals) -> object:
    return await approvals.submit(an_ask())


async def _look(approvals: HttpApprovals) -> object:
    return await approvals.get(a_request_id())


@asynccontextmanager
async def _answering(
    answer: bytes | None, *, at_once: bool = False
) -> AsyncIterator[str]:
    """Run a server that reads a whole call, answers with `answer` and hangs up.

    Args:
        answer: None never answers.
        at_once: do not wait for the call.
    """
    calls: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        calls.add(task)
        try:
            await answer_one(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def answer_one(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if not at_once:
            await read_call(reader)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
            await writer.drain()

    async def read_call(reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.decode().lower().split("\r\n"):
            if line.startswith("content-length:"):
                await reader.readexactly(int(line.partition(":")[2]))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        if calls:
            await asyncio.wait(calls)


def _http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


HTML: Final = b"<html><h1>It works!</h1></html>"


async def _error_of(act: Act, url: str, seconds: float = 5.0) -> JitsudoError:
    with pytest.raises(JitsudoError) as raised:
        await act(HttpApprovals(url, token=TOKEN, timeout_seconds=seconds))
    assert TOKEN not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("act", [_approve, _submit, _look])
async def test_nobody_listening_is_named_with_what_to_do(act: Act) -> None:
    """Nothing was sent, so nothing is in doubt."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    error = await _error_of(act, url)

    assert isinstance(error, ServerUnavailable)
    assert error.server == url
    assert "jitsudo serve" in error.why


async def test_unknown_name_is_told() -> None:
    """The name is repeated, since it is what is wrong."""
    error = await _error_of(_look, "https://no-such-host.invalid")

    assert isinstance(error, ServerUnavailable)
    assert "no-such-host.invalid" in error.why


async def test_https_to_a_plain_server_says_so() -> None:
    """The handshake fails before anything is sent."""
    async with _answering(_http("400 Bad Request", b""), at_once=True) as url:
        error = await _error_of(_approve, url.replace("http://", "https://"))

    assert isinstance(error, ServerUnavailable)
    assert "TLS" in error.why


@pytest.mark.parametrize("act", [_approve, _deny])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"request": {',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"req',
        b"SSH-2.0-OpenSSH_9.9\r\n",
        _http("502 Bad Gateway", HTML),
        _http("504 Gateway Timeout", HTML),
    ],
)
async def test_lost_answer_to_a_decision_is_an_unknown_outcome(
    act: Act, answer: bytes
) -> None:
    """It may have been decided: asking again tells."""
    async with _answering(answer) as url:
        error = await _error_of(act, url)

    assert isinstance(error, OutcomeUnknown)


async def test_silence_after_a_decision_is_an_unknown_outcome() -> None:
    """The time limit ends the wait, not the doubt."""
    async with _answering(None) as url:
        error = await _error_of(_approve, url, seconds=0.3)

    assert isinstance(error, OutcomeUnknown)


async def test_lost_answer_to_a_submission_warns_of_asking_twice() -> None:
    """Asking again would make a second request."""
    async with _answering(b"") as url:
        error = await _error_of(_submit, url)

    assert isinstance(error, ServerUnavailable)
    assert "look before you repeat it" in error.why


async def test_lost_answer_to_a_look_is_no_answer() -> None:
    """Nothing can have changed."""
    async with _answering(b"") as url:
        error = await _error_of(_look, url)

    assert isinstance(error, ServerUnavailable)


@pytest.mark.parametrize("act", [_approve, _look])
@pytest.mark.parametrize(
    "answer",
    [
        _http("200 OK", HTML),
        _http("404 Not Found", HTML),
        _http("200 OK", b"[]"),
        _http("200 OK", b"null"),
        _http("200 OK", b"\xff\xfe"),
        _http("200 OK", b'{"request": {"id": "req_1"}}'),
        _http("200 OK", b"{}"),
        _http("403 Forbidden", b'{"error": "x"}'),
    ],
)
async def test_somebody_elses_answer_is_asked_about(act: Act, answer: bytes) -> None:
    """A web page or odd JSON is no decision and no refusal."""
    async with _answering(answer) as url:
        error = await _error_of(act, url)

    assert isinstance(error, ServerUnavailable)
    assert "is this a jitsudo server?" in error.why


async def test_redirects_are_not_followed() -> None:
    """The token goes only to the server that was named."""
    reached = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.close()

    other = await asyncio.start_server(serve, "127.0.0.1", 0)
    target = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/?token={TOKEN}"
    async with other, _answering(_http("307 Go", b"", f"Location: {target}")) as url:
        error = await _error_of(_approve, url)

    assert isinstance(error, ServerUnavailable)
    assert not reached.is_set()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", RefusedError),
        ("401 Unauthorized", NotAuthenticated),
        ("403 Forbidden", NotAllowed),
        ("404 Not Found", ServerUnavailable),
        ("409 Conflict", RefusedError),
        ("500 Oops", ServerUnavailable),
        ("503 Busy", ServerUnavailable),
    ],
)
async def test_error_without_our_code_is_read_by_its_status(
    status: str, kind: type[JitsudoError]
) -> None:
    """So that the reference's server, or a newer one of ours, is understood."""
    body = b'{"code": 9, "message": "workflow: wrong state", "details": []}'
    async with _answering(_http(status, body)) as url:
        error = await _error_of(_approve, url)

    assert isinstance(error, kind)
    assert "workflow: wrong state" in str(error)


async def test_endless_answer_is_cut_off() -> None:
    """A stranger cannot fill the memory."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b" " * 1_048_576)
                await writer.drain()
        writer.close()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        error = await _error_of(_look, url)
        await over.wait()

    assert isinstance(error, ServerUnavailable)
    assert "longer than" in error.why


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"]
)
def test_cancelling_does_not_wait_for_the_server(beginning: bytes) -> None:
    """Ctrl-C ends at once, with the thread that waits for the head or the body."""

    async def give_up(url: str) -> None:
        async with asyncio.timeout(0.5):
            await _look(HttpApprovals(url, token=TOKEN, timeout_seconds=60))

    def begin(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(beginning)
            while connection.recv(65_536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = threading.Thread(target=begin, args=(silent,))
        server.start()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            asyncio.run(give_up(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        took = time.monotonic() - began
        server.join()

    assert took < 10
