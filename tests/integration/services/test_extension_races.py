"""Extensions that meet an end: of the old grant, of the new one, of both."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.grant import order_of
from core.domain.policy import PolicyQuestion
from core.domain.request import ElevationRequest
from core.errors import WrongState
from core.services.endings import end_of
from core.services.telling import lane_of
from core.vocabulary import (
    AuditAction,
    JobKind,
    RequestState,
    SurfacePurpose,
)
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product
from tests.support.providers import Mood

HOUR = timedelta(hours=1)


async def extended(
    product: Product, old: ElevationRequest, *, duration: timedelta = HOUR
) -> ElevationRequest:
    """Return an approved extension of a grant, not issued yet."""
    new = (await product.acting(ALICE).extend(old.id, duration=duration)).request
    return (await product.acting(BOB).approve(new.id, comment="")).request


async def test_the_old_grant_is_revoked_while_the_new_one_is_issued(
    scripted: Product,
) -> None:
    """It ends as who ended it said; the new one was decided by itself and runs."""
    old = (await scripted.active()).request
    new = await extended(scripted, old)
    scripted.provider.has_granted.clear()
    scripted.provider.before_answering = asyncio.Event()
    working = asyncio.ensure_future(scripted.work())
    await scripted.provider.has_granted.wait()

    await scripted.acting(BOB).revoke(old.id, reason="leaked")
    scripted.provider.before_answering.set()
    await working
    await scripted.hurry_and_work()

    ended = (await scripted.record(old.id)).request
    assert (ended.ended_by, ended.end_reason) == (BOB, "leaked")
    assert set(scripted.provider.in_force) == {new.id}
    assert len(await scripted.events(AuditAction.GRANT_REVOKED)) == 1


async def test_the_old_grant_expires_before_the_new_one_is_decided(
    scripted: Product,
) -> None:
    """It stays EXPIRED; nothing of it is ended a second time in the log."""
    old = (await scripted.active()).request
    new = (await scripted.acting(ALICE).extend(old.id, duration=HOUR)).request
    scripted.clock.move(old.ask.duration)
    await scripted.hurry(JobKind.EXPIRE)
    await scripted.work()
    expired = (await scripted.record(old.id)).request
    assert expired.state is RequestState.EXPIRED

    await scripted.acting(BOB).approve(new.id, comment="")
    await scripted.work()

    assert (await scripted.record(old.id)).request == expired
    assert set(scripted.provider.in_force) == {new.id}
    assert await scripted.events(AuditAction.GRANT_REVOKED) == []


async def test_the_new_grant_is_revoked_before_the_old_one_has_ended(
    scripted: Product,
) -> None:
    """Both end: whoever gives the new one back does not fall back to the old one."""
    old = (await scripted.active()).request
    new = await extended(scripted, old)
    await scripted.workers().run_lane(lane_of(new))
    assert (await scripted.record(old.id)).request.is_in_force

    await scripted.acting(ALICE).revoke(new.id, reason="done")
    await scripted.work()

    assert scripted.provider.in_force == {}
    for request_id in (old.id, new.id):
        request = (await scripted.record(request_id)).request
        assert request.state is RequestState.REVOKED


async def test_a_clean_up_that_waits_does_not_swallow_the_replacement(
    scripted: Product,
) -> None:
    """A late worker's clean-up leaves what is in force; the replacement does not."""
    old = (await scripted.active()).request
    new = await extended(scripted, old)
    async with scripted.store.transaction() as uow:
        await uow.jobs.add(end_of(old))
        await uow.commit()

    await scripted.workers().run_lane(lane_of(new))
    await scripted.work()

    assert (await scripted.record(old.id)).request.state is RequestState.REVOKED
    assert set(scripted.provider.in_force) == {new.id}


async def test_a_late_grant_of_the_replaced_request_is_ended(
    scripted: Product,
) -> None:
    """Its first issuing worker comes back after everything."""
    approved = (await scripted.approved()).request
    late = await scripted.claim(JobKind.ISSUE)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    await scripted.work()
    old = (await scripted.record(approved.id)).request
    new = await extended(scripted, old)
    await scripted.work()
    issued = await scripted.provider.grant(order_of(approved))

    await scripted.jitsudo.services.issue._activate(late, old.id, issued)
    await scripted.work()

    assert set(scripted.provider.in_force) == {new.id}


async def test_a_grant_that_begins_to_end_while_policy_thinks_is_not_extended(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Looked at again within the transaction that stores the extension."""
    old = (await scripted.active()).request

    async def meddle(question: PolicyQuestion) -> None:
        if question.extends:
            policy.before = None
            await scripted.acting(ALICE).revoke(old.id, reason="")

    policy.before = meddle

    with pytest.raises(WrongState, match="ACTIVE, so that"):
        await scripted.acting(ALICE).extend(old.id, duration=HOUR)

    assert len(await scripted.events(AuditAction.REQUEST_CREATED)) == 1


async def test_the_new_end_is_warned_of_and_the_old_one_is_not(
    scripted: Product,
) -> None:
    """Each grant has a warning of its own; a replaced one has nothing to warn of."""
    old = (await scripted.active()).request
    scripted.clock.move(timedelta(minutes=50))
    new = await extended(scripted, old)
    await scripted.work()

    await scripted.hurry(JobKind.WARN)
    await scripted.work()

    async def warned(request: ElevationRequest) -> bool:
        surfaces = await scripted.surfaces(request.id)
        return SurfacePurpose.WARNING in {surface.purpose for surface in surfaces}

    assert not await warned(old)
    assert await warned(new)


async def test_an_extension_that_is_given_up_leaves_the_old_grant(
    scripted: Product,
) -> None:
    """Nobody loses what they have because the provider was down for more."""
    old = (await scripted.active(an_ask(duration=4 * HOUR))).request
    new = await extended(scripted, old, duration=4 * HOUR)
    scripted.provider.mood = Mood.FAIL
    await scripted.work()
    scripted.provider.mood = Mood.WORK
    scripted.clock.move(scripted.settings.abandon_after)

    await scripted.hurry_and_work()

    assert (await scripted.record(new.id)).request.state is RequestState.REVOKED
    assert (await scripted.record(old.id)).request.is_in_force
    assert set(scripted.provider.in_force) == {old.id}
