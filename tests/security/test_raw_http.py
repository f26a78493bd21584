"""Bytes that no client library would send, over a socket."""

import asyncio
import json
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from bot.api import reading
from bot.connections import MAX_FIELD, MAX_FIELDS, MAX_LINE
from core.vocabulary import TokenScope
from tests.support.builders import ALICE
from tests.support.servers import ApiServer

WHOAMI: Final = "GET /api/v1alpha1/whoami HTTP/1.1"
SUBMIT: Final = "POST /api/v1alpha1/requests HTTP/1.1"


async def exchanged(
    api: ApiServer, first: str, *headers: str, body: bytes = b"", ends: bool = True
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of an answer to a request as it stands.

    Args:
        headers: {token} and {host} are filled in.
        ends: whether the connection is asked to be closed.
    """
    host = api.url.removeprefix("http://")
    name, _, port = host.partition(":")
    token = await api.token(ALICE, frozenset({TokenScope.READ, TokenScope.REQUEST}))
    lines = [first, *headers, *(["Connection: close"] if ends else []), "", ""]
    text = "\r\n".join(lines).replace("{token}", token).replace("{host}", host)
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(text.encode("latin-1") + body)
    await writer.drain()
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert token.encode() not in head + rest
    assert b"x-request-id" in head.lower()
    return int(head.split()[1]), json.loads(rest)


GOOD: Final = ("Host: {host}", "Authorization: Bearer {token}")


@pytest.mark.parametrize(
    ("first", "headers", "status"),
    [
        (WHOAMI, (*GOOD, "X-Long: " + "a" * (MAX_FIELD + 100)), 431),
        (
            WHOAMI.replace("?", "").replace(
                "whoami", "whoami?" + "a" * (MAX_LINE + 100)
            ),
            GOOD,
            431,
        ),
        (WHOAMI, (*GOOD, *(f"X-{n}: a" for n in range(MAX_FIELDS + 10))), 400),
        (WHOAMI, (*GOOD, "Authorization: Bearer {token}"), 401),
        (WHOAMI, ("Host: {host}", "Authorization: Bearer {token}, Bearer x"), 401),
        (WHOAMI, ("Host: {host}", "Authorization: Bearer {token}\x00"), 400),
        (WHOAMI, (*GOOD, "X-Request-Id: a\r\n folded"), 400),
        (WHOAMI, (*GOOD, "X-Request-Id : a"), 400),
        (WHOAMI, ("Authorization: Bearer {token}",), 400),
        (WHOAMI, ("Host: a", "Host: b", "Authorization: Bearer {token}"), 400),
        (WHOAMI.replace("whoami", "who\x00ami"), GOOD, 400),
        (WHOAMI.replace("whoami", "who%00ami"), GOOD, 404),
        (WHOAMI.replace("whoami", "requests/%00"), GOOD, 400),
        (WHOAMI.replace("v1alpha1/", "v1alpha1/../../metrics/"), GOOD, 404),
        (WHOAMI.replace("whoami", "whoami?token={token}"), ("Host: {host}",), 400),
        (WHOAMI.replace("whoami", "whoami?q={token}"), GOOD, 400),
        ("GET * HTTP/1.1", GOOD, 400),
        (WHOAMI.replace("1.1", "9.9"), GOOD, 400),
        (SUBMIT, (*GOOD, "Content-Length: 2", "Transfer-Encoding: chunked"), 400),
        (SUBMIT, (*GOOD, "Content-Length: 2", "Content-Length: 3"), 400),
        (SUBMIT, (*GOOD, "Content-Length: -2"), 400),
        (SUBMIT, (*GOOD, "Content-Length: +2"), 400),
        (SUBMIT, (*GOOD, "Transfer-Encoding: gzip"), 400),
    ],
    ids=lambda value: None if isinstance(value, tuple) else str(value)[:20],
)
async def test_malformed_request_is_refused_as_json(
    api: ApiServer, first: str, headers: tuple[str, ...], status: int
) -> None:
    """A code, a request id, and neither the token nor the line in answer or log."""
    with capture_logs() as logs:
        got, body = await exchanged(api, first, *headers)

    assert got == status, body
    assert body["requestId"]
    assert body["error"]
    assert "jit_" not in json.dumps(logs, default=str)


@pytest.mark.parametrize(
    "first",
    [WHOAMI.replace("/api", "http://elsewhere.example/api"), WHOAMI[:-1] + "0"],
    ids=["absolute", "http-1.0"],
)
async def test_old_and_absolute_forms_are_understood(
    api: ApiServer, first: str
) -> None:
    """They are legal, and get no further than any other. Source: RFC 9112, 3.2.2."""
    status, body = await exchanged(api, first, *GOOD)
    refused, _ = await exchanged(api, first, "Host: {host}")

    assert (status, body["identity"]) == (200, ALICE)
    assert refused == 401


async def test_bytes_of_tls_on_a_plain_port_are_refused(api: ApiServer) -> None:
    """A client hello is no request; nothing of it is repeated."""
    name, _, port = api.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    await writer.drain()
    answer = await reader.read()
    writer.close()

    assert answer.split()[1] == b"400"


async def test_body_in_chunks_without_end_is_cut_off(api: ApiServer) -> None:
    """It is answered at 64 KiB, with the sender still sending."""
    name, _, port = api.url.removeprefix("http://").partition(":")
    token = await api.token(ALICE)
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(
        f"{SUBMIT}\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )

    async def flood() -> None:
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(flood())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readuntil(b"}")
        sending.cancel()
    writer.close()

    assert head.split()[1] == b"400"
    assert b"64 KiB" in body


async def test_body_that_never_comes_is_given_up(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever promises bytes and sends none gets a 408, and is closed."""
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.05)

    status, body = await exchanged(
        api, SUBMIT, *GOOD, "Content-Length: 10", body=b"{", ends=False
    )

    assert (status, body["error"]) == (408, "request_timeout")
