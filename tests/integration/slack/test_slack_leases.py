"""A render job never sends anything that could outlast its lease."""

import asyncio
from typing import Any

import pytest

from bot.slack.surfaces import LOOKUP
from core.domain.job import Job
from core.domain.request import ElevationRequest
from core.vocabulary import RequestId, SurfaceState
from tests.support.offices import Office, eventually


async def card_job(office: Office, request_id: RequestId) -> Job | None:
    """Return the job that draws a request's card, once it was given back."""
    (card,) = [s for s in await office.surfaces(request_id) if s.purpose == "card"]
    async with office.jitsudo.store.snapshot() as uow:
        jobs = await uow.jobs.find(failing_only=True, limit=10)
    mine = [job for job in jobs if job.payload.get("surface_id") == str(card.id)]
    return mine[0] if mine else None


async def posts(office: Office, request_id: RequestId) -> list[Any]:
    """Return the calls that posted something about a request in the channel."""
    return [
        call
        for call in (await office.hands.deliveries())["calls"]
        if call["method"] == "chat.postMessage" and request_id in str(call["arguments"])
    ]


async def test_looking_for_people_too_long_gives_the_job_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, so nothing is unclear; the next try posts the one card."""
    renderer = office.slack._renderer
    pings = renderer._pings
    find = pings.of

    async def endlessly(_: ElevationRequest) -> object:
        return await asyncio.Event().wait()

    monkeypatch.setattr(renderer, "_lookup_seconds", 0.1)
    monkeypatch.setattr(pings, "of", endlessly)
    request_id = await office.ask()
    job = await eventually(lambda: card_job(office, request_id), "the job given back")
    (surface, _) = await office.surfaces(request_id)  # the card; the thread waits
    monkeypatch.setattr(pings, "of", find)
    card = await office.card(request_id)

    assert LOOKUP in job.last_error
    assert surface.state is SurfaceState.PENDING
    assert "<@U0BOB>" in str(card["blocks"])
    assert len(await posts(office, request_id)) == 1


async def test_finding_the_channel_too_long_gives_the_job_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found late is remembered, and the next try is in time."""
    renderer = office.slack._renderer
    ask = office.slack._channels._ask

    async def slowly(name: str) -> object:
        await asyncio.sleep(0.5)
        return await ask(name)

    monkeypatch.setattr(renderer, "_begin_seconds", 0.3)
    monkeypatch.setattr(office.slack._channels, "_ask", slowly)
    request_id = await office.ask()
    job = await eventually(lambda: card_job(office, request_id), "the job given back")

    assert await posts(office, request_id) == []
    assert "chat.postMessage" in job.last_error
    await office.card(request_id)
    assert len(await posts(office, request_id)) == 1
