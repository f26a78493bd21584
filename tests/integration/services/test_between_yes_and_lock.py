"""What changes between policy's answer and the lock on the request, or at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from core.domain.policy import PolicyQuestion
from core.errors import NotAllowed, WrongState
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction, JobKind, RequestState
from tests.support.builders import ALICE, BEN, BOB, CAROL, ERIN, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product
from tests.support.races import outcomes

WHY = "left the company"


def once(act: Callable[[], Awaitable[object]]) -> Callable[..., Awaitable[None]]:
    """Return what does something before the first question is answered."""
    was_done = False

    async def before(_: PolicyQuestion) -> None:
        nonlocal was_done
        if not was_done:
            was_done = True
            await act()

    return before


async def test_nobody_decides_who_was_disabled_meanwhile(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Judged with a yes, disabled, and only then recorded: it does not count."""
    request_id = (await scripted.submit()).request.id
    policy.before = once(
        lambda: scripted.acting(ERIN).disable_principal(BOB, reason=WHY)
    )

    with pytest.raises(NotAllowed, match="disabled"):
        await scripted.acting(BOB).approve(request_id, comment="")

    record = await scripted.record(request_id)
    assert record.request.state is RequestState.PENDING
    assert record.decisions == ()
    (event,) = await scripted.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert event.fact.actor == BOB


async def test_a_requester_disabled_meanwhile_gets_nothing_and_it_is_audited(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The same for an emergency: no request, no alarm, one refusal in the log."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    policy.before = once(
        lambda: scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)
    )

    with pytest.raises(NotAllowed, match="disabled"):
        await scripted.submit(an_ask(break_glass=True))

    assert await scripted.jobs(JobKind.ISSUE, JobKind.REMIND_REVIEW) == []
    (event,) = await scripted.events(AuditAction.REQUEST_ELIGIBILITY_REFUSED)
    assert event.fact.details["break_glass"] is True
    await scripted.hurry_and_work()
    assert scripted.provider.grants == []


async def test_emergencies_and_a_disabling_at_once(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Each is refused, or ended; whatever came first, nothing is in force."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    attempts = [
        scripted.submit(an_ask(break_glass=True, reason=f"{n}")) for n in range(6)
    ]
    disabling = scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(outcomes(attempts))
        tasks.create_task(_after(asyncio.sleep(0), disabling))
        tasks.create_task(scripted.work())
    await scripted.hurry_and_work(rounds=3)

    assert scripted.provider.in_force == {}
    for answer in asking.result():
        if isinstance(answer, NotAllowed):
            continue
        assert not isinstance(answer, Exception)
        ended = (await scripted.record(answer.request.id)).request
        assert ended.state is RequestState.REVOKED
        assert ended.needs_review


async def _after(first: Awaitable[object], then: Awaitable[object]) -> None:
    await first
    await then


async def test_a_revocation_judged_before_another_end_changes_nothing(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Ben's yes was for a grant that erin ended meanwhile: hers is the one told."""
    request_id = (await scripted.active()).request.id
    policy.before = once(
        lambda: scripted.acting(ERIN).revoke(request_id, reason="first")
    )

    answer = await scripted.acting(BEN).revoke(request_id, reason="second")
    await scripted.work()

    assert (answer.request.ended_by, answer.request.end_reason) == (ERIN, "first")
    assert len(await scripted.events(AuditAction.GRANT_REVOKE_REQUESTED)) == 1
    assert scripted.provider.revocations == [request_id]


async def test_a_revocation_judged_before_the_expiry_finds_it_over(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The answer is what is so now, not what was judged."""
    request = (await scripted.active()).request

    async def let_it_expire() -> None:
        scripted.clock.move(request.ask.duration)
        await scripted.hurry_and_work()

    policy.before = once(let_it_expire)

    with pytest.raises(WrongState, match="EXPIRED"):
        await scripted.acting(BEN).revoke(request.id, reason="too late")

    assert (await scripted.record(request.id)).request.ended_by == "system"


async def test_a_review_judged_before_another_is_told_of_it(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """One review, one note."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    request_id = (await scripted.submit(an_ask(break_glass=True))).request.id
    policy.before = once(lambda: scripted.acting(ERIN).review(request_id, note="one"))

    with pytest.raises(WrongState, match=f"by {ERIN}"):
        await scripted.acting(CAROL).review(request_id, note="two")

    reviewed = (await scripted.record(request_id)).request
    assert (reviewed.reviewed_by, reviewed.review_note) == (ERIN, "one")


async def test_what_a_disabled_admin_was_allowed_is_over(scripted: Product) -> None:
    """Being in the group is not enough; with a token in hand neither."""
    erin = scripted.acting(ERIN, scopes=ALL_SCOPES)
    scripted.groups.join(CAROL, "jitsudo-admins")
    await scripted.acting(CAROL).disable_principal(ERIN, reason=WHY)

    for attempt in (
        erin.disable_principal(CAROL, reason="revenge"),
        erin.enable_principal(ERIN),
        erin.verify_audit(),
        erin.jobs(failing_only=False),
    ):
        with pytest.raises(NotAllowed):
            await attempt

    assert len(await scripted.events(AuditAction.PRINCIPAL_DISABLED)) == 1


async def test_more_than_a_page_of_requests_is_told_and_ended(
    scripted: Product,
) -> None:
    """However many somebody has open; half of them decided meanwhile."""
    ids = [(await scripted.submit()).request.id for _ in range(105)]
    for request_id in ids[:3]:
        await scripted.acting(BOB).approve(request_id, comment="")

    departure = await scripted.acting(ERIN).disable_principal(ALICE, reason=WHY)
    await scripted.work()

    assert set(departure.requests) == set(ids)
    states = {(await scripted.record(each)).request.state for each in ids}
    assert states == {RequestState.REVOKED}
    assert scripted.provider.in_force == {}
    counted = await scripted.actions()
    assert counted.count("request.withdrawn") == 102
    assert counted.count("grant.revoke_requested") == 3


async def test_let_in_again_before_the_cleaning_up_keeps_what_is_new(
    scripted: Product,
) -> None:
    """A job that comes late does not end what was asked for afterwards."""
    erin = scripted.acting(ERIN)
    await erin.disable_principal(ALICE, reason="the wrong alice")
    await erin.enable_principal(ALICE)
    secret = (await scripted.token(ALICE)).secret
    request_id = (await scripted.submit()).request.id

    await scripted.work()

    assert (await scripted.record(request_id)).request.state is RequestState.PENDING
    assert (await scripted.jitsudo.authenticate(secret)).email == ALICE
    assert await scripted.jobs(JobKind.OFFBOARD) == []
