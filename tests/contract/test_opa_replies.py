"""Whatever an OPA server may answer, only a clear yes is one."""

import asyncio
import gzip
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import rfc8785
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import Deadline
from core.errors import ConfigurationError, PolicyUnavailable
from core.policy.opa import OpaEngine
from tests.support.builders import a_question
from tests.support.engines import a_policy, opa_server

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

YES: Final = {"allow": True, "reason": "yes"}


@asynccontextmanager
async def an_opa_that(answer: Answer) -> AsyncIterator[OpaEngine]:
    """Run a server on the loopback that answers every path by `answer`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        engine = await OpaEngine.open(str(server.make_url("")))
        yield engine
        await engine.close()


def saying(body: str | bytes, *, status: int = 200, kind: str = "") -> Answer:
    """Return an answer that is always the same."""
    raw = body if isinstance(body, bytes) else body.encode()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=raw, status=status, content_type=kind or "application/json"
        )

    return answer


ODD: Final = {
    "server error": saying('{"code": "internal_error"}', status=500),
    "server error with a yes": saying(json.dumps({"result": YES}), status=500),
    "not found": saying("{}", status=404),
    "created": saying(json.dumps({"result": YES}), status=201),
    "html": saying("<html>Welcome</html>", kind="text/html"),
    "nothing": saying(""),
    "no package": saying("{}"),
    "only a decision id": saying('{"decision_id": "x"}'),
    "list": saying("[]"),
    "true": saying("true"),
    "null": saying("null"),
    "result list": saying('{"result": []}'),
    "result true": saying('{"result": true}'),
    "result null": saying('{"result": null}'),
    "allow text": saying('{"result": {"allow": "yes"}}'),
    "allow one": saying('{"result": {"allow": 1}}'),
    "allow null": saying('{"result": {"allow": null}}'),
    "deny true": saying('{"result": {"allow": true, "deny": true}}'),
    "deny object": saying('{"result": {"allow": true, "deny": {"x": "y"}}}'),
    "deny numbers": saying('{"result": {"allow": true, "deny": [1]}}'),
    "quorum text": saying('{"result": {"allow": true, "required_approvals": "2"}}'),
    "quorum true": saying('{"result": {"allow": true, "required_approvals": true}}'),
    "quorum nan": saying('{"result": {"allow": true, "required_approvals": NaN}}'),
    "truncated": saying('{"result": {"allow": true'),
    "trailing": saying('{"result": {"allow": true}} {}'),
    "two answers": saying('{"result": {"allow": false, "allow": true}}'),
    "nested": saying('{"result": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "huge": saying('{"result": {"allow": true, "x": "' + "x" * 300_000 + '"}}'),
    "packed": saying(gzip.compress(json.dumps({"result": YES}).encode())),
    "not utf-8": saying(b'{"result": {"allow": true, "reason": "\xff"}}'),
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
async def test_an_odd_reply_is_no_answer(answer: Answer) -> None:
    """Each is an error that says what was odd; none is a yes."""
    async with an_opa_that(answer) as engine:
        with pytest.raises(PolicyUnavailable) as caught:
            await engine.ask(a_question())

    assert caught.value.why


async def test_a_redirect_is_not_followed() -> None:
    """OPA sends none; whoever does is not OPA."""
    asked = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if request.path == "/elsewhere":
            return web.json_response({"result": YES})
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with an_opa_that(answer) as engine:
        with pytest.raises(PolicyUnavailable, match="307"):
            await engine.ask(a_question())

    assert asked == ["/v1/data/jitsudo/approval"]


@pytest.mark.parametrize("is_late", ["at once", "in the middle"])
async def test_a_slow_reply_is_cut_off(is_late: str) -> None:
    """A second is the longest, also for one that comes byte by byte."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if is_late == "at once":
            await asyncio.sleep(5)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"result": {"allow": true')
        await asyncio.sleep(5)
        return response

    began = time.monotonic()
    async with an_opa_that(answer) as engine:
        with pytest.raises(PolicyUnavailable, match="in time"):
            await engine.ask(a_question())
        assert 0.8 < time.monotonic() - began < 1.8

        began = time.monotonic()
        with pytest.raises(PolicyUnavailable, match="in time"):
            await engine.ask(a_question(), Deadline(seconds=0.1))
        assert time.monotonic() - began < 0.8


async def test_a_connection_closed_early_is_no_answer() -> None:
    """It is not asked again: only a refused connection is."""
    asked = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with an_opa_that(answer) as engine:
        with pytest.raises(PolicyUnavailable, match="cannot be reached"):
            await engine.ask(a_question())

    assert len(asked) == 1


async def test_a_refused_connection_is_tried_once_more() -> None:
    """OPA restarting is back within the budget; otherwise it is told as down."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        engine = await OpaEngine.open(f"http://127.0.0.1:{port}")
        with pytest.raises(PolicyUnavailable, match="refused"):
            await engine.ask(a_question())

        asked = []

        async def answer(reader: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
            asked.append(await reader.readline())
            body = json.dumps({"result": YES}).encode()
            w.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            w.close()

        async with asyncio.TaskGroup() as group:
            asking = group.create_task(engine.ask(a_question()))
            await asyncio.sleep(0.02)
            server = await asyncio.start_server(answer, sock=listener)
        server.close()
        await engine.close()

    assert asking.result().allow
    assert len(asked) == 1


async def test_the_question_is_as_documented() -> None:
    """One POST of one `input`, with the provenance asked for."""
    seen = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        seen["line"] = f"{request.method} {request.rel_url}"
        seen["body"] = await request.json()
        return web.json_response(
            {
                "result": YES,
                "decision_id": "4ca636c1",
                "provenance": {"bundles": {"authz": {"revision": "r7"}}},
            }
        )

    async with an_opa_that(answer) as engine:
        given = await engine.ask(a_question())

    assert seen["line"] == "POST /v1/data/jitsudo/approval?provenance=true"
    assert list(seen["body"]) == ["input"]
    assert (given.allow, given.decision_id, given.revision) == (True, "4ca636c1", "r7")
    assert given.to_audit() == {"policy_revision": "r7", "policy_decision": "4ca636c1"}


@pytest.mark.parametrize(
    ("provenance", "revision"),
    [
        ({"bundles": {"a": {"revision": "1"}, "b": {"revision": "2"}}}, "a=1,b=2"),
        ({"revision": "legacy"}, "legacy"),
        ({"version": "1.16.0"}, ""),
        ("nonsense", ""),
        ({"bundles": {"a": "nonsense"}}, ""),
    ],
)
async def test_the_revision_is_kept(provenance: object, revision: str) -> None:
    """Of every bundle; an odd one is none, and takes nothing from the answer."""
    body = json.dumps({"result": YES, "provenance": provenance})
    async with an_opa_that(saying(body)) as engine:
        assert (await engine.ask(a_question())).revision == revision


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        ("half a \ud800 surrogate", "half a \N{REPLACEMENT CHARACTER} surrogate"),
        ("a\0b\nc\u202ed", "a\ufffdb\ufffdc\ufffdd"),
        ("x" * 300, "x" * 200),
    ],
    ids=["surrogate", "control", "long"],
)
async def test_odd_names_of_a_decision_do_not_fail_it(odd: str, kept: str) -> None:
    """They are written into the audit log, so they are made fit for it."""
    provenances = (
        {"revision": odd},
        {"bundles": {"main": {"revision": odd}}},
        {"bundles": {odd: {"revision": "1"}, "zz": {"revision": "2"}}},
    )
    for provenance in provenances:
        body = {"result": YES, "decision_id": odd, "provenance": provenance}
        async with an_opa_that(saying(json.dumps(body))) as engine:
            answer = await engine.ask(a_question())
            health = await engine.health()

        assert answer.decision_id == kept
        assert answer.revision.startswith(kept)
        assert len(answer.revision) <= 200
        assert health.revision == answer.revision
        rfc8785.dumps(dict(answer.to_audit()))


@pytest.mark.parametrize("url", ["", "127.0.0.1:8181", "ftp://x", "http://", "opa"])
async def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    """It names the setting and shows what one looks like."""
    with pytest.raises(ConfigurationError, match="JITSUDO_OPA_URL"):
        await OpaEngine.open(url)


async def test_no_error_holds_the_password() -> None:
    """An address may hold one; errors are shown and logged."""
    engine = await OpaEngine.open("http://user:hunter2@127.0.0.1:1")

    with pytest.raises(PolicyUnavailable) as caught:
        await engine.ask(a_question())
    health = await engine.health()
    await engine.close()

    assert "hunter2" not in f"{caught.value} {health.detail}"


async def test_health_of_a_real_opa(opa_binary: str, tmp_path: Path) -> None:
    """Ready with both packages; the missing one is named; down is told as down."""
    with opa_server(opa_binary, a_policy(tmp_path, approval="allow := true")) as url:
        engine = await OpaEngine.open(url)
        ready = await engine.health()
    down = await engine.health()
    await engine.close()

    with opa_server(opa_binary) as url:
        empty = await OpaEngine.open(url)
        missing = await empty.health()
        await empty.close()

    assert (ready.is_ready, ready.detail) == (True, "OPA answers")
    assert (down.is_ready, "cannot be reached" in down.detail) == (False, True)
    assert not missing.is_ready
    assert "no policy is loaded" in missing.detail


async def test_a_decision_id_is_kept(opa_binary: str, tmp_path: Path) -> None:
    """A real OPA that logs decisions names each of them."""
    directory = a_policy(tmp_path, approval="allow := true")
    with opa_server(opa_binary, "--set=decision_logs.console=true", directory) as url:
        engine = await OpaEngine.open(url)
        first = await engine.ask(a_question())
        second = await engine.ask(a_question())
        await engine.close()

    assert first.decision_id
    assert second.decision_id
    assert first.decision_id != second.decision_id
