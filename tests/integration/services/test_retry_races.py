"""Retry against the job that it hurries: in flight, killed, failing again."""

import asyncio

from core.process import LEASE
from core.vocabulary import AuditAction, GrantStatus, JobKind, RequestId, RequestState
from tests.support.builders import ALICE, BOB
from tests.support.products import Product
from tests.support.providers import Mood


async def failed_issue(product: Product) -> RequestId:
    """Return a request whose issuing has failed once, its job due now."""
    request_id = (await product.approved()).request.id
    product.provider.mood = Mood.FAIL
    await product.work()
    product.provider.mood = Mood.WORK
    await product.hurry(JobKind.ISSUE)
    return request_id


async def test_retrying_what_is_being_retried_issues_once(scripted: Product) -> None:
    """The button is pressed while the next try is with the provider."""
    request_id = await failed_issue(scripted)
    scripted.provider.before_answering = asyncio.Event()
    scripted.provider.has_granted.clear()
    working = asyncio.ensure_future(scripted.work())
    await scripted.provider.has_granted.wait()

    await scripted.acting(BOB).retry(request_id)
    scripted.provider.before_answering.set()
    await working
    await scripted.hurry_and_work()

    assert (await scripted.record(request_id)).request.is_in_force
    assert len(await scripted.events(AuditAction.GRANT_ISSUED)) == 1
    assert scripted.provider.revocations == []
    assert await scripted.jobs(JobKind.ISSUE, JobKind.REVOKE) == []


async def test_retrying_what_fails_again_leaves_one_job_with_its_tries(
    scripted: Product,
) -> None:
    """Nothing is tried twice as often for having been pressed."""
    request_id = await failed_issue(scripted)
    job = await scripted.claim(JobKind.ISSUE, lease=LEASE)
    await scripted.acting(BOB).retry(request_id)
    scripted.provider.mood = Mood.FAIL

    await scripted.jitsudo.services.issue.run(job)

    (waiting,) = await scripted.jobs(JobKind.ISSUE)
    assert (waiting.attempts, waiting.last_error) == (2, "throttled")
    failed = (await scripted.record(request_id)).request
    assert failed.grant_status is GrantStatus.FAILED


async def test_retrying_while_a_dead_worker_holds_the_job(scripted: Product) -> None:
    """It is done when the lease has run out; once."""
    request_id = await failed_issue(scripted)
    await scripted.claim(JobKind.ISSUE)

    await scripted.acting(BOB).retry(request_id)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    await scripted.hurry_and_work()

    assert (await scripted.record(request_id)).request.is_in_force
    assert len(await scripted.events(AuditAction.GRANT_ISSUED)) == 1
    assert await scripted.jobs(JobKind.ISSUE, JobKind.REVOKE) == []


async def test_retrying_an_end_that_is_being_confirmed_says_it_once(
    scripted: Product,
) -> None:
    """The job that comes second finds it said, and ends nothing else."""
    request_id = (await scripted.active()).request.id
    scripted.provider.mood = Mood.FAIL
    await scripted.acting(ALICE).revoke(request_id, reason="")
    await scripted.work()
    scripted.provider.mood = Mood.WORK
    await scripted.hurry(JobKind.REVOKE)
    job = await scripted.claim(JobKind.REVOKE, lease=LEASE)

    await scripted.acting(ALICE).retry(request_id)
    await scripted.jitsudo.services.end_grant.run(job)
    await scripted.hurry_and_work()

    ended = (await scripted.record(request_id)).request
    assert ended.state is RequestState.REVOKED
    assert len(await scripted.events(AuditAction.GRANT_REVOKED)) == 1
    assert await scripted.jobs(JobKind.REVOKE) == []
