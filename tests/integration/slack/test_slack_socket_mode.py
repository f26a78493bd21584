"""Socket Mode: the same listeners over connections that come and go."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.vocabulary import RequestState
from tests.support.offices import Office, eventually, open_office

PING_SECONDS = 1.0
"""Sooner than in life, so that what is gone is noticed sooner."""


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Office]:
    """An office that is reached by Socket Mode, with both connections up."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(
            tmp_path, sandbox, is_socket_mode=True, ping_seconds=PING_SECONDS
        ) as office,
    ):
        await eventually(lambda: _is_up(office), "two connections")
        yield office


async def _is_up(office: Office) -> bool:
    return "2 connections" in (await office.slack.health()).detail


async def test_presses_modals_and_commands_work_as_over_http(wired: Office) -> None:
    """One transport is as good as the other."""
    request_id = await wired.ask()
    view = (await wired.click("bob", request_id, "deny"))["view"]
    blank = await wired.hands.submit("bob", view["id"], reason=" ")
    listed = await wired.hands.command("bob", "status")
    done = await wired.hands.command("bob", f"approve {request_id} —comment “ok”")

    assert list(blank["errors"]) == ["reason"]
    assert request_id in listed["ephemeral"][0]
    assert done["ephemeral"] == [f"Request {request_id} → APPROVED"]
    await wired.card(request_id, showing="Active")


async def test_one_dropped_connection_loses_no_press(wired: Office) -> None:
    """The other one carries on, and two are up again soon."""
    request_id = await wired.ask()
    await wired.card(request_id)
    await wired.hands.post("socket", {"do": "drop", "count": 1})

    await wired.click("bob", request_id, "approve")

    assert (await wired.request(request_id)).state is not RequestState.PENDING
    await eventually(lambda: _is_up(wired), "two connections again")


async def test_a_refresh_keeps_the_connections(wired: Office) -> None:
    """Slack replaces every connection every few hours."""
    await wired.hands.post("socket", {"do": "refresh"})

    await eventually(lambda: _is_up(wired), "two connections again")
    request_id = await wired.ask()
    await wired.card(request_id)
    await wired.click("bob", request_id, "approve")
    assert (await wired.request(request_id)).state is not RequestState.PENDING


async def test_a_refused_handshake_does_not_stick(wired: Office) -> None:
    """The client retries an address that works once; the watchdog gets a new one."""
    await wired.hands.post("socket", {"do": "refuse", "count": 1})
    await wired.hands.post("socket", {"do": "drop", "count": 1})

    async def is_down() -> bool:
        return not await _is_up(wired)

    await eventually(is_down, "a connection to be gone")
    await eventually(lambda: _is_up(wired), "two connections again", seconds=45)
