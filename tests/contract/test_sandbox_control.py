"""The control endpoints: who may call them, and what they say to bad calls."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from bot.sandbox.storage import BrokenData
from tests.support.offices import eventually
from tests.support.workspaces import Hands, Receiver, WebApiCaller

GOOD: dict[str, Any] = {"user": "bob", "patch": {"title": "Boss"}}


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def _status(
    http: aiohttp.ClientSession,
    url: str,
    *,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str]:
    data = json.dumps(GOOD if body is None else body)
    told = {"Content-Type": "application/json"} | (headers or {})
    async with http.post(url, data=data, headers=told) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Host": "127.0.0.1.evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Content-Type": "text/plain"}, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400),
    ],
)
async def test_only_this_machine_and_origin_may_act(
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    headers: dict[str, str],
    status: int,
) -> None:
    """A page of another site, or a name bound to this machine, is refused."""
    url = f"{sandbox.url}/sandbox/people"
    assert (await _status(http, url, headers=headers))[0] == status
    assert sandbox.people["bob"].title == ("Boss" if status == 200 else "SRE lead")


async def test_own_page_may_act(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The sandbox's own origin passes."""
    url = f"{sandbox.url}/sandbox/people"
    assert (await _status(http, url, headers={"Origin": sandbox.url}))[0] == 200


async def test_state_is_hidden_from_other_hosts(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Reading is checked as acting is."""
    for path in ("", "state", "deliveries", "feed?as=bob", "static/main.js"):
        url = f"{sandbox.url}/sandbox/{path}"
        async with http.get(url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 400


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("command", [], "body"),
        ("command", {"user": "bob"} | {"txt": "x"}, "txt"),
        ("command", {"user": "nobody", "text": ""}, "nobody is called"),
        ("command", {"user": "bob", "channel": "none"}, "no channel"),
        ("command", {"user": "bob", "wait_ms": -1}, "wait_ms"),
        ("click", {"user": "bob", "action_id": "a"}, "name channel and ts"),
        (
            "click",
            {"user": "bob", "channel": "access", "ts": "1.0", "action_id": "a"},
            "no message",
        ),
        ("submit", {"user": "bob", "view_id": "V1"}, "not open"),
        ("close", {"user": "bob", "view_id": "V1"}, "not open"),
        ("redeliver", {"delivery_id": "D1"}, "no delivery"),
        ("people", {"user": "bob", "patch": {"colour": "red"}}, "patch.colour"),
        ("channels", {"channel": "access", "do": "paint"}, "do"),
        ("socket", {"do": "sing"}, "do"),
        ("faults", {"method": "chat.update"}, "kind"),
        ("shortcut", {"user": "bob"}, "not in the sandbox yet"),
        ("home", {"user": "nobody"}, "nobody is called"),
        ("click", {"user": "bob", "home": True, "action_id": "a"}, "App Home"),
    ],
)
async def test_bad_call_says_what_is_wrong(
    sandbox: Sandbox, http: aiohttp.ClientSession, path: str, body: Any, told: str
) -> None:
    """Every bad call answers 400 and names the field or the thing."""
    status, text = await _status(http, f"{sandbox.url}/sandbox/{path}", body=body)
    assert status == 400
    assert told in json.loads(text)["message"]


async def test_button_that_never_was_cannot_be_pressed(
    sandbox: Sandbox, web_api: WebApiCaller, receiver: Receiver
) -> None:
    """Nothing is delivered for an action that no version of the message had."""
    ts = (await web_api("chat.postMessage", channel="C0ACCESS", text="x"))["ts"]
    body = {"user": "bob", "channel": "access", "ts": ts, "action_id": "approve"}
    url = f"{sandbox.url}/sandbox/click"
    async with aiohttp.ClientSession() as http:
        status, text = await _status(http, url, body=body)
    assert status == 400
    assert "ever had the action" in text
    assert receiver.received == []


async def test_faults_can_be_cleared(
    sandbox: Sandbox, hands: Hands, web_api: WebApiCaller, http: aiohttp.ClientSession
) -> None:
    """DELETE takes away what has not struck yet."""
    await hands.fault("*", "internal_error", count=100)
    assert (await web_api("auth.test"))["error"] == "internal_error"
    async with http.delete(f"{sandbox.url}/sandbox/faults") as answer:
        assert answer.status == 200
    assert (await web_api("auth.test"))["ok"] is True


async def test_what_a_fault_holds_up_goes_on_when_faults_are_cleared(
    sandbox: Sandbox, hands: Hands, web_api: WebApiCaller, http: aiohttp.ClientSession
) -> None:
    """Nothing of it lands an hour later, over what came since."""
    await hands.fault("auth.test", "slow", seconds=60)

    async def has_struck() -> bool:
        return not sandbox.faults.waiting

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(web_api("auth.test"))
        await eventually(has_struck, "the call")
        assert not slow.done()
        async with http.delete(f"{sandbox.url}/sandbox/faults") as answer:
            assert answer.status == 200
    assert slow.result()["ok"] is True


async def test_workspace_survives_a_restart(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """A restarted sandbox shows the messages, and their buttons still work."""
    kept = tmp_path / "sandbox.json"
    async with serving(Sandbox(data=kept)) as first:
        web_api = WebApiCaller(first, http)
        posted = await web_api("chat.postMessage", channel="C0ACCESS", text="kept")
        await web_api("chat.postMessage", channel="U0ALICE", text="for alice")
        before = first.state()
    async with serving(Sandbox(data=kept)) as second:
        assert second.state() == before
        web_api = WebApiCaller(second, http)
        change = {"channel": "C0ACCESS", "ts": posted["ts"], "text": "changed"}
        assert (await web_api("chat.update", **change))["ok"] is True
        assert _names(tmp_path) == ["sandbox.json"]


async def test_broken_file_is_named(tmp_path: Path) -> None:
    """A file that is not ours stops the start and is left alone."""
    kept = tmp_path / "sandbox.json"
    kept.write_text("{}")
    with pytest.raises(BrokenData, match=r"sandbox\.json cannot be read"):
        async with serving(Sandbox(data=kept)):
            pass
    assert kept.read_text() == "{}"
