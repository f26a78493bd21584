"""An issuer's keys: asked for by one at a time, and nobody else has to wait."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from typing_extensions import override

from core.auth_settings import AuthSettings
from core.errors import IssuerUnavailable
from core.identity.oidc_keys import BETWEEN_REFRESHES, FRESH_FOR, GOOD_FOR, IssuerKeys
from core.identity.oidc_requests import IssuerRequests
from tests.support.builders import FrozenClock
from tests.support.issuer_keys import SigningKey

ISSUER = "https://login.example.com"
SETTINGS = AuthSettings(oidc_issuer=ISSUER, client_id="jitsudo-cli")
PUBLIC = SigningKey.elliptic("key-1").public()


class GatedRequests(IssuerRequests):
    """Answers as the issuer would, once the test lets it."""

    def __init__(self) -> None:
        """Answer at once."""
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.was_asked = asyncio.Event()
        self.is_down = False
        self.asked: list[str] = []
        self.discovery = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}

    @override
    async def get(self, what: str, url: str) -> dict[str, object]:
        """Return the document once the gate is open."""
        self.asked.append(url)
        self.was_asked.set()
        await self.is_open.wait()
        if self.is_down:
            raise IssuerUnavailable(why="down")
        return {**self.discovery} if what == "discovery" else {"keys": [PUBLIC]}


class World:
    """Keys, whom they ask, and a clock."""

    def __init__(self) -> None:
        """Have no keys yet."""
        self.clock = FrozenClock()
        self.requests = GatedRequests()
        self.keys = IssuerKeys(
            settings=SETTINGS, requests=self.requests, clock=self.clock
        )


async def test_many_at_once_ask_once() -> None:
    """The first asks, the others wait for the same answer."""
    world = World()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(world.keys.current()) for _ in range(20)]

    assert world.requests.asked == [
        f"{ISSUER}/.well-known/openid-configuration",
        f"{ISSUER}/keys",
    ]
    assert {len(task.result()) for task in tasks} == {1}


async def test_nobody_waits_for_an_issuer_while_there_are_keys() -> None:
    """One asks for newer ones; the others go on with those of an hour ago."""
    world = World()
    await world.keys.current()
    world.clock.move(FRESH_FOR)
    world.requests.is_open.clear()
    world.requests.was_asked.clear()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(world.keys.current())
        await world.requests.was_asked.wait()

        assert len(await world.keys.current()) == 1
        assert not asking.done()
        world.requests.is_open.set()


async def test_renewal_that_was_given_up_is_tried_once_a_minute() -> None:
    """Whoever asked and left kept nobody from asking again."""
    world = World()
    await world.keys.current()
    world.clock.move(FRESH_FOR)
    world.requests.is_open.clear()
    for seconds in (0, 1, 58, 1):
        world.clock.move(timedelta(seconds=seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await world.keys.refresh(between=timedelta(minutes=1))

    assert len(await world.keys.current()) == 1
    assert len(world.requests.asked) == 4


async def test_keys_of_yesterday_are_nobodys() -> None:
    """After a day without the issuer nobody is let in by them."""
    world = World()
    await world.keys.current()
    world.requests.is_down = True
    world.clock.move(GOOD_FOR - timedelta(seconds=1))
    assert len(await world.keys.current()) == 1

    world.clock.move(timedelta(seconds=1))
    with pytest.raises(IssuerUnavailable):
        await world.keys.current()

    world.requests.is_down = False
    world.clock.move(BETWEEN_REFRESHES)
    assert len(await world.keys.current()) == 1
    assert world.keys.failures == 1


async def test_clock_that_went_back_is_no_reason_to_believe_longer() -> None:
    """What was fetched in the future was fetched at an unknown time."""
    world = World()
    await world.keys.current()
    world.clock.move(-timedelta(days=2))
    await world.keys.current()

    assert len(world.requests.asked) == 4


async def test_keys_elsewhere_than_below_the_issuer_are_asked_for_there() -> None:
    """Some providers have a host of its own for them."""
    world = World()
    world.requests.discovery["jwks_uri"] = "https://keys.example.com/all"
    await world.keys.current()

    assert world.requests.asked[1] == "https://keys.example.com/all"
