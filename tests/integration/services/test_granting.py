"""Issuing: works, fails, hangs, loses its answer, is killed; never stuck."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.domain.grant import order_of
from core.errors import WrongState
from core.services.issue import Issue
from core.services.provider_calls import ProviderCalls
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Outcome,
    RequestState,
    SurfacePurpose,
)
from tests.support.builders import ALICE, BOB
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product, a_product
from tests.support.providers import SECRET, Mood
from tests.support.rosters import Groups


async def test_an_approved_request_becomes_active(scripted: Product) -> None:
    """The duration starts when it is issued; credentials are sealed; expiry is due."""
    approved = (await scripted.approved()).request
    scripted.clock.move(timedelta(minutes=10))

    await scripted.work()

    request = (await scripted.record(approved.id)).request
    assert request.state is RequestState.ACTIVE
    assert request.grant_status is GrantStatus.ACTIVE
    assert request.version == 3
    assert request.issued_at == scripted.clock.now()
    assert request.expires_at == scripted.clock.now() + approved.ask.duration
    grant = await scripted.grant(request.id)
    assert grant is not None
    assert grant.sealed_credentials is not None
    assert SECRET.encode() not in grant.sealed_credentials
    (expiry,) = await scripted.jobs(JobKind.EXPIRE)
    assert expiry.due_at == request.expires_at
    assert (await scripted.actions())[-1] == "grant.issued"
    assert SECRET not in "".join(event.record for event in await scripted.events())


async def test_a_failure_is_said_and_the_next_try_works(scripted: Product) -> None:
    """The card never says active; the requester cannot read anything yet."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.FAIL

    await scripted.work()

    failed = (await scripted.record(approved.id)).request
    assert failed.state is RequestState.APPROVED
    assert failed.grant_status is GrantStatus.FAILED
    assert failed.grant_error == "throttled"
    assert failed.next_try_at is not None
    assert failed.next_try_at > scripted.clock.now()
    (event,) = await scripted.events(AuditAction.GRANT_FAILED)
    assert event.fact.outcome is Outcome.FAILURE
    assert event.fact.details["why"] == "throttled"
    (job,) = await scripted.jobs(JobKind.ISSUE)
    assert (job.last_error, job.attempts) == ("throttled", 1)
    with pytest.raises(WrongState):
        await scripted.acting(ALICE).credentials(approved.id)
    scripted.provider.mood = Mood.WORK
    await scripted.hurry_and_work()
    active = (await scripted.record(approved.id)).request
    assert active.state is RequestState.ACTIVE
    assert (active.grant_error, active.next_try_at) == ("", None)


async def test_a_lost_answer_grants_once(scripted: Product) -> None:
    """The provider said yes and nobody heard; the next try gets the same grant."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.LOSE_ANSWER
    await scripted.work()
    assert approved.id in scripted.provider.in_force
    issued_at = scripted.clock.now()
    scripted.clock.move(timedelta(minutes=1))
    scripted.provider.mood = Mood.WORK

    await scripted.hurry_and_work()

    request = (await scripted.record(approved.id)).request
    assert request.state is RequestState.ACTIVE
    assert request.issued_at == issued_at
    assert len(scripted.provider.grants) == 2
    assert list(scripted.provider.in_force) == [approved.id]


async def test_issuing_that_keeps_failing_is_given_up(scripted: Product) -> None:
    """After `abandon_after`: revoked at the provider, REVOKED, with the reason."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.LOSE_ANSWER
    await scripted.work()
    scripted.clock.move(scripted.settings.abandon_after)
    scripted.provider.mood = Mood.WORK
    await scripted.hurry_and_work()

    request = (await scripted.record(approved.id)).request
    assert request.state is RequestState.REVOKED
    assert request.grant_status is GrantStatus.ENDED
    assert request.end_reason == "issuing failed: the answer was lost"
    assert request.ended_by == "system"
    assert scripted.provider.revocations == [approved.id]
    assert scripted.provider.in_force == {}
    assert (await scripted.actions())[2:] == [
        "grant.failed", "grant.failed", "request.abandoned",
    ]  # fmt: skip
    assert await scripted.jobs(JobKind.ISSUE, JobKind.EXPIRE) == []
    told = await scripted.surfaces(approved.id)
    assert SurfacePurpose.WARNING in {surface.purpose for surface in told}


async def test_giving_up_waits_for_the_provider(scripted: Product) -> None:
    """REVOKED is said when the provider confirmed, not when we gave up."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.FAIL
    await scripted.work()
    scripted.clock.move(scripted.settings.abandon_after)

    await scripted.hurry_and_work(rounds=2)

    request = (await scripted.record(approved.id)).request
    assert request.state is RequestState.APPROVED
    assert request.grant_status is GrantStatus.REVOKE_FAILED
    assert len(await scripted.jobs(JobKind.REVOKE)) == 1
    scripted.provider.mood = Mood.WORK
    await scripted.hurry_and_work()
    assert (await scripted.record(approved.id)).request.state is RequestState.REVOKED


def impatient(product: Product) -> Issue:
    """Return the issuing of a product, with next to no patience for a provider."""
    return Issue(
        store=product.jitsudo.store,
        calls=ProviderCalls({"local": product.provider}, call_seconds=0.05),
        sealer=product.jitsudo.services.issue._sealer,
        clock=product.clock,
        signal=product.jitsudo.signal,
        abandon_after=timedelta(hours=1),
    )


async def test_a_provider_that_hangs_is_not_waited_for(scripted: Product) -> None:
    """The call ends before the lease, and counts as a failure."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.HANG
    job = await scripted.claim(JobKind.ISSUE, lease=timedelta(seconds=30))

    async with asyncio.timeout(10):
        await impatient(scripted).run(job)

    failed = (await scripted.record(approved.id)).request
    assert failed.grant_status is GrantStatus.FAILED
    assert failed.grant_error == "it did not answer"


async def test_a_provider_that_is_gone_is_a_failure_that_heals(
    database_url: str, groups: Groups
) -> None:
    """Unconfigured between approval and issuing: said, retried, and done later."""
    policy = ScriptedPolicy()
    async with a_product(database_url, groups, policy=policy) as product:
        approved = (await product.approved()).request
        without = Issue(
            store=product.jitsudo.store,
            calls=ProviderCalls({}, call_seconds=1),
            sealer=product.jitsudo.services.issue._sealer,
            clock=product.clock,
            signal=product.jitsudo.signal,
            abandon_after=timedelta(hours=1),
        )
        job = await product.claim(JobKind.ISSUE, lease=timedelta(seconds=30))
        await without.run(job)

        failed = (await product.record(approved.id)).request
        assert failed.grant_error == "it is not configured any more"
        await product.hurry_and_work()
        assert (await product.record(approved.id)).request.state is RequestState.ACTIVE


async def test_a_provider_that_crashes_has_failed_and_its_words_are_hidden(
    scripted: Product,
) -> None:
    """The card must not say *Granting* for an hour; the text may hold a secret."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.CRASH

    with capture_logs() as logs:
        await scripted.work()

    (job,) = await scripted.jobs(JobKind.ISSUE)
    assert job.last_error == "unexpected RuntimeError"
    assert SECRET not in job.last_error
    errors = [log["event"] for log in logs if log["log_level"] == "error"]
    assert errors == ["provider_crashed"]
    assert SECRET not in repr(logs)
    failed = (await scripted.record(approved.id)).request
    assert failed.grant_status is GrantStatus.FAILED
    assert failed.grant_error == "unexpected RuntimeError"
    assert (await scripted.actions())[-1] == "grant.failed"
    scripted.provider.mood = Mood.WORK
    await scripted.hurry_and_work()
    assert (await scripted.record(approved.id)).request.state is RequestState.ACTIVE


async def test_a_provider_s_words_are_stored_as_one_clipped_line(
    scripted: Product,
) -> None:
    """Whatever a cloud answers, the failure is said and not lost itself."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.FAIL
    scripted.provider.why = "bad \x00 byte \ud800\nand " + "x" * 10_000

    await scripted.work()

    failed = (await scripted.record(approved.id)).request
    assert failed.grant_status is GrantStatus.FAILED
    assert failed.grant_error.startswith("bad byte and xxx")
    assert len(failed.grant_error) == 300


async def test_a_grant_that_came_too_late_is_ended_by_its_own_handle(
    scripted: Product,
) -> None:
    """Given up while the provider was still granting: nothing stays behind."""
    approved = (await scripted.approved()).request
    job = await scripted.claim(JobKind.ISSUE, lease=timedelta(seconds=30))
    issue = scripted.jitsudo.services.issue
    issued = await scripted.provider.grant(order_of(approved))
    scripted.clock.move(scripted.settings.abandon_after)
    await issue.run(job)

    await issue._activate(job, approved.id, issued)
    await scripted.hurry_and_work(rounds=3)

    assert set(scripted.provider.handles) == {issued.handle}
    assert scripted.provider.in_force == {}
    assert (await scripted.record(approved.id)).request.state is RequestState.REVOKED
    grant = await scripted.grant(approved.id)
    assert grant is not None
    assert grant.sealed_credentials is None


async def test_crashing_for_ever_is_given_up_as_well(scripted: Product) -> None:
    """Never stuck: what nobody foresaw ends like any other failure."""
    approved = (await scripted.approved()).request
    scripted.provider.mood = Mood.CRASH
    with capture_logs():
        await scripted.work()
    scripted.clock.move(scripted.settings.abandon_after)
    scripted.provider.mood = Mood.WORK

    await scripted.hurry_and_work(rounds=2)

    assert (await scripted.record(approved.id)).request.state is RequestState.REVOKED


async def test_a_denied_request_is_never_issued(scripted: Product) -> None:
    """Whatever job there is, nothing is granted without an approval."""
    request = (await scripted.submit()).request
    await scripted.acting(BOB).deny(request.id, reason="no")

    await scripted.hurry_and_work()

    assert scripted.provider.grants == []
