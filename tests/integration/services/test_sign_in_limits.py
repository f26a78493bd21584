"""How often a code may be guessed, and how many sign-ins may begin and wait."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.codes import code_from
from core.domain.rates import network_of
from core.domain.sign_in import LIFETIME
from core.errors import Invalid, TooMany
from core.services.sign_in import (
    BEGINNINGS,
    BEGINNINGS_WINDOW,
    WAITING,
)
from core.services.sign_in_consent import WRONG_CODES, WRONG_CODES_WINDOW
from core.vocabulary import Outcome
from tests.support.builders import BOB
from tests.support.products import Product, a_product
from tests.support.rosters import Groups
from tests.support.sign_ins import HOST, begin, consent

WRONG = "ZZZZ-ZZZZ"


async def test_guesses_are_counted_for_all_replicas_together(
    product: Product, groups: Groups
) -> None:
    """Then not even the right code helps, until the window is over."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code
    url = product.settings.database_url.get_secret_value()
    async with a_product(url, groups, clock=product.clock) as other:
        for number in range(WRONG_CODES):
            each = (product, other)[number % 2]
            with pytest.raises(Invalid):
                await consent(each.jitsudo).look(WRONG)
        for each in (product, other):
            with pytest.raises(TooMany) as refusal:
                await consent(each.jitsudo).confirm(code, typed=HOST)
            assert 0 < refusal.value.retry_after_seconds <= 600
        seen = await consent(product.jitsudo, BOB).look(code)  # others are not affected

    assert seen.user_code == code
    (failure,) = await product.events(outcome=Outcome.FAILURE)
    assert failure.fact.details["code"] == "too_many"
    product.clock.move(WRONG_CODES_WINDOW)
    fresh = await begin(product.jitsudo)
    await consent(product.jitsudo).look(fresh.sign_in.user_code)


async def test_guesses_that_come_at_once_are_counted_one_by_one(
    product: Product,
) -> None:
    """Whoever sends twenty at the same moment has five of them."""
    async with asyncio.TaskGroup() as tasks:
        tried = [tasks.create_task(_guess(product)) for _ in range(20)]

    wrong = [task.result() for task in tried]
    assert wrong.count("invalid") == WRONG_CODES
    assert wrong.count("too_many") == 20 - WRONG_CODES


async def _guess(product: Product) -> str:
    try:
        await consent(product.jitsudo).look(WRONG)
    except (Invalid, TooMany) as refusal:
        return refusal.code
    return "found"


async def test_one_network_begins_only_so_many_within_a_minute(
    product: Product,
) -> None:
    """What was refused counts too; another network is not affected."""
    for _ in range(BEGINNINGS):
        await begin(product.jitsudo)
    with pytest.raises(TooMany) as refusal:
        await begin(product.jitsudo)
    await begin(product.jitsudo, address="198.51.100.1")

    assert 0 < refusal.value.retry_after_seconds <= 60
    product.clock.move(BEGINNINGS_WINDOW)
    await begin(product.jitsudo)


async def test_only_so_many_wait_at_once(product: Product) -> None:
    """Each code that is valid makes guessing easier."""
    begun = await begin(product.jitsudo)
    async with product.store.transaction() as uow:
        for number in range(WAITING - 1):
            code = code_from([number // 20**place % 20 for place in range(8)])
            other = replace(begun.sign_in, digest=f"{number:064x}", user_code=code)
            await uow.sign_ins.add(other)
        await uow.commit()

    with pytest.raises(TooMany):
        await begin(product.jitsudo)

    product.clock.move(LIFETIME)
    await begin(product.jitsudo)


def test_an_address_of_ipv6_counts_for_its_network() -> None:
    """Whoever has one has the rest of its /64; a form of IPv4 is that address."""
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2")
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("no address") == "unknown"
