"""Every approval is judged by what holds now: groups, bans, policy."""

from dataclasses import replace

import pytest

from core.domain.policy import PolicyAnswer, PolicyQuestion
from core.errors import (
    NotAllowed,
    NotEligible,
    SelfApproval,
)
from core.vocabulary import (
    AuditAction,
    JobKind,
    PolicyAction,
    RequestState,
)
from tests.support.builders import ALICE, BEN, BOB, CAROL, ERIN, an_ask
from tests.support.policies import YES, ScriptedPolicy, always, refusing
from tests.support.products import Product

PROD = an_ask(resource_scope="prod")

TWO = replace(YES, required_approvals=2)


async def test_an_approver_who_left_does_not_count(product: Product) -> None:
    """The second approval says so, and the quorum stays open for a third."""
    request = (await product.submit(PROD)).request
    await product.acting(BOB).approve(request.id, comment="")
    product.groups.join(BOB, "developer")
    product.groups.leave(BOB, "sre-lead")

    record = await product.acting(CAROL).approve(request.id, comment="")

    assert record.request.state is RequestState.PENDING
    assert record.request.counted_approvals == 1
    (note,) = record.notes
    assert note == (
        f"{BOB}'s approval does not count any more: "
        "only security or sre-lead may decide this"
    )
    (event,) = (await product.events(AuditAction.REQUEST_APPROVAL_RECORDED))[1:]
    assert event.fact.details["not_counted"] == [note]
    assert event.fact.details["approvers"] == [CAROL]
    assert await product.jobs(JobKind.ISSUE) == []
    done = await product.acting(BEN).approve(request.id, comment="")
    assert done.request.state is RequestState.APPROVED
    (event,) = await product.events(AuditAction.REQUEST_APPROVED)
    assert event.fact.details["approvers"] == [CAROL, BEN]


async def test_an_approver_who_was_disabled_does_not_count(product: Product) -> None:
    """Nothing of a disabled person's counts, old or new."""
    request = (await product.submit(PROD)).request
    await product.acting(BOB).approve(request.id, comment="")
    await product.disable(BOB)

    record = await product.acting(CAROL).approve(request.id, comment="")

    assert record.request.state is RequestState.PENDING
    (note,) = record.notes
    assert note == f"{BOB}'s approval does not count any more: they are disabled"
    with pytest.raises(NotAllowed, match="is disabled"):
        await product.acting(BOB).deny(request.id, reason="no")
    assert (await product.record(request.id)).request == record.request


async def test_an_approver_who_is_unknown_by_now_does_not_count(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Also where policy looks at no groups and would still allow them."""
    policy.rule = always(TWO)
    request = (await scripted.submit()).request
    await scripted.acting(BOB).approve(request.id, comment="")
    scripted.groups.leave(BOB, "sre-lead")

    record = await scripted.acting(CAROL).approve(request.id, comment="")

    assert record.request.state is RequestState.PENDING
    assert record.request.counted_approvals == 1
    (note,) = record.notes
    assert note == (
        f"{BOB}'s approval does not count any more: they are in no group any more"
    )
    scripted.groups.join(BOB, "sre-lead")
    done = await scripted.acting(BEN).approve(request.id, comment="")
    assert done.request.state is RequestState.APPROVED
    (event,) = await scripted.events(AuditAction.REQUEST_APPROVED)
    assert event.fact.details["approvers"] == [BOB, CAROL, BEN]


async def test_the_earlier_approvals_are_put_to_policy_in_their_order(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Each with those before it; the actor with all that count."""
    policy.rule = always(replace(YES, required_approvals=3))
    request = (await scripted.submit()).request
    await scripted.acting(BOB).approve(request.id, comment="")
    await scripted.acting(BEN).approve(request.id, comment="")
    policy.asked.clear()

    await scripted.acting(CAROL).approve(request.id, comment="")

    asked = [
        (question.user.email, [person.email for person in question.approvals])
        for question in policy.asked_for(PolicyAction.APPROVE)
    ]
    assert asked == [(BOB, []), (BEN, [BOB]), (CAROL, [BOB, BEN])]
    assert all(q.requester.email == ALICE for q in policy.asked)
    assert all(q.approvals == () or q.approvals[0].groups for q in policy.asked)
    (eligibility,) = policy.asked_for(PolicyAction.SUBMIT)
    assert (eligibility.user.email, eligibility.user.groups) == (ALICE, ("sre",))


async def test_a_policy_tightened_in_between_counts(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """What was allowed under the old policy is judged by the new one."""
    policy.rule = always(TWO)
    request = (await scripted.submit()).request
    await scripted.acting(BOB).approve(request.id, comment="")

    def only_security(question: PolicyQuestion) -> PolicyAnswer:
        is_security = "security" in question.user.groups
        is_asked = question.action is PolicyAction.APPROVE
        return replace(TWO, allow=is_security or not is_asked, reason="security only")

    policy.rule = only_security
    record = await scripted.acting(CAROL).approve(request.id, comment="")

    assert record.request.state is RequestState.PENDING
    assert record.notes == (f"{BOB}'s approval does not count any more: security only",)


@pytest.mark.parametrize(("then", "now", "needed"), [(1, 3, 3), (2, 1, 2)])
async def test_the_larger_quorum_rules(
    scripted: Product, policy: ScriptedPolicy, then: int, now: int, needed: int
) -> None:
    """Raising it afterwards counts; lowering it does not."""
    policy.rule = always(replace(YES, required_approvals=then))
    request = (await scripted.submit()).request
    policy.rule = always(replace(YES, required_approvals=now))

    states = [
        (await scripted.acting(person).approve(request.id, comment="")).request
        for person in (BOB, BEN, CAROL)[:needed]
    ]

    assert [r.state.value for r in states] == ["PENDING"] * (needed - 1) + ["APPROVED"]
    assert states[0].required_approvals == needed


async def test_a_freeze_stops_approvals_and_never_denials(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Any member of `deny` refuses whatever `allow` says, except a denial."""
    request = (await scripted.submit()).request
    policy.rule = always(replace(YES, deny=("change freeze", "ask sec")))

    with pytest.raises(NotAllowed, match="change freeze; ask sec"):
        await scripted.acting(BOB).approve(request.id, comment="")

    record = await scripted.acting(BOB).deny(request.id, reason="freeze")
    assert record.request.state is RequestState.REJECTED


async def test_a_requester_who_left_gets_nothing(product: Product) -> None:
    """Eligibility is asked again when somebody approves; a denial does not need it."""
    request = (await product.submit()).request
    product.groups.leave(ALICE, "sre")

    with pytest.raises(NotEligible, match="only members of sre may ask"):
        await product.acting(BOB).approve(request.id, comment="")

    assert (await product.record(request.id)).request == request
    (event,) = await product.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert event.fact.details["code"] == "not_eligible"
    record = await product.acting(BOB).deny(request.id, reason="left")
    assert record.request.state is RequestState.REJECTED


async def test_a_disabled_requester_gets_nothing(product: Product) -> None:
    """Neither a new request nor an approval of the old one."""
    request = (await product.submit()).request
    await product.disable(ALICE)

    with pytest.raises(NotEligible, match="is disabled"):
        await product.acting(BOB).approve(request.id, comment="")
    with pytest.raises(NotAllowed, match="is disabled"):
        await product.submit()

    assert (await product.record(request.id)).request == request
    codes = [e.fact.details["code"] for e in (await product.events())[1:]]
    assert codes == ["not_eligible", "not_allowed"]


async def test_an_outsider_is_refused_before_the_requester_is_judged(
    product: Product,
) -> None:
    """Why alice is not eligible any more is none of dave's business."""
    request = (await product.submit()).request
    await product.disable(ALICE)

    with pytest.raises(NotAllowed, match="only sre-lead may decide this"):
        await product.acting(ERIN).approve(request.id, comment="")


async def test_a_refusal_of_the_requester_reads_as_eligibility(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The audit event keeps the answer that refused: eligibility's."""
    request = (await scripted.submit()).request
    policy.rule = refusing(PolicyAction.SUBMIT, reason="not this week")

    with pytest.raises(NotEligible, match="not this week"):
        await scripted.acting(BOB).approve(request.id, comment="hm")
    with pytest.raises(NotEligible, match="not this week"):
        await scripted.submit()

    refusals = (await scripted.events())[1:]
    assert [event.fact.details["why"] for event in refusals] == ["not this week"] * 2
    assert refusals[0].fact.details["policy_decision"] == "decision-1"
    with pytest.raises(SelfApproval):
        await scripted.acting(ALICE).approve(request.id, comment="")
