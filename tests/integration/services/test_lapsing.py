"""Requests that end undecided: lapsed at their time, or withdrawn."""

from dataclasses import replace

import pytest

from core.errors import WrongState
from core.services.telling import lane_of
from core.vocabulary import (
    AuditAction,
    JobKind,
    Origin,
    RequestState,
)
from tests.support.builders import ALICE, BEN, BOB, CAROL, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product


async def test_an_undecided_request_lapses(scripted: Product) -> None:
    """By the system, at its time, with nothing granted."""
    request = (await scripted.submit()).request
    scripted.clock.move(scripted.settings.request_ttl)

    await scripted.hurry_and_work()

    lapsed = (await scripted.record(request.id)).request
    assert lapsed.state is RequestState.EXPIRED
    assert lapsed.end_reason == "nobody decided in time"
    assert (lapsed.ended_by, lapsed.decided_by) == ("system", None)
    (event,) = await scripted.events(AuditAction.REQUEST_LAPSED)
    assert (event.fact.actor, event.fact.origin) == ("system", Origin.SYSTEM)
    assert await scripted.jobs() == []


async def test_a_lapse_that_comes_early_waits(scripted: Product) -> None:
    """A request keeps its full time whatever the database's clock says."""
    request = (await scripted.submit()).request

    await scripted.hurry_and_work()

    assert (await scripted.record(request.id)).request == request
    (job,) = await scripted.jobs(JobKind.LAPSE)
    assert job.lease is None


async def test_a_lapse_of_what_was_decided_is_done(scripted: Product) -> None:
    """Silently: there is nothing to say."""
    request = (await scripted.active()).request
    scripted.clock.move(scripted.settings.request_ttl)

    await scripted.hurry(JobKind.LAPSE)
    await scripted.workers().run_lane(lane_of(request))

    assert await scripted.jobs(JobKind.LAPSE) == []
    assert "request.lapsed" not in await scripted.actions()


async def test_past_its_time_nothing_can_be_approved_with_the_workers_stopped(
    scripted: Product,
) -> None:
    """Neither approved nor denied; whoever may see it reads that it has lapsed."""
    request = (await scripted.submit()).request
    scripted.clock.move(scripted.settings.request_ttl)

    with pytest.raises(WrongState) as late:
        await scripted.acting(BOB).approve(request.id, comment="")
    assert (late.value.actual, late.value.by) == ("EXPIRED", "system")
    assert late.value.at == request.lapses_at
    with pytest.raises(WrongState):
        await scripted.acting(BOB).deny(request.id, reason="no")

    assert (await scripted.record(request.id)).request == request
    assert await scripted.actions() == ["request.created"]


async def test_past_its_time_an_approval_given_before_stands_no_more(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Approving again says that it lapsed, though no worker has noticed."""
    policy.rule = always(replace(YES, required_approvals=2))
    request = (await scripted.submit()).request
    record = await scripted.acting(BOB).approve(request.id, comment="")
    assert await scripted.acting(BOB).approve(request.id, comment="") == record
    scripted.clock.move(scripted.settings.request_ttl)

    with pytest.raises(WrongState) as late:
        await scripted.acting(BOB).approve(request.id, comment="")

    assert (late.value.actual, late.value.by) == ("EXPIRED", "system")


async def test_just_before_its_time_it_can_be_approved(scripted: Product) -> None:
    """The last microsecond belongs to the requester."""
    request = (await scripted.submit()).request
    ttl = scripted.settings.request_ttl
    scripted.clock.move(ttl - ttl.resolution)

    record = await scripted.acting(BEN).approve(request.id, comment="")

    assert record.request.state is RequestState.APPROVED


async def test_withdrawing_ends_it(scripted: Product) -> None:
    """By the requester, as often as they press, with one event."""
    request = (await scripted.submit()).request

    record = await scripted.acting(ALICE).withdraw(request.id)

    assert record.request == (await scripted.record(request.id)).request
    assert record.request.state is RequestState.REVOKED
    assert (record.request.ended_by, record.request.end_reason) == (ALICE, "withdrawn")
    assert await scripted.acting(ALICE).withdraw(request.id) == record
    assert await scripted.actions() == ["request.created", "request.withdrawn"]
    with pytest.raises(WrongState) as late:
        await scripted.acting(BOB).approve(request.id, comment="")
    assert (late.value.actual, late.value.by) == ("REVOKED", ALICE)


async def test_what_is_decided_cannot_be_withdrawn(scripted: Product) -> None:
    """Approved is approved; revoking is another act."""
    request = (await scripted.approved()).request

    with pytest.raises(WrongState) as late:
        await scripted.acting(ALICE).withdraw(request.id)

    assert (late.value.expected, late.value.actual) == ("PENDING", "APPROVED")
    assert (await scripted.record(request.id)).request == request


async def test_half_approved_can_be_withdrawn(product: Product) -> None:
    """One of two is not decided yet."""
    request = (await product.submit(an_ask(resource_scope="prod"))).request
    await product.acting(CAROL).approve(request.id, comment="")

    record = await product.acting(ALICE).withdraw(request.id)

    assert record.request.state is RequestState.REVOKED
    assert len(record.decisions) == 1
