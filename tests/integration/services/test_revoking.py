"""Ending a grant early: who may, what is erased when, and what it races with."""

import asyncio

import pytest

from core.errors import Invalid, NotAllowed, NotFound, PolicyUnavailable, WrongState
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    PolicyAction,
    RequestState,
    SurfacePurpose,
)
from tests.support.builders import ALICE, BOB, DAVE, ERIN, a_request_id
from tests.support.policies import YES, ScriptedPolicy, always, refusing
from tests.support.products import Product
from tests.support.providers import Mood


async def test_the_requester_ends_a_grant_and_the_provider_finishes_it(
    scripted: Product,
) -> None:
    """Erased before the answer; REVOKED with who and why after the provider's yes."""
    request_id = (await scripted.active()).request.id

    begun = (await scripted.acting(ALICE).revoke(request_id, reason="done")).request

    assert begun.state is RequestState.ACTIVE
    assert begun.grant_status is GrantStatus.REVOKING
    grant = await scripted.grant(request_id)
    assert grant is not None
    assert grant.sealed_credentials is None
    assert scripted.provider.in_force
    await scripted.work()
    ended = (await scripted.record(request_id)).request
    assert ended.state is RequestState.REVOKED
    assert ended.grant_status is GrantStatus.ENDED
    assert (ended.ended_by, ended.end_reason) == (ALICE, "done")
    assert scripted.provider.in_force == {}
    assert (await scripted.actions())[-2:] == [
        "grant.revoke_requested",
        "grant.revoked",
    ]


@pytest.mark.parametrize("person", [BOB, ERIN])
async def test_whom_policy_allows_and_admins_may(product: Product, person: str) -> None:
    """By the starter policy any approver may; admins need nobody's leave."""
    request_id = (await product.active()).request.id

    await product.acting(person).revoke(request_id, reason="")
    await product.work()

    request = (await product.record(request_id)).request
    assert (request.state, request.ended_by) == (RequestState.REVOKED, person)


@pytest.mark.parametrize(("person", "is_told"), [(ALICE, False), (BOB, True)])
async def test_who_did_not_end_it_themselves_gets_a_message_of_its_own(
    scripted: Product, person: str, *, is_told: bool
) -> None:
    """An edit of the message they have would call nobody."""
    request_id = (await scripted.active()).request.id

    await scripted.acting(person).revoke(request_id, reason="leaked")

    told = [
        surface.destination
        for surface in await scripted.surfaces(request_id)
        if surface.purpose is SurfacePurpose.WARNING
    ]
    assert told == ([ALICE] if is_told else [])


async def test_others_are_told_policys_reason_and_it_is_audited(
    product: Product,
) -> None:
    """Nothing ends, and the refusal is in the log."""
    active = (await product.active()).request

    with pytest.raises(NotAllowed, match="only sre-lead may decide this"):
        await product.acting(DAVE).revoke(active.id, reason="mine now")

    assert (await product.record(active.id)).request == active
    (event,) = await product.events(AuditAction.GRANT_REVOKE_REFUSED)
    assert event.fact.actor == DAVE
    assert event.fact.details["revoke_reason"] == "mine now"


async def test_a_freeze_never_keeps_access_alive(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """`deny` stops approvals; an end is none."""
    request_id = (await scripted.active()).request.id
    policy.rule = always(YES.__class__(allow=True, deny=("frozen",)))

    begun = await scripted.acting(BOB).revoke(request_id, reason="")

    assert begun.request.grant_status is GrantStatus.REVOKING


async def test_no_clear_answer_ends_nothing_but_the_requester_needs_none(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Policy being down is no reason to keep what one wants to give back."""
    request_id = (await scripted.active()).request.id
    policy.failure = "down"

    with pytest.raises(PolicyUnavailable):
        await scripted.acting(BOB).revoke(request_id, reason="")
    begun = await scripted.acting(ALICE).revoke(request_id, reason="")

    assert begun.request.grant_status is GrantStatus.REVOKING


async def test_a_provider_that_does_not_confirm_is_never_called_done(
    scripted: Product,
) -> None:
    """It says so, tries again, and can be made to try at once."""
    request_id = (await scripted.active()).request.id
    scripted.provider.mood = Mood.FAIL
    await scripted.acting(ALICE).revoke(request_id, reason="")

    await scripted.work()

    failed = (await scripted.record(request_id)).request
    assert failed.state is RequestState.ACTIVE
    assert failed.grant_status is GrantStatus.REVOKE_FAILED
    assert failed.next_try_at is not None
    scripted.provider.mood = Mood.WORK
    again = (await scripted.acting(BOB).retry(request_id)).request
    assert again.grant_status is GrantStatus.REVOKING
    assert again.next_try_at is None
    await scripted.work()
    assert (await scripted.record(request_id)).request.state is RequestState.REVOKED
    assert len(await scripted.events(AuditAction.GRANT_RETRY_REQUESTED)) == 1


async def test_an_end_the_provider_only_claims_is_not_believed(
    scripted: Product,
) -> None:
    """It is asked once more whether the grant is over."""
    request_id = (await scripted.active()).request.id
    scripted.provider.forgets_to_end = True
    await scripted.acting(ALICE).revoke(request_id, reason="")

    await scripted.work()

    failed = (await scripted.record(request_id)).request
    assert failed.grant_status is GrantStatus.REVOKE_FAILED
    assert failed.grant_error == "it is still in force"
    scripted.provider.forgets_to_end = False
    await scripted.hurry_and_work()
    assert (await scripted.record(request_id)).request.state is RequestState.REVOKED


async def test_what_is_still_being_issued_is_taken_back(scripted: Product) -> None:
    """APPROVED too; what the provider may have granted is ended."""
    request_id = (await scripted.approved()).request.id

    await scripted.acting(ALICE).revoke(request_id, reason="no need")
    await scripted.work()

    request = (await scripted.record(request_id)).request
    assert request.state is RequestState.REVOKED
    assert request.issued_at is None
    assert scripted.provider.in_force == {}
    assert scripted.provider.revocations == [request_id]


async def test_giving_up_what_fails_ends_the_tries(scripted: Product) -> None:
    """An approver needs not wait until issuing is abandoned by itself."""
    request_id = (await scripted.approved()).request.id
    scripted.provider.mood = Mood.FAIL
    await scripted.work()
    scripted.provider.mood = Mood.WORK

    await scripted.acting(BOB).revoke(request_id, reason="given up")
    await scripted.hurry_and_work(rounds=2)

    request = (await scripted.record(request_id)).request
    assert (request.state, request.ended_by) == (RequestState.REVOKED, BOB)
    assert await scripted.jobs(JobKind.ISSUE, JobKind.REVOKE) == []
    assert scripted.provider.in_force == {}


async def test_giving_up_leaves_a_grant_that_came_through_meanwhile(
    scripted: Product,
) -> None:
    """Who pressed it on an old card is told that it runs; nothing is ended."""
    active = (await scripted.active()).request

    with pytest.raises(WrongState, match="not waiting to be issued"):
        await scripted.acting(BOB).revoke(
            active.id, reason="given up", only_unissued=True
        )

    assert (await scripted.record(active.id)).request == active


async def test_a_revocation_while_the_provider_grants_leaves_nothing(
    scripted: Product,
) -> None:
    """The grant that comes too late is ended by the handle it came with."""
    request_id = (await scripted.approved()).request.id
    scripted.provider.before_answering = asyncio.Event()
    working = asyncio.ensure_future(scripted.work())
    await scripted.provider.has_granted.wait()

    await scripted.acting(ALICE).revoke(request_id, reason="")
    scripted.provider.before_answering.set()
    await working
    await scripted.hurry_and_work()

    request = (await scripted.record(request_id)).request
    assert request.state is RequestState.REVOKED
    assert scripted.provider.in_force == {}
    assert scripted.provider.handles[-1] == f"handle-{request_id}"
    assert await scripted.grant(request_id) is not None


async def test_revoking_again_answers_the_same(scripted: Product) -> None:
    """Before and after the provider's yes, and for somebody else; one event each."""
    request_id = (await scripted.active()).request.id
    first = await scripted.acting(ALICE).revoke(request_id, reason="first")

    second = await scripted.acting(BOB).revoke(request_id, reason="second")
    await scripted.work()
    third = await scripted.acting(BOB).revoke(request_id, reason="third")

    assert second.request == first.request
    assert third.request.state is RequestState.REVOKED
    assert (third.request.ended_by, third.request.end_reason) == (ALICE, "first")
    assert len(await scripted.events(AuditAction.GRANT_REVOKE_REQUESTED)) == 1
    assert len(await scripted.events(AuditAction.GRANT_REVOKED)) == 1


async def test_two_at_once_end_it_once(scripted: Product) -> None:
    """Whoever comes second finds it begun."""
    request_id = (await scripted.active()).request.id

    async with asyncio.TaskGroup() as group:
        for person in (ALICE, BOB, ERIN):
            group.create_task(scripted.acting(person).revoke(request_id, reason=""))
    await scripted.work()

    assert (await scripted.record(request_id)).request.state is RequestState.REVOKED
    assert len(await scripted.events(AuditAction.GRANT_REVOKE_REQUESTED)) == 1
    assert scripted.provider.revocations == [request_id]


async def test_what_has_no_grant_is_refused_by_its_state(scripted: Product) -> None:
    """A pending request is withdrawn or denied; one that expired has ended."""
    pending = (await scripted.submit()).request.id
    with pytest.raises(WrongState, match="PENDING, not APPROVED or ACTIVE"):
        await scripted.acting(ALICE).revoke(pending, reason="")
    denied = (await scripted.submit()).request.id
    await scripted.acting(BOB).deny(denied, reason="no")
    with pytest.raises(WrongState, match="REJECTED"):
        await scripted.acting(ALICE).revoke(denied, reason="")
    withdrawn = (await scripted.submit()).request.id
    await scripted.acting(ALICE).withdraw(withdrawn)
    with pytest.raises(WrongState, match="REVOKED"):
        await scripted.acting(ALICE).revoke(withdrawn, reason="")

    expired = (await scripted.active()).request
    scripted.clock.move(expired.ask.duration)
    await scripted.hurry_and_work()
    with pytest.raises(WrongState, match="EXPIRED"):
        await scripted.acting(ALICE).revoke(expired.id, reason="")


async def test_unknown_ids_and_odd_reasons_change_nothing(scripted: Product) -> None:
    """Each names what is wrong."""
    active = (await scripted.active()).request

    with pytest.raises(NotFound):
        await scripted.acting(ALICE).revoke(a_request_id(), reason="")
    with pytest.raises(Invalid, match="reason"):
        await scripted.acting(ALICE).revoke(active.id, reason="x" * 2_001)
    with pytest.raises(Invalid, match="reason"):
        await scripted.acting(ALICE).revoke(active.id, reason="a\0b")

    assert (await scripted.record(active.id)).request == active


async def test_retry_is_for_what_failed(scripted: Product) -> None:
    """An issue that failed goes on at once; a grant in force has nothing to retry."""
    request_id = (await scripted.approved()).request.id
    scripted.provider.mood = Mood.FAIL
    await scripted.work()
    scripted.provider.mood = Mood.WORK

    trying = (await scripted.acting(BOB).retry(request_id)).request
    assert trying.grant_status is GrantStatus.ISSUING
    await scripted.work()

    active = (await scripted.record(request_id)).request
    assert active.state is RequestState.ACTIVE
    with pytest.raises(WrongState, match="one whose grant failed"):
        await scripted.acting(BOB).retry(request_id)


async def test_retry_is_for_whom_policy_lets_revoke(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Dave may not press the provider; the refusal is audited."""
    request_id = (await scripted.approved()).request.id
    scripted.provider.mood = Mood.FAIL
    await scripted.work()
    policy.rule = refusing(PolicyAction.REVOKE)

    with pytest.raises(NotAllowed, match="scripted no"):
        await scripted.acting(DAVE).retry(request_id)

    assert len(await scripted.events(AuditAction.GRANT_REVOKE_REFUSED)) == 1


@pytest.mark.parametrize("is_early", [True, False])
async def test_retrying_an_end_keeps_what_it_was(
    scripted: Product, *, is_early: bool
) -> None:
    """An expiry that failed stays one, and a revocation too."""
    request = (await scripted.active()).request
    scripted.provider.mood = Mood.FAIL
    if is_early:
        await scripted.acting(ALICE).revoke(request.id, reason="")
        await scripted.work()
    else:
        scripted.clock.move(request.ask.duration)
        await scripted.hurry_and_work()
    scripted.provider.mood = Mood.WORK

    await scripted.acting(ALICE).retry(request.id)
    await scripted.work()

    ended = (await scripted.record(request.id)).request
    expected = RequestState.REVOKED if is_early else RequestState.EXPIRED
    assert ended.state is expected
    assert await scripted.jobs(JobKind.EXPIRE if not is_early else JobKind.REVOKE) == []


async def test_a_long_outage_fills_neither_the_log_nor_the_thread(
    scripted: Product,
) -> None:
    """Told at the first, second and fourth failure, and when the reason changes."""
    request_id = (await scripted.active()).request.id
    scripted.provider.mood = Mood.FAIL
    await scripted.acting(ALICE).revoke(request_id, reason="")

    await scripted.hurry_and_work(rounds=5)
    scripted.provider.why = "access denied"
    await scripted.hurry_and_work()

    events = await scripted.events(AuditAction.GRANT_REVOKE_FAILED)
    told = [(e.fact.details["attempts"], e.fact.details["why"]) for e in events]
    assert told == [
        (1, "throttled"),
        (2, "throttled"),
        (4, "throttled"),
        (6, "access denied"),
    ]
    failed = (await scripted.record(request_id)).request
    assert failed.grant_error == "access denied"
    assert failed.next_try_at is not None
