"""An approval that stopped counting is given again by the same person."""

from dataclasses import replace

import pytest

from core.errors import NotAllowed
from core.vocabulary import AuditAction, JobKind, Outcome, RequestId, RequestState
from tests.support.builders import BEN, BOB, CAROL, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product
from tests.support.races import outcomes

PROD = an_ask(resource_scope="prod")

BACK = "the second time"


async def left_out(product: Product) -> RequestId:
    """Return a request of which one approval counts: bob left before carol's."""
    request = (await product.submit(PROD)).request
    await product.acting(BOB).approve(request.id, comment="the first time")
    product.groups.leave(BOB, "sre-lead")
    record = await product.acting(CAROL).approve(request.id, comment="mine")
    assert record.request.counted_approvals == 1
    return request.id


def back(product: Product) -> None:
    """Let bob be in his group again."""
    product.groups.join(BOB, "sre-lead")


async def test_the_one_who_is_back_completes_the_quorum(product: Product) -> None:
    """Judged as of now, approved once; no second decision, and the log says so."""
    request_id = await left_out(product)
    back(product)

    record = await product.acting(BOB).approve(request_id, comment=BACK)

    assert record == await product.record(request_id)
    request = record.request
    assert (request.state, request.counted_approvals) == (RequestState.APPROVED, 2)
    assert (request.decided_by, request.decision_text) == (BOB, BACK)
    assert [d.approver for d in record.decisions] == [BOB, CAROL]
    assert record.decisions[0].text == "the first time"
    (event,) = await product.events(AuditAction.REQUEST_APPROVED)
    assert event.fact.details["given_again"] is True
    assert event.fact.details["approvers"] == [CAROL, BOB]
    assert event.fact.details["comment"] == BACK
    assert len(await product.jobs(JobKind.ISSUE)) == 1
    before = await product.actions()
    assert await product.acting(BOB).approve(request_id, comment="x") == record
    assert await product.actions() == before


async def test_a_press_without_a_comment_keeps_the_first_one(product: Product) -> None:
    """A button says nothing, and what was said still explains the approval."""
    request_id = await left_out(product)
    back(product)

    record = await product.acting(BOB).approve(request_id, comment="")

    assert record.request.decision_text == "the first time"


async def test_who_is_still_out_is_refused(product: Product) -> None:
    """The old approval does not stand, and pressing again does not revive it."""
    request_id = await left_out(product)
    before = await product.record(request_id)

    with pytest.raises(NotAllowed, match="security or sre-lead"):
        await product.acting(BOB).approve(request_id, comment=BACK)

    assert await product.record(request_id) == before
    (event,) = await product.events(outcome=Outcome.FAILURE)
    assert event.fact.action is AuditAction.REQUEST_DECISION_REFUSED


async def test_pressing_twice_while_another_does_not_count_changes_nothing(
    product: Product,
) -> None:
    """Answered with what is recorded, and with why it is not enough; no event."""
    request_id = await left_out(product)
    recorded = await product.record(request_id)
    before = await product.actions()

    again = await product.acting(CAROL).approve(request_id, comment="once more")

    assert replace(again, notes=()) == recorded
    (note,) = again.notes
    assert note.startswith(f"{BOB}'s approval does not count any more")
    assert await product.record(request_id) == recorded
    assert await product.actions() == before


async def test_short_of_the_quorum_it_is_recorded_that_it_counts(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """`2 of 3` is a new version with an event; twice is the same answer."""
    policy.rule = always(replace(YES, required_approvals=3))
    request_id = await left_out(scripted)
    back(scripted)

    record = await scripted.acting(BOB).approve(request_id, comment="")
    twice = await scripted.acting(BOB).approve(request_id, comment="")

    assert record.request.state is RequestState.PENDING
    assert record.request.counted_approvals == 2
    assert twice == record == await scripted.record(request_id)
    recorded = await scripted.events(AuditAction.REQUEST_APPROVAL_RECORDED)
    assert [event.fact.details.get("given_again") for event in recorded] == [
        None, None, True,
    ]  # fmt: skip
    done = await scripted.acting(BEN).approve(request_id, comment="")
    assert done.request.state is RequestState.APPROVED


async def test_given_again_by_many_presses_at_once_it_counts_once(
    product: Product,
) -> None:
    """One transition, one grant, one event, and everybody reads the same."""
    request_id = await left_out(product)
    back(product)

    answers = await outcomes(
        [product.acting(BOB).approve(request_id, comment="") for _ in range(6)]
    )

    record = await product.record(request_id)
    assert answers == [record] * 6
    assert record.request.state is RequestState.APPROVED
    assert len(await product.events(AuditAction.REQUEST_APPROVED)) == 1
    assert len(await product.jobs(JobKind.ISSUE)) == 1
