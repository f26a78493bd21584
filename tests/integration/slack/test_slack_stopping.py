"""The end of a server: what was taken is answered, what comes later is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from structlog.testing import capture_logs

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from bot.slack.background import Background
from bot.slack.sockets import SocketConnections
from core.domain.principal import Actor
from core.ports import AuditFilter
from core.vocabulary import AuditAction, RequestState
from tests.support.offices import Office, eventually, open_office

GUS: Final = "slack:T0SANDBOX/U0GUS"


async def test_a_press_after_the_stop_is_refused_and_decides_nothing(
    office: Office,
) -> None:
    """No press commits whose answer nobody can give any more."""
    request_id = await office.ask()
    card = await office.card(request_id)
    await office.click("dave", request_id, "approve")
    await office.slack.close_gate()

    answer = await office.hands.click("bob", card["ts"], "approve")

    assert answer["ack"]["status"] == 503
    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_a_press_that_was_taken_is_answered_before_the_end(
    office: Office,
) -> None:
    """Closing waits for what is inside, which commits and is acknowledged."""
    request_id = await office.ask()
    card = await office.card(request_id)
    await office.hands.fault("users.info", "slow", seconds=0.8)

    async with asyncio.TaskGroup() as tasks:
        press = tasks.create_task(office.hands.click("bob", card["ts"], "approve"))
        await asyncio.sleep(0.4)
        await office.slack.close_gate()
        decided = (await office.request(request_id)).state

    assert press.result()["ack"]["status"] == 200
    assert decided in {RequestState.APPROVED, RequestState.ACTIVE}


async def test_work_begun_after_the_end_is_told_and_dropped() -> None:
    """Whoever acts last is not answered with an error for it."""
    ran = []

    async def work() -> None:
        ran.append(1)

    async with Background() as background:
        pass
    with capture_logs() as logs:
        background.start(work())
        await background.finish_within(work(), 1.0)

    assert ran == []
    assert [entry["event"] for entry in logs] == ["background_work_dropped"] * 2


async def test_a_strangers_slow_audit_is_waited_for_and_in_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer goes first, within Slack's patience; the event is not lost."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox) as office,
    ):
        refusals = office.jitsudo.services.refusals
        record = refusals.record

        async def slowly(actor: Actor, **facts: Any) -> None:
            await asyncio.sleep(3.0)
            await record(actor, **facts)

        monkeypatch.setattr(refusals, "record", slowly)
        answer = await office.hands.command("gus", "status")
        with capture_logs() as logs:
            await office.slack.stop()
        async with office.jitsudo.store.snapshot() as uow:
            audited = await uow.audit.find(AuditFilter(actor=GUS))

    assert answer["ack"]["ms"] < 2_900
    assert "guest" in answer["ephemeral"][0]
    assert [event.fact.action for event in audited] == [AuditAction.IDENTITY_REFUSED]
    assert logs == []


async def test_a_strangers_endless_audit_is_cut_off_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop takes what it was given, whatever hangs, and the log has its name."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, drain_seconds=0.2) as office,
    ):
        monkeypatch.setattr(office.jitsudo.services.refusals, "record", _endless)
        answer = await office.hands.command("gus", "status")
        with capture_logs() as logs:
            async with asyncio.timeout(4):
                await office.slack.stop()

    assert "guest" in answer["ephemeral"][0]
    assert [(entry["event"], entry["work"]) for entry in logs] == [
        ("background_work_cut", "Jitsudo.refuse_stranger")
    ]


async def test_an_endless_act_is_left_behind_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's answer waits for it twice: closing the gate has one time for all."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, drain_seconds=0.2) as office,
    ):
        monkeypatch.setattr(office.jitsudo.directory, "groups_of", _endless)
        press = asyncio.ensure_future(office.hands.command("bob", "status"))
        await eventually(lambda: _is_busy(office), "the act to begin")
        with capture_logs() as logs:
            async with asyncio.timeout(4):
                await office.slack.close_gate()
                await office.slack.stop()
        press.cancel()

    assert [entry["event"] for entry in logs] == [
        *("deliveries_still_inside", "acts_still_in_flight"),
    ] * 2


async def test_a_connection_without_goodbye_is_closed_all_the_same() -> None:
    """Slack may be gone without a word, and the server has to end."""
    async with _silent_slack() as api_url, Background() as background:
        sockets = SocketConnections(
            app=AsyncApp(signing_secret="", token="xoxb-1"),
            app_token="xapp-1",
            api_url=api_url,
            goodbye_seconds=0.1,
        )
        sockets.open(background)

        async def are_up() -> bool:
            return await sockets.connected() == 2

        await eventually(are_up, "two connections")
        with capture_logs() as logs:
            async with asyncio.timeout(4):
                await sockets.close()
                await background.drain(4)

    assert [entry["event"] for entry in logs] == ["socket_closed_without_goodbye"] * 2


async def _endless(*_: object, **__: object) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def _silent_slack() -> AsyncIterator[str]:
    """Serve Socket Mode connections that are never closed; yield the API's URL."""
    is_over = asyncio.Event()

    async def link(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        await connection.send_json({"type": "hello"})
        await is_over.wait()  # reads nothing, so no close either
        return connection

    async def address(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://{request.host}/link"})

    app = web.Application()
    app.router.add_get("/link", link)
    app.router.add_post("/api/apps.connections.open", address)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/api/"
    finally:
        is_over.set()
        await runner.cleanup()


async def _is_busy(office: Office) -> bool:
    return office.slack._desk._in_flight == 1
