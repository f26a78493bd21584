"""Four eyes, required comments, and answers that do not come."""

from dataclasses import replace

import pytest

from core.errors import (
    DirectoryUnavailable,
    Invalid,
    NotAllowed,
    PolicyUnavailable,
)
from core.vocabulary import (
    RequestState,
    Verdict,
)
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product

PROD = an_ask(resource_scope="prod")

TWO = replace(YES, required_approvals=2)


async def test_policy_may_lift_the_four_eyes_rule(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """In as many words, and the decision keeps that it did."""
    policy.rule = always(replace(YES, allow_self_approval=True))
    request = (await scripted.submit()).request

    record = await scripted.acting(ALICE).approve(request.id, comment="")

    assert record.request.state is RequestState.APPROVED
    assert record.decisions[0].self_allowed


async def test_an_own_approval_stops_counting_with_its_permission(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Lifting the rule holds for the moment of each judgement."""
    policy.rule = always(replace(TWO, allow_self_approval=True))
    request = (await scripted.submit()).request
    await scripted.acting(ALICE).approve(request.id, comment="")
    policy.rule = always(TWO)

    record = await scripted.acting(BOB).approve(request.id, comment="")

    assert record.request.state is RequestState.PENDING
    assert "their own request" in record.notes[0]


async def test_self_approval_needs_allow_as_well(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """`allow_self_approval` lifts one rule and grants nothing."""
    request = (await scripted.submit()).request
    policy.rule = always(
        replace(YES, allow=False, allow_self_approval=True, reason="not you")
    )

    with pytest.raises(NotAllowed, match="not you"):
        await scripted.acting(ALICE).approve(request.id, comment="")


@pytest.mark.parametrize("blank", ["", "  \n", "\u3164", "\u200b"])
async def test_a_required_comment_has_to_say_something(
    scripted: Product, policy: ScriptedPolicy, blank: str
) -> None:
    """It is input to be mended: nothing is decided, and nothing audited."""
    policy.rule = always(replace(YES, require_comment=True))
    request = (await scripted.submit()).request

    with pytest.raises(Invalid) as refused:
        await scripted.acting(BOB).approve(request.id, comment=blank)

    assert refused.value.field == "comment"
    assert await scripted.actions() == ["request.created"]
    record = await scripted.acting(BOB).approve(request.id, comment="reviewed")
    assert record.request.state is RequestState.APPROVED


async def test_a_comment_required_at_submission_stays_required(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The card promised it; a policy that forgets it later does not lift it."""
    policy.rule = always(replace(YES, require_comment=True))
    request = (await scripted.submit()).request
    policy.rule = always(YES)

    with pytest.raises(Invalid):
        await scripted.acting(BOB).approve(request.id, comment="")


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_policy_without_an_answer_decides_nothing(
    scripted: Product, policy: ScriptedPolicy, verdict: Verdict
) -> None:
    """Unclear means no, for both verdicts, and leaves no trace in the chain."""
    request = (await scripted.submit()).request
    policy.failure = "timed out"
    acting = scripted.acting(BOB)

    with pytest.raises(PolicyUnavailable, match="nothing was decided"):
        await (
            acting.approve(request.id, comment="")
            if verdict is Verdict.APPROVE
            else acting.deny(request.id, reason="no")
        )
    with pytest.raises(PolicyUnavailable):
        await scripted.submit()

    assert (await scripted.record(request.id)).request == request
    assert await scripted.actions() == ["request.created"]
    policy.failure = None
    assert (
        await acting.approve(request.id, comment="")
    ).request.state is RequestState.APPROVED


@pytest.mark.parametrize("content", ["", "groups: [", "groups: 7", "\x00"])
async def test_a_broken_groups_file_lets_nobody_in(
    product: Product, content: str
) -> None:
    """Emptied or broken: nobody is known, nothing is decided, and it heals."""
    request = (await product.submit()).request
    product.groups.write(content)

    with pytest.raises(DirectoryUnavailable):
        await product.acting(BOB).approve(request.id, comment="")
    with pytest.raises(DirectoryUnavailable):
        await product.submit()
    with pytest.raises(DirectoryUnavailable):
        await product.acting(ALICE).issue_token(ALICE, scopes=frozenset(), ttl=None)  # type: ignore[arg-type]  # is not reached

    assert await product.actions() == ["request.created"]
    product.groups.write()
    record = await product.acting(BOB).approve(request.id, comment="")
    assert record.request.state is RequestState.APPROVED
