"""Several people, clicks and replicas at once, on both databases."""

from dataclasses import replace

import pytest

from core.domain.decision import RequestRecord
from core.domain.policy import PolicyQuestion
from core.errors import Conflict, WrongState
from core.vocabulary import AuditAction, JobKind, PolicyAction, RequestState
from tests.support.builders import ALICE, BEN, BOB
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product
from tests.support.races import outcomes


async def test_twenty_clicks_of_one_person_are_one_approval(scripted: Product) -> None:
    """A double click, a retried delivery: everybody gets the same answer."""
    request = (await scripted.submit()).request
    acting = scripted.acting(BOB)

    answers = await outcomes(
        [acting.approve(request.id, comment=f"click {n}") for n in range(20)]
    )

    stored = await scripted.record(request.id)
    assert answers == [stored] * 20
    assert stored.request.state is RequestState.APPROVED
    assert len(stored.decisions) == 1
    assert await scripted.actions() == ["request.created", "request.approved"]
    assert len(await scripted.jobs(JobKind.ISSUE)) == 1
    await scripted.work()
    assert scripted.provider.grants == [request.id]


async def test_twenty_clicks_on_deny_are_one_denial(scripted: Product) -> None:
    """The first reason is the one that is kept."""
    request = (await scripted.submit()).request
    acting = scripted.acting(BOB)

    answers = await outcomes(
        [acting.deny(request.id, reason=f"click {n}") for n in range(20)]
    )

    stored = await scripted.record(request.id)
    assert answers == [stored] * 20
    assert await scripted.actions() == ["request.created", "request.denied"]


async def test_two_approvers_at_once_where_one_is_enough(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Both were allowed; one decides, the other is told who was faster."""
    request = (await scripted.submit()).request
    policy.meet(2)

    answers = await outcomes(
        [
            scripted.acting(BOB).approve(request.id, comment=""),
            scripted.acting(BEN).approve(request.id, comment=""),
        ]
    )

    stored = await scripted.record(request.id)
    (decision,) = stored.decisions
    (winner,) = [a for a in answers if isinstance(a, RequestRecord)]
    (loser,) = [a for a in answers if not isinstance(a, RequestRecord)]
    assert winner == stored
    assert isinstance(loser, WrongState)
    assert (loser.actual, loser.by) == ("APPROVED", decision.approver)
    assert len(await scripted.events(AuditAction.REQUEST_APPROVED)) == 1
    assert len(await scripted.jobs(JobKind.ISSUE)) == 1


async def test_two_approvers_at_once_where_two_are_needed(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The slower one is judged again with the faster one's approval, and counts."""
    policy.rule = always(replace(YES, required_approvals=2))
    request = (await scripted.submit()).request
    policy.meet(2)

    answers = await outcomes(
        [
            scripted.acting(BOB).approve(request.id, comment=""),
            scripted.acting(BEN).approve(request.id, comment=""),
        ]
    )

    assert {a.request.state for a in answers if isinstance(a, RequestRecord)} == {
        RequestState.PENDING,
        RequestState.APPROVED,
    }
    stored = (await scripted.record(request.id)).request
    assert (stored.state, stored.counted_approvals) == (RequestState.APPROVED, 2)
    assert len(await scripted.jobs(JobKind.ISSUE)) == 1


async def test_approve_against_deny_at_once(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """One of them wins, and what is done about it fits the winner."""
    request = (await scripted.submit()).request
    policy.meet(2)

    answers = await outcomes(
        [
            scripted.acting(BOB).approve(request.id, comment=""),
            scripted.acting(BEN).deny(request.id, reason="no"),
        ]
    )

    stored = await scripted.record(request.id)
    (loser,) = [a for a in answers if not isinstance(a, RequestRecord)]
    assert isinstance(loser, WrongState)
    assert loser.by == stored.request.decided_by == stored.decisions[0].approver
    assert len(stored.decisions) == 1
    is_approved = stored.request.state is RequestState.APPROVED
    assert len(await scripted.jobs(JobKind.ISSUE)) == int(is_approved)
    assert (await scripted.actions())[1:] == [
        "request.approved" if is_approved else "request.denied"
    ]


async def test_withdrawing_against_approving_at_once(scripted: Product) -> None:
    """Nobody gets what was withdrawn, and nobody withdraws what was granted."""
    for _ in range(5):
        request = (await scripted.submit()).request

        answers = await outcomes(
            [
                scripted.acting(BOB).approve(request.id, comment=""),
                scripted.acting(ALICE).withdraw(request.id),
            ]
        )

        stored = await scripted.record(request.id)
        (loser,) = [a for a in answers if not isinstance(a, RequestRecord)]
        assert isinstance(loser, WrongState)
        assert stored.request.version == 2
        assert loser.actual == stored.request.state.value


async def test_ten_withdrawals_at_once_are_one(scripted: Product) -> None:
    """Each is answered the same; one event tells of it."""
    request = (await scripted.submit()).request
    acting = scripted.acting(ALICE)

    answers = await outcomes([acting.withdraw(request.id) for _ in range(10)])

    assert answers == [await scripted.record(request.id)] * 10
    assert await scripted.actions() == ["request.created", "request.withdrawn"]


async def test_a_request_that_keeps_changing_is_a_conflict(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """After three rounds the person is asked to look again; nothing is decided."""
    policy.rule = always(replace(YES, required_approvals=10))
    request = (await scripted.submit()).request
    others = [f"p{n}@example.com" for n in range(5)]
    for person in others:
        scripted.groups.join(person, "sre-lead")
    waiting = iter(others)

    async def meddle(question: PolicyQuestion) -> None:
        is_bobs = question.user.email == BOB
        if is_bobs and question.action is PolicyAction.APPROVE:
            await scripted.acting(next(waiting)).approve(request.id, comment="")

    policy.before = meddle
    with pytest.raises(Conflict):
        await scripted.acting(BOB).approve(request.id, comment="")

    policy.before = None
    stored = await scripted.record(request.id)
    assert [decision.approver for decision in stored.decisions] == others[:3]
    record = await scripted.acting(BOB).approve(request.id, comment="")
    assert record.request.counted_approvals == 4


async def test_an_approval_that_is_recorded_too_late_is_none(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Judged just before, recorded just after `lapses_at`: it is too late."""
    request = (await scripted.submit()).request
    late = scripted.settings.request_ttl
    scripted.clock.move(late - late.resolution)

    async def take_time(_: PolicyQuestion) -> None:
        scripted.clock.move(late.resolution)

    policy.before = take_time
    with pytest.raises(WrongState) as refused:
        await scripted.acting(BOB).approve(request.id, comment="")

    assert (refused.value.actual, refused.value.by) == ("EXPIRED", "system")
    assert (await scripted.record(request.id)).request == request
