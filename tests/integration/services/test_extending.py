"""Extending: a decision like any other; the old grant ends when the new one runs."""

from datetime import timedelta

import pytest

from core.errors import Invalid, NotAllowed, NotFound, WrongState
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    PolicyAction,
    RequestState,
    SurfacePurpose,
)
from tests.support.builders import ALICE, BOB, CAROL, DAVE, an_ask
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product
from tests.support.providers import Mood

HOUR = timedelta(hours=1)


async def test_the_old_grant_ends_when_the_new_one_runs_and_not_before(
    scripted: Product,
) -> None:
    """Pending, approved, failing: the old one stays; active: it is replaced."""
    old = (await scripted.active()).request

    new = (await scripted.acting(ALICE).extend(old.id, duration=HOUR)).request
    assert (new.state, new.extends) == (RequestState.PENDING, old.id)
    assert (new.ask.role, new.ask.reason) == (old.ask.role, old.ask.reason)
    scripted.provider.mood = Mood.FAIL
    await scripted.acting(BOB).approve(new.id, comment="")
    await scripted.work()
    assert (await scripted.record(old.id)).request.is_in_force
    scripted.provider.mood = Mood.WORK
    await scripted.acting(BOB).retry(new.id)
    await scripted.work()

    ended = (await scripted.record(old.id)).request
    assert ended.state is RequestState.REVOKED
    assert (ended.ended_by, ended.end_reason) == ("system", f"extended by {new.id}")
    assert (await scripted.record(new.id)).request.state is RequestState.ACTIVE
    assert set(scripted.provider.in_force) == {new.id}
    created = await scripted.events(AuditAction.REQUEST_CREATED)
    assert created[-1].fact.details["extends"] == old.id


async def test_policy_reads_what_is_extended(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """`input.request.extends` is the id; the requester's eligibility is asked again."""
    old = (await scripted.active()).request
    policy.asked.clear()

    await scripted.acting(ALICE).extend(old.id, duration=HOUR, reason="still down")

    (asked,) = policy.asked_for(PolicyAction.SUBMIT)
    assert (asked.extends, asked.reason) == (old.id, "still down")


async def test_only_ones_own_and_only_in_force(scripted: Product) -> None:
    """Others do not even learn of it; what has ended is asked for anew."""
    old = (await scripted.active()).request
    with pytest.raises(NotAllowed, match=f"only {ALICE}"):
        await scripted.acting(BOB).extend(old.id, duration=HOUR)
    pending = (await scripted.submit()).request
    with pytest.raises(WrongState, match="PENDING"):
        await scripted.acting(ALICE).extend(pending.id, duration=HOUR)

    scripted.clock.move(old.ask.duration)
    with pytest.raises(WrongState, match="ACTIVE, so that"):
        await scripted.acting(ALICE).extend(old.id, duration=HOUR)


async def test_strangers_learn_nothing(product: Product) -> None:
    """Somebody who may not see it is told that there is none."""
    old = (await product.active()).request

    with pytest.raises(NotFound):
        await product.acting(DAVE).extend(old.id, duration=HOUR)


async def test_one_extension_is_open_at_a_time(scripted: Product) -> None:
    """The second names the first; the same one sent twice is the first."""
    old = (await scripted.active()).request
    alice = scripted.acting(ALICE)
    first = await alice.extend(old.id, duration=HOUR, key="press-1")

    again = await alice.extend(old.id, duration=HOUR, key="press-1")
    with pytest.raises(Invalid, match=first.request.id):
        await alice.extend(old.id, duration=HOUR)
    await alice.withdraw(first.request.id)
    later = await alice.extend(old.id, duration=HOUR)

    assert again.request.id == first.request.id
    assert later.request.id != first.request.id


async def test_an_extension_of_an_emergency_is_decided_by_people(
    product: Product,
) -> None:
    """Only the first hour came without a yes."""
    ask = an_ask(break_glass=True, resource_scope="prod")
    old = (await product.submit(ask)).request
    await product.work()

    new = (await product.acting(ALICE).extend(old.id, duration=HOUR)).request

    assert (new.state, new.ask.break_glass) == (RequestState.PENDING, False)
    assert new.required_approvals == 2
    await product.acting(BOB).approve(new.id, comment="")
    await product.acting(CAROL).approve(new.id, comment="")
    await product.work()
    assert (await product.record(old.id)).request.state is RequestState.REVOKED
    assert (await product.record(old.id)).request.needs_review


async def test_a_new_grant_outlives_a_replaced_one_whatever_the_provider_says(
    scripted: Product,
) -> None:
    """The old end is tried until it is confirmed; the new grant is not touched."""
    old = (await scripted.active()).request
    new = (await scripted.acting(ALICE).extend(old.id, duration=HOUR)).request
    await scripted.acting(BOB).approve(new.id, comment="")
    await scripted.hurry(JobKind.ISSUE)
    await scripted.workers().run_lane(f"request:{new.id}")
    scripted.provider.mood = Mood.FAIL

    await scripted.work()

    ending = (await scripted.record(old.id)).request
    assert ending.grant_status is GrantStatus.REVOKE_FAILED
    assert (await scripted.record(new.id)).request.is_in_force
    scripted.provider.mood = Mood.WORK
    await scripted.hurry(JobKind.REVOKE)
    await scripted.work()
    assert (await scripted.record(old.id)).request.state is RequestState.REVOKED
    assert set(scripted.provider.in_force) == {new.id}


async def test_the_requester_hears_five_minutes_before_the_end(
    scripted: Product,
) -> None:
    """While it is in force; a grant of ten minutes is too short for that."""
    request = (await scripted.active()).request
    (job,) = await scripted.jobs(JobKind.WARN)
    assert request.expires_at is not None
    assert job.due_at == request.expires_at - timedelta(minutes=5)

    scripted.clock.move(timedelta(minutes=55))
    await scripted.hurry(JobKind.WARN)
    await scripted.work()
    short = (await scripted.active(an_ask(duration=timedelta(minutes=10)))).request

    warned = [
        surface
        for surface in await scripted.surfaces(request.id)
        if surface.purpose is SurfacePurpose.WARNING
    ]
    assert [surface.destination for surface in warned] == [ALICE]
    assert await scripted.jobs(JobKind.WARN) == []
    assert (await scripted.record(short.id)).request.is_in_force


async def test_nobody_is_warned_of_what_has_ended(scripted: Product) -> None:
    """Revoked before the warning was due: nothing to extend."""
    request = (await scripted.active()).request
    await scripted.acting(ALICE).revoke(request.id, reason="")
    await scripted.work()

    await scripted.hurry(JobKind.WARN)
    await scripted.work()

    purposes = {s.purpose for s in await scripted.surfaces(request.id)}
    assert SurfacePurpose.WARNING not in purposes


async def test_an_extension_that_would_end_sooner_is_refused(
    scripted: Product,
) -> None:
    """Whoever asks for half an hour more with fifty minutes left would lose time."""
    old = (await scripted.active()).request
    scripted.clock.move(timedelta(minutes=10))

    with pytest.raises(Invalid, match="50m left") as wrong:
        await scripted.acting(ALICE).extend(old.id, duration=timedelta(minutes=49))

    assert wrong.value.field == "duration"
    asked = await scripted.acting(ALICE).extend(old.id, duration=timedelta(minutes=50))
    assert asked.request.extends == old.id
