"""The same submission sent twice is one request; another one under its key is not."""

import asyncio

import pytest

from core.errors import Conflict
from core.vocabulary import AuditAction, Origin
from tests.support.builders import ALICE, DAVE, an_ask
from tests.support.products import Product


async def test_the_same_key_is_the_same_request(scripted: Product) -> None:
    """One after the other, and after it was decided."""
    alice = scripted.acting(ALICE)
    first = await alice.submit(an_ask(), key="k1")
    again = await alice.submit(an_ask(), key="k1")
    await alice.withdraw(first.request.id)
    later = await alice.submit(an_ask(), key="k1")

    assert again.request == first.request
    assert later.request.id == first.request.id
    assert len(await scripted.events(AuditAction.REQUEST_CREATED)) == 1


async def test_sent_twice_at_once_it_is_one_request(scripted: Product) -> None:
    """As a redelivery at another replica."""
    async with asyncio.TaskGroup() as group:
        sent = [
            group.create_task(scripted.acting(ALICE).submit(an_ask(), key="k1"))
            for _ in range(8)
        ]

    assert len({task.result().request.id for task in sent}) == 1
    assert len(await scripted.events(AuditAction.REQUEST_CREATED)) == 1


async def test_keys_of_others_and_of_other_ways_are_other_keys(
    scripted: Product,
) -> None:
    """Nobody gets somebody else's request by guessing a key."""
    one = await scripted.acting(ALICE).submit(an_ask(), key="k1")
    two = await scripted.acting(DAVE).submit(an_ask(), key="k1")
    three = await scripted.acting(ALICE, origin=Origin.SLACK).submit(an_ask(), key="k1")

    assert len({one.request.id, two.request.id, three.request.id}) == 3


async def test_another_ask_under_the_same_key_is_refused(scripted: Product) -> None:
    """Rather than answered with what was not asked for."""
    first = await scripted.acting(ALICE).submit(an_ask(), key="k1")

    with pytest.raises(Conflict, match=first.request.id):
        await scripted.acting(ALICE).submit(an_ask(role="other"), key="k1")


async def test_without_a_key_each_is_its_own(scripted: Product) -> None:
    """As before."""
    one, two = await scripted.submit(), await scripted.submit()

    assert one.request.id != two.request.id
