"""Two approvals on prod, one of them from security, with the starter policy."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from core.errors import NotAllowed, NotFound, SelfApproval, WrongState
from core.vocabulary import AuditAction, JobKind, Outcome, RequestState
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    a_request_id,
    an_ask,
)
from tests.support.products import Product

Attempt: TypeAlias = Callable[[], Awaitable[object]]

PROD = an_ask(resource_scope="123-PROD")


@pytest.mark.parametrize(("first", "second"), [(BOB, CAROL), (CAROL, BOB)])
async def test_either_order_completes_it(
    product: Product, first: str, second: str
) -> None:
    """`1 of 2` after the first, approved by the second, issued once."""
    request = (await product.submit(PROD)).request
    assert (request.required_approvals, request.counted_approvals) == (2, 0)
    assert request.routing.approver_groups == ("security", "sre-lead")

    half = await product.acting(first).approve(request.id, comment="one")

    assert half.request.state is RequestState.PENDING
    assert (half.request.counted_approvals, half.request.version) == (1, 2)
    assert half.request.decided_by is None
    assert await product.jobs(JobKind.ISSUE) == []
    whole = await product.acting(second).approve(request.id, comment="two")
    assert whole == await product.record(request.id)
    assert whole.request.state is RequestState.APPROVED
    assert whole.request.counted_approvals == 2
    assert (whole.request.decided_by, whole.request.decision_text) == (second, "two")
    assert [decision.approver for decision in whole.approvals] == [first, second]
    assert await product.actions() == [
        "request.created", "request.approval_recorded", "request.approved",
    ]  # fmt: skip
    (event,) = await product.events(AuditAction.REQUEST_APPROVED)
    assert event.fact.details["approvers"] == [first, second]
    assert len(await product.jobs(JobKind.ISSUE)) == 1


async def test_a_second_sre_lead_cannot_complete_it_but_may_deny(
    product: Product,
) -> None:
    """Two of the same kind are no quorum; one of them still stops it."""
    request = (await product.submit(PROD)).request
    await product.acting(BOB).approve(request.id, comment="")

    with pytest.raises(NotAllowed, match="has to come from security"):
        await product.acting(BEN).approve(request.id, comment="me too")

    assert (await product.record(request.id)).request.version == 2
    record = await product.acting(BEN).deny(request.id, reason="too risky")
    assert record.request.state is RequestState.REJECTED
    assert (await product.record(request.id)) == record
    with pytest.raises(WrongState) as late:
        await product.acting(CAROL).approve(request.id, comment="")
    assert late.value.by == BEN
    assert await product.jobs(JobKind.ISSUE) == []


async def test_the_same_person_counts_once(product: Product) -> None:
    """Pressing again answers the same, writes nothing, discards the new comment."""
    request = (await product.submit(PROD)).request
    first = await product.acting(BOB).approve(request.id, comment="mine")
    before = await product.actions()

    again = await product.acting(BOB).approve(request.id, comment="changed my words")

    assert again == first
    assert await product.actions() == before
    await product.acting(CAROL).approve(request.id, comment="")
    done = await product.acting(BOB).approve(request.id, comment="once more")
    assert done.request.state is RequestState.APPROVED
    assert done.approvals[0].text == "mine"


async def test_an_approver_who_changes_their_mind_denies(product: Product) -> None:
    """Their own approval does not bar their denial, and does not stand after it."""
    request = (await product.submit(PROD)).request
    await product.acting(BOB).approve(request.id, comment="")

    record = await product.acting(BOB).deny(request.id, reason="I misread it")

    assert record.request.state is RequestState.REJECTED
    assert [d.verdict.value for d in record.decisions] == ["approve", "deny"]
    again = await product.acting(BOB).deny(request.id, reason="really")
    assert again == record
    with pytest.raises(WrongState) as late:
        await product.acting(BOB).approve(request.id, comment="")
    assert late.value.by == BOB
    assert (await product.actions())[-1] == "request.denied"


async def test_an_approved_request_can_not_be_denied(product: Product) -> None:
    """Too late for a denial; revoking is another act."""
    request = (await product.approved()).request

    with pytest.raises(WrongState) as late:
        await product.acting(BEN).deny(request.id, reason="no")

    assert (late.value.expected, late.value.actual) == ("PENDING", "APPROVED")
    assert (await product.record(request.id)).request == request


@pytest.mark.parametrize("group", [None, "sre-lead"])
async def test_nobody_approves_their_own(product: Product, group: str | None) -> None:
    """Not even one of sre-lead, and the reason said is the true one."""
    if group:
        product.groups.join(ALICE, group)
    request = (await product.submit()).request

    with pytest.raises(SelfApproval):
        await product.acting(ALICE).approve(request.id, comment="trust me")

    record = await product.record(request.id)
    assert record.request == request
    assert record.decisions == ()
    (event,) = await product.events(outcome=Outcome.FAILURE)
    assert event.fact.action is AuditAction.REQUEST_DECISION_REFUSED
    assert event.fact.details["code"] == "self_approval"
    assert event.fact.details["comment"] == "trust me"
    assert str(event.fact.details["policy_revision"]).startswith("sha256:")


async def test_an_approver_may_deny_their_own(product: Product) -> None:
    """Four eyes guard approvals; saying no to oneself harms nobody."""
    product.groups.join(ALICE, "sre-lead")
    request = (await product.submit()).request

    record = await product.acting(ALICE).deny(request.id, reason="not needed")

    assert record.request.state is RequestState.REJECTED


@pytest.mark.parametrize("person", [DAVE, ERIN, CAROL, "stranger@example.com"])
async def test_an_outsider_reads_policys_reason_and_no_fact(
    product: Product, person: str
) -> None:
    """Whoever may not decide learns who may, and nothing of the request."""
    request = (await product.submit()).request
    acting = product.acting(person)

    attempts: tuple[Attempt, ...] = (
        lambda: acting.approve(request.id, comment="x"),
        lambda: acting.deny(request.id, reason="x"),
    )
    for attempt in attempts:
        with pytest.raises(NotAllowed) as refused:
            await attempt()
        assert str(refused.value) == "only sre-lead may decide this"
        assert refused.value.facts() == {"reason": "only sre-lead may decide this"}

    record = await product.record(request.id)
    assert (record.request, record.decisions) == (request, ())
    refusals = await product.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert [event.fact.details["verdict"] for event in refusals] == ["approve", "deny"]
    assert {event.fact.request_id for event in refusals} == {request.id}


async def test_an_unknown_request_is_not_found(product: Product) -> None:
    """By every act that names one."""
    unknown = a_request_id()
    acting = product.acting(BOB)

    attempts: tuple[Attempt, ...] = (
        lambda: acting.approve(unknown, comment=""),
        lambda: acting.deny(unknown, reason="x"),
        lambda: acting.withdraw(unknown),
        lambda: acting.get(unknown),
        lambda: acting.credentials(unknown),
    )
    for attempt in attempts:
        with pytest.raises(NotFound) as missing:
            await attempt()
        assert missing.value.name == unknown

    assert await product.events() == []


async def test_a_closed_request_is_not_found_by_outsiders(product: Product) -> None:
    """Who could not see it open does not learn how it ended, or by whom."""
    request = (await product.submit()).request
    await product.acting(BOB).deny(request.id, reason="secret reason")

    with pytest.raises(NotFound) as missing:
        await product.acting(DAVE).approve(request.id, comment="")
    assert BOB not in str(missing.value)
    for insider in (BEN, ERIN, ALICE):
        with pytest.raises(WrongState) as late:
            await product.acting(insider).approve(request.id, comment="")
        assert late.value.by == BOB
