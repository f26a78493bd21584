"""Expiry and lapse: erased at once, said when the provider has confirmed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import WrongState
from core.services.end_grant import EndGrant
from core.services.provider_calls import ProviderCalls
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Outcome,
    RequestId,
    RequestState,
)
from tests.support.builders import ALICE
from tests.support.products import Product
from tests.support.providers import Mood


async def at_its_end(product: Product) -> RequestId:
    """Return a request whose grant's time is over, with nothing done about it."""
    request = (await product.active()).request
    product.clock.move(request.ask.duration)
    return request.id


async def test_a_grant_expires_when_the_provider_has_confirmed(
    scripted: Product,
) -> None:
    """EXPIRED, ended at the provider, nothing left to read or to do."""
    request_id = await at_its_end(scripted)

    await scripted.hurry_and_work()

    request = (await scripted.record(request_id)).request
    assert request.state is RequestState.EXPIRED
    assert request.grant_status is GrantStatus.ENDED
    assert (request.ended_by, request.ended_at) == ("system", scripted.clock.now())
    assert scripted.provider.in_force == {}
    grant = await scripted.grant(request_id)
    assert grant is not None
    assert grant.sealed_credentials is None
    assert grant.ended_at == scripted.clock.now()
    assert (await scripted.actions())[-1] == "grant.expired"
    assert await scripted.jobs(JobKind.EXPIRE, JobKind.REVOKE, JobKind.ISSUE) == []


async def test_expiring_says_revoking_and_erases_before_the_provider_is_asked(
    scripted: Product,
) -> None:
    """A provider that does not answer delays the word EXPIRED and nothing else."""
    request_id = await at_its_end(scripted)
    scripted.provider.mood = Mood.FAIL

    await scripted.hurry_and_work()

    request = (await scripted.record(request_id)).request
    assert request.state is RequestState.ACTIVE
    assert request.grant_status is GrantStatus.REVOKE_FAILED
    assert request.grant_error == "throttled"
    assert request.next_try_at is not None
    assert request.version == 5
    grant = await scripted.grant(request_id)
    assert grant is not None
    assert grant.sealed_credentials is None
    assert grant.ended_at is None
    with pytest.raises(WrongState):
        await scripted.acting(ALICE).credentials(request_id)
    (event,) = await scripted.events(AuditAction.GRANT_REVOKE_FAILED)
    assert event.fact.outcome is Outcome.FAILURE
    scripted.provider.mood = Mood.WORK
    await scripted.hurry_and_work()
    ended = (await scripted.record(request_id)).request
    assert ended.state is RequestState.EXPIRED
    assert (ended.grant_error, ended.next_try_at) == ("", None)
    assert len(await scripted.events(AuditAction.GRANT_EXPIRED)) == 1


async def test_revoking_is_said_while_the_provider_thinks(scripted: Product) -> None:
    """Between the end of the time and the provider's yes, the card says revoking."""
    request_id = await at_its_end(scripted)
    scripted.provider.mood = Mood.HANG
    await scripted.hurry(JobKind.EXPIRE)

    working = asyncio.ensure_future(scripted.work())
    async with asyncio.timeout(10):
        await scripted.provider.was_asked_to_end.wait()

    request = (await scripted.record(request_id)).request
    assert request.state is RequestState.ACTIVE
    assert request.grant_status is GrantStatus.REVOKING
    grant = await scripted.grant(request_id)
    assert grant is not None
    assert grant.sealed_credentials is None
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_provider_that_hangs_over_the_end_is_not_waited_for(
    scripted: Product,
) -> None:
    """The call ends before the lease does."""
    request_id = await at_its_end(scripted)
    scripted.provider.mood = Mood.HANG
    await scripted.hurry(JobKind.EXPIRE)
    job = await scripted.claim(JobKind.EXPIRE, lease=timedelta(seconds=30))

    await EndGrant(
        store=scripted.store,
        calls=ProviderCalls({"local": scripted.provider}, call_seconds=0.05),
        clock=scripted.clock,
        signal=scripted.jitsudo.signal,
    ).run(job)

    request = (await scripted.record(request_id)).request
    assert request.grant_status is GrantStatus.REVOKE_FAILED
    assert request.grant_error == "it did not answer"


async def test_a_lost_yes_to_the_end_is_asked_for_again(scripted: Product) -> None:
    """Ending twice is harmless, ending never is not."""
    request_id = await at_its_end(scripted)
    scripted.provider.mood = Mood.LOSE_ANSWER
    await scripted.hurry_and_work()
    assert (await scripted.record(request_id)).request.state is RequestState.ACTIVE
    scripted.provider.mood = Mood.WORK

    await scripted.hurry_and_work()

    assert (await scripted.record(request_id)).request.state is RequestState.EXPIRED
    assert scripted.provider.revocations == [request_id] * 2


async def test_an_expiry_that_comes_early_waits(scripted: Product) -> None:
    """The database's clock may be ahead of ours; a grant is not cut short."""
    request = (await scripted.active()).request

    await scripted.hurry_and_work()

    assert (await scripted.record(request.id)).request == request
    assert request.id in scripted.provider.in_force
    (job,) = await scripted.jobs(JobKind.EXPIRE)
    assert job.lease is None
    assert job.last_error == ""


async def test_an_expiry_of_what_ended_otherwise_is_done(scripted: Product) -> None:
    """It is finished, not due again for ever."""
    request = (await scripted.active()).request
    async with scripted.store.transaction() as uow:
        locked = await uow.requests.lock(request.id)
        assert locked is not None
        await uow.requests.save(
            replace(
                locked,
                state=RequestState.REVOKED,
                grant_status=GrantStatus.ENDED,
                version=locked.version + 1,
            )
        )
        await uow.commit()
    scripted.clock.move(request.ask.duration)

    async with asyncio.timeout(10):
        await scripted.hurry_and_work()

    assert await scripted.jobs(JobKind.EXPIRE) == []
    assert (await scripted.record(request.id)).request.state is RequestState.REVOKED
    assert scripted.provider.revocations == []


async def test_a_second_end_of_the_same_grant_changes_nothing(
    scripted: Product,
) -> None:
    """A worker that comes late with the provider's yes finds it said already."""
    request_id = await at_its_end(scripted)
    await scripted.hurry(JobKind.EXPIRE)
    late = await scripted.claim(JobKind.EXPIRE)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock
    await scripted.work()
    ended = (await scripted.record(request_id)).request
    assert ended.state is RequestState.EXPIRED

    await scripted.jitsudo.services.end_grant.run(late)

    assert (await scripted.record(request_id)).request == ended
    assert len(await scripted.events(AuditAction.GRANT_EXPIRED)) == 1
