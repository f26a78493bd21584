"""Shutting somebody out: nothing new from then on, and what they have is ended."""

import asyncio
from datetime import timedelta

import pytest

from core.approvals import RequestQuery
from core.errors import (
    Invalid,
    NotAllowed,
    NotAuthenticated,
    StoreUnavailable,
)
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    RequestId,
    RequestState,
    TokenScope,
)
from tests.support.builders import ALICE, BOB, DAVE, ERIN, an_ask
from tests.support.products import Product

WHY = "left the company"


async def test_requests_grants_and_tokens_are_ended_each_with_its_event(
    scripted: Product,
) -> None:
    """Pending is withdrawn, approved and active are revoked, tokens are revoked."""
    pending = (await scripted.submit()).request.id
    active = (await scripted.active()).request.id
    approved = (await scripted.approved()).request.id
    issued = await scripted.token(ALICE)

    departure = await scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)
    await scripted.work()

    assert set(departure.requests) == {pending, active, approved}
    assert departure.tokens == 1
    for request_id in (pending, active, approved):
        request = (await scripted.record(request_id)).request
        assert request.state is RequestState.REVOKED
        assert request.ended_by == ERIN
        assert WHY in request.end_reason
    assert scripted.provider.in_force == {}
    with pytest.raises(NotAuthenticated):
        await scripted.jitsudo.authenticate(issued.secret)
    actions = await scripted.actions()
    assert actions.count("principal.disabled") == 1
    assert actions.count("token.revoked") == 1
    assert actions.count("request.withdrawn") == 1
    assert actions.count("grant.revoke_requested") == 2
    assert await scripted.jobs(JobKind.OFFBOARD) == []


async def test_a_token_that_has_expired_is_ended_by_nobody(scripted: Product) -> None:
    """Whoever signed in each day for months leaves no event for each of them."""
    await scripted.token(ALICE)
    scripted.clock.move(timedelta(days=366))
    valid = (await scripted.token(ALICE)).token

    departure = await scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)
    await scripted.work()

    assert departure.tokens == 1
    (revoked,) = await scripted.events(AuditAction.TOKEN_REVOKED)
    assert revoked.fact.details["token"] == valid.id


async def test_nothing_of_theirs_is_accepted_from_the_transaction_on(
    scripted: Product,
) -> None:
    """Before any job has run."""
    theirs = (await scripted.active()).request.id
    others = (await scripted.submit(by=DAVE)).request.id
    secret = (await scripted.token(ALICE)).secret

    await scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)

    for attempt in (
        scripted.submit(),
        scripted.acting(ALICE).approve(others, comment=""),
        scripted.acting(ALICE).credentials(theirs),
        scripted.acting(ALICE).revoke(theirs, reason=""),
        scripted.acting(ALICE).list(RequestQuery()),
    ):
        with pytest.raises(NotAllowed, match="disabled"):
            await attempt
    with pytest.raises(NotAuthenticated, match="disabled"):
        await scripted.jitsudo.authenticate(secret)
    assert (await scripted.record(others)).request.state is RequestState.PENDING


async def test_a_submission_that_races_is_stored_before_or_refused(
    scripted: Product,
) -> None:
    """Whichever comes first: at the end nothing of theirs is open."""
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(_outcome(scripted, number)) for number in range(6)]
        group.create_task(scripted.acting(ERIN).disable_principal(ALICE, reason=WHY))
    await scripted.hurry_and_work()

    stored = [task.result() for task in asking if task.result() is not None]
    for request_id in stored:
        assert request_id is not None
        request = (await scripted.record(request_id)).request
        assert request.state is RequestState.REVOKED
    with pytest.raises(NotAllowed, match="disabled"):
        await scripted.submit()


async def _outcome(product: Product, number: int) -> RequestId | None:
    try:
        asked = await product.submit(an_ask(reason=f"number {number}"))
    except NotAllowed:
        return None
    return asked.request.id


async def test_a_job_that_was_killed_goes_on_where_it_stopped(
    scripted: Product,
) -> None:
    """Each thing is a transaction of its own; the job is not finished before all."""
    requests = [(await scripted.submit()).request.id for _ in range(3)]
    await scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)
    ended = 0
    real = scripted.jitsudo.services.offboard._ending

    def ending(*args: object) -> object:
        end = real(*args)  # type: ignore[arg-type]  # as the service calls it

        async def once(request_id: object) -> None:
            nonlocal ended
            if ended:
                raise StoreUnavailable(why="gone")
            ended += 1
            await end(request_id)  # type: ignore[arg-type]  # an id

        return once

    scripted.jitsudo.services.offboard._ending = ending  # type: ignore[method-assign,assignment]  # dies after one
    await scripted.work()
    scripted.jitsudo.services.offboard._ending = real  # type: ignore[method-assign]  # lives again
    states = [(await scripted.record(r)).request.state for r in requests]
    assert states.count(RequestState.REVOKED) == 1

    await scripted.hurry_and_work()

    states = [(await scripted.record(r)).request.state for r in requests]
    assert states == [RequestState.REVOKED] * 3
    assert (await scripted.actions()).count("request.withdrawn") == 3


async def test_only_admins_with_the_scope_and_not_oneself(scripted: Product) -> None:
    """Nobody locks themselves out; a reason is needed."""
    with pytest.raises(NotAllowed, match="jitsudo-admins"):
        await scripted.acting(BOB).disable_principal(ALICE, reason=WHY)
    with pytest.raises(NotAllowed, match="scope"):
        await scripted.acting(
            ERIN, scopes=frozenset({TokenScope.READ})
        ).disable_principal(ALICE, reason=WHY)
    with pytest.raises(Invalid, match="your own"):
        await scripted.acting(ERIN).disable_principal(ERIN, reason=WHY)
    with pytest.raises(Invalid, match="reason"):
        await scripted.acting(ERIN).disable_principal(ALICE, reason=" ")
    with pytest.raises(Invalid, match="e-mail"):
        await scripted.acting(ERIN).disable_principal("alice", reason=WHY)

    assert await scripted.events(AuditAction.PRINCIPAL_DISABLED) == []
    await scripted.submit()


async def test_twice_is_once_and_back_again_is_from_now_on(scripted: Product) -> None:
    """What was ended stays ended."""
    request_id = (await scripted.active()).request.id
    erin = scripted.acting(ERIN)
    await erin.disable_principal("Alice@Example.com", reason=WHY)
    again = await erin.disable_principal(ALICE, reason="twice")
    await scripted.work()

    await erin.enable_principal(ALICE)
    await erin.enable_principal(ALICE)

    assert again.is_disabled
    request = (await scripted.record(request_id)).request
    assert request.grant_status is GrantStatus.ENDED
    await scripted.submit()
    actions = await scripted.actions()
    assert actions.count("principal.disabled") == 1
    assert actions.count("principal.enabled") == 1
