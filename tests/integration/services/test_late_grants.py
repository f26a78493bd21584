"""A cloud that answers after a minute: cut off, given up, and ended all the same."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.assembly import CALL_SECONDS
from core.domain.grant import order_of
from core.process import LEASE
from core.services.endings import LOOK_AGAIN
from core.services.issue import Issue
from core.services.provider_calls import PREPARING_SECONDS, ProviderCalls
from core.vocabulary import AuditAction, GrantStatus, JobKind, RequestState
from tests.support.builders import ALICE, BOB
from tests.support.products import Product
from tests.support.providers import Mood


def test_a_call_and_what_comes_before_it_fit_into_a_lease() -> None:
    """With room for what is written afterwards."""
    assert LEASE.total_seconds() - 3 > CALL_SECONDS + PREPARING_SECONDS


async def cut_off(product: Product) -> None:
    """Let the waiting issue job meet a cloud that does not answer in time."""
    product.provider.mood = Mood.HANG
    job = await product.claim(JobKind.ISSUE, lease=LEASE)
    issue = Issue(
        store=product.jitsudo.store,
        calls=ProviderCalls({"local": product.provider}, call_seconds=0.05),
        sealer=product.jitsudo.services.issue._sealer,
        clock=product.clock,
        signal=product.jitsudo.signal,
        abandon_after=product.settings.abandon_after,
    )
    async with asyncio.timeout(10):
        await issue.run(job)
    product.provider.mood = Mood.WORK


@pytest.mark.parametrize("is_given_up", [True, False])
async def test_what_the_cloud_did_after_the_end_was_said_is_ended(
    scripted: Product, *, is_given_up: bool
) -> None:
    """The call was cut; REVOKED was said; a minute later the cloud grants."""
    approved = (await scripted.approved()).request
    await cut_off(scripted)
    if is_given_up:
        scripted.clock.move(scripted.settings.abandon_after)
    else:
        await scripted.acting(ALICE).revoke(approved.id, reason="too slow")
    await scripted.hurry_and_work()
    ended = (await scripted.record(approved.id)).request
    assert ended.state is RequestState.REVOKED
    told = await scripted.actions()

    await scripted.provider.grant(order_of(approved))  # it carries on over there
    assert approved.id in scripted.provider.in_force
    (job,) = await scripted.jobs(JobKind.REVOKE)
    assert job.due_at == scripted.clock.now() + LOOK_AGAIN
    await scripted.hurry_and_work()

    assert scripted.provider.in_force == {}
    assert (await scripted.record(approved.id)).request == ended
    assert await scripted.actions() == told
    assert await scripted.jobs(JobKind.ISSUE, JobKind.REVOKE) == []


async def test_looking_again_is_tried_until_the_provider_confirms(
    scripted: Product,
) -> None:
    """It fails like any other end, and says so where operators look."""
    approved = (await scripted.approved()).request
    await scripted.acting(ALICE).revoke(approved.id, reason="")
    await scripted.work()
    scripted.provider.mood = Mood.FAIL

    await scripted.hurry_and_work()

    (job,) = await scripted.jobs(JobKind.REVOKE)
    assert job.last_error == "throttled"
    scripted.provider.mood = Mood.WORK
    await scripted.hurry_and_work()
    assert await scripted.jobs(JobKind.REVOKE) == []


async def test_what_was_issued_is_ended_once(scripted: Product) -> None:
    """Its own answer was heard, so nothing comes late."""
    active = (await scripted.active()).request
    await scripted.acting(ALICE).revoke(active.id, reason="")

    await scripted.hurry_and_work(rounds=2)

    assert scripted.provider.revocations == [active.id]


async def test_issuing_is_given_up_when_it_was_said_to_be(scripted: Product) -> None:
    """Not at the next try after it, which may be minutes later."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.FAIL
    left = timedelta(milliseconds=300)
    scripted.clock.move(scripted.settings.abandon_after - left)

    await scripted.work()

    failed = (await scripted.record(approved.id)).request
    assert failed.next_try_at == scripted.clock.now() + left
    (job,) = await scripted.jobs(JobKind.ISSUE)
    assert job.due_at <= datetime.now(UTC) + left


async def test_an_end_says_how_it_began_whichever_job_finishes_it(
    scripted: Product,
) -> None:
    """A clean-up that comes first calls neither giving up nor expiry a revocation."""
    given_up = (await scripted.approved()).request
    late = await scripted.claim(JobKind.ISSUE)
    issued = await scripted.provider.grant(order_of(given_up))
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    scripted.clock.move(scripted.settings.abandon_after)
    held = await scripted.claim(JobKind.ISSUE, lease=LEASE)
    await scripted.jitsudo.services.issue._activate(late, given_up.id, issued)
    await scripted.jitsudo.services.issue.run(held)
    await scripted.work()
    ended = (await scripted.record(given_up.id)).request
    assert ended.state is RequestState.REVOKED
    assert len(await scripted.events(AuditAction.REQUEST_ABANDONED)) == 1
    assert await scripted.events(AuditAction.GRANT_REVOKED) == []

    expired = (await scripted.active()).request
    scripted.provider.mood = Mood.FAIL
    scripted.clock.move(expired.ask.duration)
    await scripted.hurry_and_work()
    scripted.provider.mood = Mood.WORK
    other = (await scripted.record(expired.id)).request
    assert other.grant_status is GrantStatus.REVOKE_FAILED
    await scripted.jitsudo.services.issue._activate(late, expired.id, issued)
    await scripted.work()
    assert (await scripted.record(expired.id)).request.state is RequestState.EXPIRED
    assert await scripted.events(AuditAction.GRANT_REVOKED) == []


async def test_given_up_by_the_worker_after_somebody_took_it_back(
    scripted: Product,
) -> None:
    """Whoever ended it stays who ended it, though its time is over as well."""
    approved = (await scripted.approved()).request
    await cut_off(scripted)
    await scripted.acting(BOB).revoke(approved.id, reason="wrong cluster")
    scripted.clock.move(scripted.settings.abandon_after)

    await scripted.hurry_and_work(rounds=2)

    ended = (await scripted.record(approved.id)).request
    assert (ended.ended_by, ended.end_reason) == (BOB, "wrong cluster")
    assert await scripted.events(AuditAction.REQUEST_ABANDONED) == []
