"""Issuing by workers that are killed, or slow: one grant, activated once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.grant import order_of
from core.errors import StoreUnavailable
from core.store.engine import open_store
from core.vocabulary import (
    JobKind,
    RequestState,
)
from tests.support.broken_stores import DyingStore
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product, a_product
from tests.support.rosters import Groups


async def test_killed_between_the_providers_yes_and_active(
    database_url: str, groups: Groups
) -> None:
    """The lease runs out, another worker finishes: one grant, ACTIVE once."""
    real = open_store(database_url)
    dying = DyingStore(real)
    policy = ScriptedPolicy()
    async with a_product(database_url, groups, policy=policy, store=dying) as product:
        approved = (await product.approved()).request
        job = await product.claim(JobKind.ISSUE)
        dying.deaths = 1
        with pytest.raises(StoreUnavailable):
            await product.jitsudo.services.issue.run(job)
        assert approved.id in product.provider.in_force
        assert (await product.record(approved.id)).request == approved

        await asyncio.sleep(0.01)  # the lease runs out by the database's clock
        await product.work()

        request = (await product.record(approved.id)).request
        assert request.state is RequestState.ACTIVE
        assert (await product.actions()).count("grant.issued") == 1
        assert product.provider.grants == [approved.id] * 2
        assert list(product.provider.in_force) == [approved.id]
    await real.close()


async def test_a_worker_that_lost_its_lease_activates_nothing(
    scripted: Product,
) -> None:
    """Its grant came too late; the one that was issued meanwhile stays."""
    approved = (await scripted.approved()).request
    late = await scripted.claim(JobKind.ISSUE)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    await scripted.work()
    active = (await scripted.record(approved.id)).request
    assert active.state is RequestState.ACTIVE

    issued = await scripted.provider.grant(order_of(approved))
    await scripted.jitsudo.services.issue._activate(late, approved.id, issued)
    await scripted.work()

    assert (await scripted.record(approved.id)).request == active
    assert scripted.provider.revocations == []
    assert (await scripted.actions()).count("grant.issued") == 1
    assert await scripted.jobs(JobKind.REVOKE) == []


async def test_only_who_holds_the_lease_activates(scripted: Product) -> None:
    """A slow worker's yes waits for the one that took its job over."""
    approved = (await scripted.approved()).request
    late = await scripted.claim(JobKind.ISSUE)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    held = await scripted.claim(JobKind.ISSUE, lease=timedelta(seconds=30))
    issued = await scripted.provider.grant(order_of(approved))

    await scripted.jitsudo.services.issue._activate(late, approved.id, issued)

    assert (await scripted.record(approved.id)).request == approved
    kept = await scripted.grant(approved.id)
    assert kept is not None
    assert (kept.handle, kept.sealed_credentials) == (issued.handle, None)
    await scripted.jitsudo.services.issue.run(held)
    await scripted.work()
    assert (await scripted.record(approved.id)).request.state is RequestState.ACTIVE
    assert scripted.provider.revocations == []
    assert (await scripted.actions()).count("grant.issued") == 1


async def test_a_grant_that_came_after_the_end_is_ended(scripted: Product) -> None:
    """Given up meanwhile: the late yes is revoked, and its end confirmed."""
    approved = (await scripted.approved()).request
    late = await scripted.claim(JobKind.ISSUE)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    scripted.clock.move(scripted.settings.abandon_after)
    await scripted.hurry_and_work(rounds=2)
    revoked = (await scripted.record(approved.id)).request
    assert revoked.state is RequestState.REVOKED
    issued = await scripted.provider.grant(order_of(approved))
    assert approved.id in scripted.provider.in_force

    await scripted.jitsudo.services.issue._activate(late, approved.id, issued)
    await scripted.hurry_and_work()

    assert scripted.provider.in_force == {}
    assert (await scripted.record(approved.id)).request == revoked
    ended = await scripted.grant(approved.id)
    assert ended is not None
    assert ended.sealed_credentials is None
    assert ended.ended_at is not None


async def test_an_issue_that_finds_it_moved_has_an_earlier_grant_ended(
    scripted: Product,
) -> None:
    """A job tried before may have granted; giving way cleans up after it."""
    approved = (await scripted.approved()).request
    await scripted.claim(JobKind.ISSUE)
    await scripted.provider.grant(order_of(approved))
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    async with scripted.store.transaction() as uow:
        locked = await uow.requests.lock(approved.id)
        assert locked is not None
        await uow.requests.save(
            replace(locked, state=RequestState.REVOKED, version=locked.version + 1)
        )
        await uow.commit()

    await scripted.work()

    assert scripted.provider.in_force == {}
    assert scripted.provider.revocations == [approved.id]
    assert await scripted.jobs(JobKind.ISSUE, JobKind.REVOKE) == []
