"""From a click in Slack to its acknowledgement and to the redrawn card."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.bench.table import Figure, milliseconds
from tests.support.installations import Installation, installed

CLICKS_PER_SECOND: Final = 20
CLICKS: Final = 200
CARD_SECONDS: Final = 30


async def measure(name: str, database_url: str, directory: Path) -> list[Figure]:
    """Return the figures of one database; server and sandbox are processes."""
    with installed(directory, database_url) as installation:
        async with aiohttp.ClientSession() as http:
            cards = await _cards(installation, http)
            acks, shown = await _click_all(installation, http, cards)
    return [
        Figure(
            what=f"{name}: click to ack, {CLICKS_PER_SECOND}/s",
            measured=milliseconds(acks),
            aim="p99 250 ms",
        ),
        Figure(
            what=f"{name}: click to redrawn card, {CLICKS_PER_SECOND}/s",
            measured=milliseconds(shown),
        ),
    ]


async def _cards(
    installation: Installation, http: aiohttp.ClientSession
) -> dict[str, str]:
    """Ask as often as will be clicked; return the cards' timestamps by request."""
    headers = {"Authorization": f"Bearer {installation.token('alice')}"}
    ask = {
        "provider": "local",
        "role": "infra-admin",
        "resourceScope": "staging",
        "durationSeconds": "3600",
        "reason": "measure",
    }
    ids = []
    for _ in range(CLICKS):
        async with http.post(
            f"{installation.server}/api/v1alpha1/requests", json=ask, headers=headers
        ) as answer:
            answer.raise_for_status()
            ids.append((await answer.json())["request"]["id"])
    ends = time.monotonic() + CARD_SECONDS
    while time.monotonic() < ends:
        found = _by_request(await _state(installation, http), ids)
        if len(found) == len(ids):
            return found
        await asyncio.sleep(0.2)
    message = "not every card was posted"
    raise RuntimeError(message)


async def _click_all(
    installation: Installation,
    http: aiohttp.ClientSession,
    cards: dict[str, str],
) -> tuple[list[float], list[float]]:
    """Click each card once at an even pace.

    Returns:
        Seconds from click to ack, and from click to the redrawn card.
    """
    acks: list[float] = []
    begun: dict[str, float] = {}

    async def click(request_id: str, ts: str) -> None:
        begun[request_id] = time.time()
        body = {
            "user": "bob",
            "channel": "access",
            "ts": ts,
            "action_id": "approve",
            "wait_ms": 0,
        }
        async with http.post(f"{installation.sandbox}/click", json=body) as answer:
            acks.append((await answer.json())["ack"]["ms"] / 1_000)

    async with asyncio.TaskGroup() as tasks:
        for request_id, ts in cards.items():
            tasks.create_task(click(request_id, ts))
            await asyncio.sleep(1 / CLICKS_PER_SECOND)
    await asyncio.sleep(2)
    redrawn = await _redrawn(installation, http, {ts: r for r, ts in cards.items()})
    return acks, [redrawn[r] - begun[r] for r in begun if r in redrawn]


async def _redrawn(
    installation: Installation, http: aiohttp.ClientSession, by_ts: dict[str, str]
) -> dict[str, float]:
    """Return when each card was first updated, by the sandbox's own record."""
    async with http.get(f"{installation.sandbox}/deliveries") as answer:
        record = await answer.json()
    first: dict[str, float] = {}
    for call in record["calls"]:
        if call["method"] == "chat.update" and call["arguments"]["ts"] in by_ts:
            first.setdefault(by_ts[call["arguments"]["ts"]], call["at"])
    return first


async def _state(installation: Installation, http: aiohttp.ClientSession) -> Any:
    async with http.get(f"{installation.sandbox}/state") as answer:
        return await answer.json()


def _by_request(state: Any, ids: list[str]) -> dict[str, str]:
    wanted = set(ids)
    return {
        element["value"]: message["ts"]
        for message in state["channels"][0]["messages"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element.get("value") in wanted
    }
