"""Breaking the glass: at once, by policy's leave, told, and reviewed afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.approvals import RequestQuery
from core.domain.policy import PolicyQuestion
from core.errors import Invalid, NotAllowed, NotEligible, WrongState
from core.vocabulary import (
    AuditAction,
    JobKind,
    RequestState,
    SurfacePurpose,
)
from tests.support.builders import ALICE, BEN, BOB, CAROL, DAVE, ERIN, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product
from tests.support.providers import Mood

EMERGENCY = an_ask(break_glass=True, resource_scope="prod", reason="db is down")


async def test_it_is_active_at_once_approved_by_nobody(product: Product) -> None:
    """No decision is recorded; the approver is called break-glass, the log says so."""
    asked = (await product.submit(EMERGENCY)).request

    assert (asked.state, asked.decided_by) == (RequestState.APPROVED, "break-glass")
    await product.work()
    record = await product.record(asked.id)
    assert record.request.state is RequestState.ACTIVE
    assert record.decisions == ()
    assert record.request.needs_review
    created, broke, issued = await product.events()
    assert created.fact.action is AuditAction.REQUEST_CREATED
    assert broke.fact.action is AuditAction.REQUEST_BREAK_GLASS
    assert broke.fact.actor == "break-glass"
    assert all(e.fact.details["break_glass"] is True for e in (created, broke, issued))
    surfaces = await product.surfaces(asked.id)
    assert SurfacePurpose.CARD in {surface.purpose for surface in surfaces}


async def test_an_ordinary_allow_is_not_enough(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Eligibility has to say `allow_break_glass` as well; the refusal is audited."""
    policy.rule = always(YES)

    with pytest.raises(NotEligible, match="break the glass"):
        await scripted.submit(EMERGENCY)

    assert await scripted.jobs() == [
        job for job in await scripted.jobs() if job.kind is JobKind.TELL_REFUSALS
    ]
    (event,) = await scripted.events()
    assert event.fact.action is AuditAction.REQUEST_ELIGIBILITY_REFUSED
    assert event.fact.details["break_glass"] is True


async def test_break_glass_alone_is_not_enough_either(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Without `allow`, or against `deny`, nobody breaks anything."""
    for answer in (
        YES.__class__(allow=False, allow_break_glass=True),
        YES.__class__(allow=True, deny=("frozen",), allow_break_glass=True),
    ):
        policy.rule = always(answer)
        with pytest.raises(NotEligible):
            await scripted.submit(EMERGENCY)


async def test_others_and_longer_are_refused_by_the_starter_policy(
    product: Product,
) -> None:
    """An hour, and members of sre."""
    with pytest.raises(NotEligible, match="members of sre"):
        await product.submit(EMERGENCY, by=DAVE)
    longer = an_ask(break_glass=True, duration=timedelta(hours=2))
    with pytest.raises(NotEligible, match="break the glass"):
        await product.submit(longer)


async def test_it_needs_a_reason(product: Product) -> None:
    """Those who were not asked have something to read."""
    with pytest.raises(Invalid, match="reason") as wrong:
        await product.submit(an_ask(break_glass=True, reason=" \n"))

    assert wrong.value.field == "reason"


async def test_the_card_is_promised_even_if_the_grant_fails(product: Product) -> None:
    """The alarm does not wait for the provider."""
    product.provider.mood = Mood.FAIL
    asked = (await product.submit(EMERGENCY)).request

    await product.work()

    failed = (await product.record(asked.id)).request
    assert failed.grant_error == "throttled"
    assert JobKind.RENDER in {j.kind for j in await product.jobs(JobKind.RENDER)}


async def test_somebody_else_closes_the_review_with_a_note(product: Product) -> None:
    """It leaves the list of open reviews, and the log has the note."""
    asked = (await product.submit(EMERGENCY)).request
    await product.work()
    query = RequestQuery(needs_review=True)
    (waiting,) = (await product.acting(BOB).list(query)).records
    assert waiting.request.id == asked.id

    closed = (await product.acting(BOB).review(asked.id, note="fine")).request

    assert (closed.reviewed_by, closed.review_note) == (BOB, "fine")
    assert not closed.needs_review
    assert (await product.acting(BOB).list(query)).records == ()
    (event,) = await product.events(AuditAction.REQUEST_REVIEWED)
    assert (event.fact.actor, event.fact.details["note"]) == (BOB, "fine")


async def test_nobody_reviews_their_own(product: Product) -> None:
    """Not as a requester, not as an admin who asked."""
    asked = (await product.submit(EMERGENCY)).request
    with pytest.raises(NotAllowed, match="somebody else"):
        await product.acting(ALICE).review(asked.id, note="fine by me")

    product.groups.join(ERIN, "sre")
    own = (await product.submit(EMERGENCY, by=ERIN)).request
    with pytest.raises(NotAllowed, match="somebody else"):
        await product.acting(ERIN).review(own.id, note="fine by me")

    assert (await product.record(asked.id)).request.needs_review
    assert len(await product.events(AuditAction.REQUEST_REVIEW_REFUSED)) == 2


@pytest.mark.parametrize("person", [BOB, CAROL, ERIN])
async def test_whoever_could_have_denied_it_may_review_and_admins(
    product: Product, person: str
) -> None:
    """For prod these are sre-lead and security."""
    asked = (await product.submit(EMERGENCY)).request

    closed = await product.acting(person).review(asked.id, note="seen")

    assert closed.request.reviewed_by == person


async def test_others_may_not_review(product: Product) -> None:
    """With policy's reason."""
    asked = (await product.submit(EMERGENCY)).request

    with pytest.raises(NotAllowed, match="may decide this"):
        await product.acting(DAVE).review(asked.id, note="seen")


async def test_nobody_reviews_who_was_disabled_while_policy_was_thinking(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The yes they got counts no more; the review stays open, the try is audited."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    asked = (await scripted.submit(EMERGENCY)).request

    async def disable(_question: PolicyQuestion) -> None:
        await scripted.disable(BOB)

    policy.before = disable
    with pytest.raises(NotAllowed, match="disabled"):
        await scripted.acting(BOB).review(asked.id, note="fine")

    assert (await scripted.record(asked.id)).request.needs_review
    assert len(await scripted.events(AuditAction.REQUEST_REVIEW_REFUSED)) == 1


async def test_a_review_is_closed_once(product: Product) -> None:
    """The same person again changes nothing; another one is told who did."""
    asked = (await product.submit(EMERGENCY)).request
    first = await product.acting(BOB).review(asked.id, note="first")

    again = await product.acting(BOB).review(asked.id, note="second thoughts")
    with pytest.raises(WrongState, match=f"by {BOB}"):
        await product.acting(BEN).review(asked.id, note="me too")

    assert again.request == first.request
    assert len(await product.events(AuditAction.REQUEST_REVIEWED)) == 1


async def test_blank_notes_and_ordinary_requests_are_refused(product: Product) -> None:
    """Each names its field."""
    asked = (await product.submit(EMERGENCY)).request
    ordinary = (await product.submit()).request

    with pytest.raises(Invalid, match="note"):
        await product.acting(BOB).review(asked.id, note=" \t")
    with pytest.raises(Invalid, match="did not break the glass"):
        await product.acting(BOB).review(ordinary.id, note="fine")


async def test_an_open_review_is_reminded_of_until_it_is_closed(
    product: Product,
) -> None:
    """Below the card, day after day, and then no more."""
    asked = (await product.submit(EMERGENCY)).request
    await product.work()
    (first,) = await product.jobs(JobKind.REMIND_REVIEW)
    assert first.due_at == asked.created_at + timedelta(hours=24)

    await product.hurry_and_work()
    await product.hurry_and_work()
    await product.acting(BOB).review(asked.id, note="seen")
    await product.hurry_and_work()

    told = [
        surface.destination
        for surface in await product.surfaces(asked.id)
        if surface.purpose is SurfacePurpose.REMINDER
    ]
    assert told == ["r1", "r2"]
    assert await product.jobs(JobKind.REMIND_REVIEW) == []
