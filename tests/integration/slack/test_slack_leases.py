"""A render job sends nothing that could outlast its lease, nor forgets what it sent."""

import asyncio
from typing import Any

import pytest

from bot.slack.surfaces import LOOKUP
from core.clock import Deadline
from core.domain.job import Job
from core.domain.request import ElevationRequest
from core.errors import StoreUnavailable
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


async def is_noted(office: Office, request_id: RequestId) -> bool:
    """Tell whether it is written down where a request's card is."""
    return any(s.ts for s in await office.surfaces(request_id) if s.purpose == "card")


class Away:
    """Something whose store is away for the first transactions after a post."""

    def __init__(self, inner: Any, *, times: int) -> None:
        """Keep what everything else is asked of, and how often to be away."""
        self._inner = inner
        self.has_posted = False
        self.times = times
        self.store = self

    def __getattr__(self, name: str) -> Any:
        """Ask the real one, or its store."""
        return getattr(self._inner, name)

    def transaction(self, deadline: Deadline | None = None) -> Any:
        """Open a transaction, or say that the database is away."""
        if self.has_posted and self.times:
            self.times -= 1
            raise StoreUnavailable(why="away")
        return self._inner.store.transaction(deadline)


async def test_a_database_away_right_after_a_post_makes_no_second_card(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the card is is kept in mind until it can be written down."""
    renderer: Any = office.slack._renderer
    away = Away(office.jitsudo, times=2)
    post = renderer._client.post

    async def posted(*args: object, **more: object) -> object:
        at = await post(*args, **more)
        away.has_posted = True
        return at

    monkeypatch.setattr(renderer, "_jitsudo", away)
    monkeypatch.setattr(renderer._client, "post", posted)
    request_id = await office.ask()
    await eventually(lambda: is_noted(office, request_id), "a noted card")
    await office.click("bob", request_id, "approve")
    await office.card(request_id, showing="Active")

    assert away.times == 0
    assert len(await office.cards(request_id)) == 1
