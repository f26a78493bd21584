"""Refusals in the chain: the first at once, repeats counted and told later."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.errors import NotAllowed, PolicyUnavailable, StoreUnavailable
from core.services.refusals import WINDOW
from core.store.engine import open_store
from core.vocabulary import (
    AuditAction,
    JobKind,
    Origin,
    Outcome,
    PolicyAction,
    RequestId,
)
from tests.support.broken_stores import ReadOnlyStore
from tests.support.builders import BOB, DAVE, ERIN
from tests.support.policies import ScriptedPolicy, refusing
from tests.support.products import Product, a_product
from tests.support.rosters import Groups


async def refused(product: Product, request_id: RequestId, *, times: int) -> None:
    """Have dave refused an approval several times."""
    for _ in range(times):
        with pytest.raises(NotAllowed):
            await product.acting(DAVE).approve(request_id, comment="please")


async def test_repeats_are_counted_and_told_as_one_event(product: Product) -> None:
    """A flood of clicks is two events: the first, and how many there were."""
    request = (await product.submit()).request

    await refused(product, request.id, times=6)

    (first,) = await product.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert first.fact.actor == DAVE
    assert first.fact.request_id == request.id
    assert first.fact.outcome is Outcome.FAILURE
    assert first.fact.details["code"] == "not_allowed"
    assert first.fact.details["why"] == "only sre-lead may decide this"
    (job,) = await product.jobs(JobKind.TELL_REFUSALS)
    assert job.due_at == first.fact.occurred_at + WINDOW
    product.clock.move(WINDOW)
    await product.hurry_and_work()
    _, second = await product.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert second.fact.details["repeated"] == 5
    assert second.fact.details["verdict"] == "approve"
    assert (second.fact.actor, second.fact.origin) == (DAVE, Origin.SYSTEM)
    assert second.fact.request_id == request.id
    assert await product.jobs(JobKind.TELL_REFUSALS) == []


async def test_one_refusal_is_one_event(product: Product) -> None:
    """Without repeats the window closes silently, and the next one is a first."""
    request = (await product.submit()).request
    await refused(product, request.id, times=1)
    product.clock.move(WINDOW)

    await product.hurry_and_work()

    assert len(await product.events(outcome=Outcome.FAILURE)) == 1
    await refused(product, request.id, times=1)
    assert len(await product.events(outcome=Outcome.FAILURE)) == 2


async def test_another_verdict_person_or_request_is_another_refusal(
    product: Product,
) -> None:
    """Only the same (actor, request, verdict, code) is a repeat."""
    one = (await product.submit()).request
    two = (await product.submit()).request

    await refused(product, one.id, times=2)
    await refused(product, two.id, times=2)
    for person in (DAVE, ERIN):
        with pytest.raises(NotAllowed):
            await product.acting(person).deny(one.id, reason="no")

    told = [
        (e.fact.actor, e.fact.request_id, e.fact.details["verdict"])
        for e in await product.events(AuditAction.REQUEST_DECISION_REFUSED)
    ]
    assert told == [
        (DAVE, one.id, "approve"),
        (DAVE, two.id, "approve"),
        (DAVE, one.id, "deny"),
        (ERIN, one.id, "deny"),
    ]


async def test_twenty_refused_clicks_at_once_are_one_event(product: Product) -> None:
    """All are refused, one is written, nineteen are counted."""
    request = (await product.submit()).request

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(refused(product, request.id, times=1))

    assert len(await product.events(outcome=Outcome.FAILURE)) == 1
    product.clock.move(WINDOW)
    await product.hurry_and_work()
    assert (await product.events())[-1].fact.details["repeated"] == 19


async def test_a_worker_that_lost_its_lease_forgets_no_repeats(
    product: Product,
) -> None:
    """What it closed is undone, and the next worker tells of it."""
    request = (await product.submit()).request
    await refused(product, request.id, times=4)
    product.clock.move(WINDOW)
    await product.hurry(JobKind.TELL_REFUSALS)
    late = await product.claim(JobKind.TELL_REFUSALS)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    job = await product.claim(JobKind.TELL_REFUSALS, lease=timedelta(seconds=30))

    await product.jitsudo.services.refusals.tell_repeats(late)
    assert len(await product.events(outcome=Outcome.FAILURE)) == 1
    await product.jitsudo.services.refusals.tell_repeats(job)

    assert (await product.events())[-1].fact.details["repeated"] == 3


async def test_what_is_no_refusal_does_not_touch_the_chain(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Policy without an answer may answer in a moment."""
    request = (await scripted.submit()).request
    policy.failure = "down"

    for _ in range(3):
        with pytest.raises(PolicyUnavailable):
            await scripted.acting(BOB).approve(request.id, comment="")

    assert await scripted.actions() == ["request.created"]
    assert await scripted.jobs(JobKind.TELL_REFUSALS) == []


async def test_a_refusal_that_cannot_be_written_is_still_one(
    database_url: str, groups: Groups
) -> None:
    """The person reads policy's reason, not the database's trouble; it is logged."""
    policy = ScriptedPolicy(refusing(PolicyAction.APPROVE, reason="not you"))
    real = open_store(database_url)
    store = ReadOnlyStore(real)
    async with a_product(database_url, groups, policy=policy, store=store) as product:
        request = (await product.submit()).request
        store.is_full = True

        with capture_logs() as logs, pytest.raises(NotAllowed, match="not you"):
            await product.acting(BOB).approve(request.id, comment="")

        assert [log["event"] for log in logs] == ["refusal_not_audited"]
        assert logs[0]["error"] == "store_unavailable"
        assert product.jitsudo.services.refusals.not_audited == 1
        assert store.deadlines[-1] is not None
        assert (await product.record(request.id)).request == request
        assert await product.actions() == ["request.created"]
        # An approval that cannot be written is none.
        policy.rule = ScriptedPolicy().rule
        with pytest.raises(StoreUnavailable):
            await product.acting(BOB).approve(request.id, comment="")
        store.is_full = False
        record = await product.acting(BOB).approve(request.id, comment="")
        assert record.request.version == 2
    await real.close()
