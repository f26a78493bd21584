"""The sandbox as a process of its own."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import aiohttp

COMMAND: Final = (sys.executable, "-m", "bot.sandbox")


async def test_process_says_where_it_is_and_ends_when_asked(tmp_path: Path) -> None:
    """One line of JSON when ready; SIGTERM ends it well, and the file is kept."""
    kept = tmp_path / "sandbox.json"
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--data", str(kept), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    headers = {"Authorization": f"Bearer {ready['bot_token']}"}
    body = {"channel": ready["channel"], "text": "hello"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(ready["api_url"] + "chat.postMessage", json=body) as answer,
        http.get(ready["page"]) as page,
    ):
        assert (await answer.json())["ok"] is True
        assert "<!DOCTYPE html>" in await page.text()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0
    assert await process.stdout.read() == b""
    assert "hello" in kept.read_text()


async def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    """A message whose posting was answered is there after SIGKILL, changed or new."""
    kept = tmp_path / "sandbox.json"
    process, ready = await _started(kept)
    first = await _called(ready, "chat.postMessage", text="first")
    await _called(ready, "chat.update", ts=first["ts"], text="changed")
    process.kill()
    await process.wait()

    process, ready = await _started(kept)
    second = await _called(ready, "chat.postMessage", text="second")
    process.kill()
    await process.wait()

    process, ready = await _started(kept)
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.get(ready["page"] + "state") as answer,
        ):
            state = await answer.json()
    finally:
        process.kill()
        await process.wait()
    messages = state["channels"][0]["messages"]
    assert [(one["ts"], one["text"]) for one in messages] == [
        (first["ts"], "changed"),
        (second["ts"], "second"),
    ]
    assert _names(tmp_path) == [kept.name]


async def _started(kept: Path) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--data", str(kept), "--no-pacing", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(await process.stdout.readline())
    return process, ready


async def _called(ready: dict[str, Any], method: str, **arguments: str) -> Any:
    headers = {"Authorization": f"Bearer {ready['bot_token']}"}
    body = {"channel": ready["channel"], **arguments}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(ready["api_url"] + method, json=body) as answer,
    ):
        told = await answer.json()
    assert told["ok"] is True, told
    return told


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def test_busy_port_is_one_line_of_error() -> None:
    """A port that is taken ends it with exit 1 and no traceback."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        port = ready["url"].rpartition(":")[2]
        second = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, check=False
        )
        process.terminate()
    assert second.returncode == 1
    assert second.stderr.startswith("Error: ")
    assert second.stderr.count("\n") == 1
