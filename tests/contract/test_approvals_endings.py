"""What ends, extends or reviews a grant: the same in this process and over REST."""

from datetime import timedelta

import pytest

from core.approvals import Approvals, RequestQuery
from core.domain.audit import AuditFact
from core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotEligible,
    NotFound,
    WrongState,
)
from core.ports import AuditFilter
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    RequestId,
    RequestState,
    TokenScope,
)
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
from tests.support.servers import House, granted, until, working

_BROKEN = an_ask(break_glass=True, reason="INC-1: prod is down")
_TWO_HOURS = timedelta(hours=2)


async def test_revoking_ends_when_the_provider_confirms(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """Credentials are gone at once, REVOKED comes later, again answers the same."""
    request_id = (await granted(house)).request.id

    begun = await bob.revoke(request_id, reason="laptop stolen")
    with pytest.raises(WrongState):
        await alice.credentials(request_id)
    again = await bob.revoke(request_id, reason="something else")
    async with working(house.jitsudo):
        ended = await until(alice, again, RequestState.REVOKED)

    assert begun.request.state is RequestState.ACTIVE
    assert begun.request.grant_status is GrantStatus.REVOKING
    assert again.request == begun.request
    assert ended.request.grant_status is GrantStatus.ENDED
    assert ended.request.ended_by == BOB
    assert ended.request.end_reason == "laptop stolen"
    assert (await bob.revoke(request_id, reason="")).request == ended.request
    await _assert_intact(house)


@pytest.mark.parametrize("who", [ALICE, BOB, ERIN])
async def test_requester_approver_and_admin_may_revoke(house: House, who: str) -> None:
    """The requester and admins always, others by policy."""
    request_id = (await granted(house)).request.id

    record = await (await house.acting(who)).revoke(request_id, reason="")

    assert record.request.ended_by == who


@pytest.mark.parametrize("act", ["revoke", "retry"])
async def test_others_may_not_revoke_or_retry_and_learn_nothing(
    house: House, act: str
) -> None:
    """Policy's reason and no fact of the request; the try is audited."""
    request_id = (await granted(house)).request.id
    dave = await house.acting(DAVE)

    with pytest.raises(NotAllowed) as refused:
        await _act(dave, act, request_id)

    assert str(refused.value) == "only sre-lead may decide this"
    (event,) = await _events(house, AuditAction.GRANT_REVOKE_REFUSED)
    assert event.actor == DAVE
    await _assert_intact(house)


@pytest.mark.parametrize("act", ["revoke", "retry", "review"])
async def test_unknown_request_is_not_found(house: House, act: str) -> None:
    """For whoever might do it."""
    with pytest.raises(NotFound):
        await _act(await house.acting(ERIN), act, a_request_id())


async def test_pending_request_cannot_be_revoked(
    alice: Approvals, bob: Approvals
) -> None:
    """There is no grant: it stays as it is."""
    asked = await alice.submit(an_ask())

    with pytest.raises(WrongState) as refused:
        await bob.revoke(asked.request.id, reason="")

    assert refused.value.actual == "PENDING"
    assert (await alice.get(asked.request.id)).request == asked.request


async def test_what_has_not_failed_cannot_be_retried(
    alice: Approvals, house: House
) -> None:
    """The answer names state and grant status."""
    record = await granted(house)

    with pytest.raises(WrongState) as refused:
        await alice.retry(record.request.id)

    assert refused.value.actual == "ACTIVE (active)"


async def test_extension_takes_the_place_of_the_old_grant(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """The old one runs until the new one does, and says what ended it."""
    old = await granted(house)

    asked = await alice.extend(old.request.id, duration=_TWO_HOURS)
    with pytest.raises(Invalid):
        await alice.extend(old.request.id, duration=_TWO_HOURS)
    meanwhile = await alice.get(old.request.id)
    async with working(house.jitsudo):
        approved = await bob.approve(asked.request.id, comment="")
        await until(alice, approved, RequestState.ACTIVE)
        ended = await until(alice, old, RequestState.REVOKED)

    assert asked.request.extends == old.request.id
    assert asked.request.ask.reason == old.request.ask.reason
    assert asked.request.ask.duration == _TWO_HOURS
    assert meanwhile.request.is_in_force
    assert ended.request.end_reason == f"extended by {asked.request.id}"
    with pytest.raises(WrongState):
        await alice.extend(old.request.id, duration=_TWO_HOURS)
    await _assert_intact(house)


async def test_extension_sent_twice_under_its_key_is_one_request(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """Also when the old grant has ended because the first one was done."""
    old = (await granted(house)).request.id

    first = await alice.extend(old, duration=_TWO_HOURS, key="k1")
    again = await alice.extend(old, duration=_TWO_HOURS, key="k1")
    async with working(house.jitsudo):
        await bob.approve(first.request.id, comment="")
        await until(alice, first, RequestState.ACTIVE)
        await until(alice, await alice.get(old), RequestState.REVOKED)
    late = await alice.extend(old, duration=_TWO_HOURS, key="k1")

    assert again.request == first.request
    assert late.request.id == first.request.id
    with pytest.raises(Conflict):
        await alice.extend(old, duration=timedelta(minutes=5), key="k1")


async def test_only_the_requester_extends(house: House) -> None:
    """Who may see it is told so; who may not, nothing."""
    old = (await granted(house)).request.id

    with pytest.raises(NotAllowed) as refused:
        await (await house.acting(BOB)).extend(old, duration=_TWO_HOURS)
    with pytest.raises(NotFound):
        await (await house.acting(DAVE)).extend(old, duration=_TWO_HOURS)

    assert ALICE in str(refused.value)


async def test_policy_decides_about_extensions(alice: Approvals, house: House) -> None:
    """Longer than may be asked for is longer than may be extended."""
    old = (await granted(house)).request.id

    with pytest.raises(NotEligible):
        await alice.extend(old, duration=timedelta(hours=5))


async def test_submission_sent_twice_under_its_key_is_one_request(
    alice: Approvals, house: House
) -> None:
    """One person's key is no other's; something else under it is a conflict."""
    first = await alice.submit(an_ask(), key="k1")

    again = await alice.submit(an_ask(), key="k1")
    other = await alice.submit(an_ask(), key="k2")
    with pytest.raises(Conflict):
        await alice.submit(an_ask(role="else"), key="k1")

    assert again.request == first.request
    assert other.request.id != first.request.id
    assert len(await _events(house, AuditAction.REQUEST_CREATED)) == 2


async def test_broken_glass_is_reviewed_by_somebody_else(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """Granted without a yes; open until one other person closes it, once."""
    record = await granted(house, ask=_BROKEN)
    request_id = record.request.id
    waiting = await bob.list(RequestQuery(needs_review=True))

    with pytest.raises(NotAllowed):
        await alice.review(request_id, note="it was me")
    with pytest.raises(Invalid) as blank:
        await bob.review(request_id, note=" \n")
    reviewed = await bob.review(request_id, note="justified")
    again = await bob.review(request_id, note="not justified")
    with pytest.raises(WrongState) as late:
        await (await house.acting(BEN)).review(request_id, note="justified")

    assert record.request.decided_by == "break-glass"
    assert [r.request.id for r in waiting.records] == [request_id]
    assert waiting.records[0].request.needs_review
    assert blank.value.field == "note"
    assert (reviewed.request.reviewed_by, reviewed.request.review_note) == (
        BOB,
        "justified",
    )
    assert again.request == reviewed.request
    assert late.value.by == BOB
    assert (await bob.list(RequestQuery(needs_review=True))).records == ()
    assert len(await _events(house, AuditAction.REQUEST_REVIEWED)) == 1
    await _assert_intact(house)


async def test_ordinary_request_needs_no_review(bob: Approvals, house: House) -> None:
    """There is nothing to look into."""
    record = await granted(house)

    with pytest.raises(Invalid):
        await bob.review(record.request.id, note="fine")


@pytest.mark.parametrize("who", [DAVE, CAROL])
async def test_who_may_not_deny_may_not_review(house: House, who: str) -> None:
    """The try is audited, and the review stays open."""
    record = await granted(house, ask=_BROKEN)

    with pytest.raises(NotAllowed):
        await (await house.acting(who)).review(record.request.id, note="fine")

    (event,) = await _events(house, AuditAction.REQUEST_REVIEW_REFUSED)
    assert event.actor == who
    seen = await (await house.acting(ERIN)).get(record.request.id)
    assert seen.request.needs_review


async def test_disabling_ends_everything_of_a_person(
    alice: Approvals, house: House
) -> None:
    """Open requests, grants and tokens; nothing new is taken; one event each."""
    running = await granted(house)
    pending = await alice.submit(an_ask())
    erin = await house.acting(ERIN)

    departure = await erin.disable_principal(ALICE, reason="left")
    with pytest.raises((NotAllowed, NotAuthenticated)):
        await alice.submit(an_ask())
    async with working(house.jitsudo):
        for record in (running, pending):
            await until(erin, record, RequestState.REVOKED)
    again = await erin.disable_principal(ALICE, reason="left")

    assert (departure.email, departure.is_disabled) == (ALICE, True)
    assert departure.requests == (pending.request.id, running.request.id)
    assert (again.requests, again.tokens) == ((), 0)
    ended = await erin.get(running.request.id)
    assert ended.request.end_reason == f"{ALICE} is disabled: left"
    for action in (
        AuditAction.PRINCIPAL_DISABLED,
        AuditAction.REQUEST_WITHDRAWN,
        AuditAction.GRANT_REVOKE_REQUESTED,
        AuditAction.GRANT_REVOKED,
    ):
        assert len(await _events(house, action)) == 1, action
    await _assert_intact(house)


async def test_enabled_person_may_ask_again(house: House) -> None:
    """What was ended stays ended; enabling somebody who is not disabled is nothing."""
    erin = await house.acting(ERIN)
    await erin.disable_principal(ALICE, reason="on leave")

    back = await erin.enable_principal(ALICE)
    await erin.enable_principal(ALICE)

    assert (back.is_disabled, back.requests) == (False, ())
    assert len(await _events(house, AuditAction.PRINCIPAL_ENABLED)) == 1
    asked = await (await house.acting(ALICE)).submit(an_ask())
    assert asked.request.state is RequestState.PENDING


@pytest.mark.parametrize(
    ("email", "reason", "field"),
    [("nobody", "left", "e-mail"), (ALICE, " ", "reason"), (ERIN, "me", "e-mail")],
)
async def test_what_cannot_be_disabled_names_its_field(
    house: House, email: str, reason: str, field: str
) -> None:
    """An e-mail has to be one and somebody else's; a reason is required."""
    with pytest.raises(Invalid) as refused:
        await (await house.acting(ERIN)).disable_principal(email, reason=reason)

    assert refused.value.field == field


async def test_only_admins_shut_people_out(bob: Approvals) -> None:
    """The scope alone is not enough."""
    with pytest.raises(NotAllowed):
        await bob.disable_principal(DAVE, reason="why not")
    with pytest.raises(NotAllowed):
        await bob.enable_principal(DAVE)


@pytest.mark.parametrize(
    ("act", "scopes", "is_enough"),
    [
        ("revoke", {TokenScope.READ, TokenScope.ADMIN}, False),
        ("revoke", {TokenScope.REQUEST}, True),
        ("revoke", {TokenScope.APPROVE}, True),
        ("retry", {TokenScope.READ}, False),
        ("extend", {TokenScope.READ, TokenScope.APPROVE}, False),
        ("extend", {TokenScope.REQUEST}, True),
        ("review", {TokenScope.READ, TokenScope.REQUEST}, False),
        ("disable", {TokenScope.READ, TokenScope.APPROVE}, False),
        ("enable", {TokenScope.REQUEST}, False),
    ],
)
async def test_each_act_needs_its_scope(
    house: House, act: str, scopes: set[TokenScope], *, is_enough: bool
) -> None:
    """Without it nothing is done, whoever holds the token."""
    record = await granted(house)
    holder = ERIN if act in {"disable", "enable"} else ALICE
    approvals = await house.acting(holder, frozenset(scopes))

    if is_enough:
        await _act(approvals, act, record.request.id)
    else:
        with pytest.raises(NotAllowed) as refused:
            await _act(approvals, act, record.request.id)
        assert "scope" in str(refused.value)
        seen = await (await house.acting(ERIN)).get(record.request.id)
        assert seen.request == record.request


async def _act(approvals: Approvals, act: str, request_id: RequestId) -> None:
    match act:
        case "revoke":
            await approvals.revoke(request_id, reason="")
        case "retry":
            await approvals.retry(request_id)
        case "review":
            await approvals.review(request_id, note="fine")
        case "extend":
            await approvals.extend(request_id, duration=_TWO_HOURS)
        case "disable":
            await approvals.disable_principal(DAVE, reason="left")
        case "enable":
            await approvals.enable_principal(DAVE)
        case _:
            pytest.fail(f"there is no act {act}")


async def _events(house: House, action: AuditAction) -> list[AuditFact]:
    page = await (await house.acting(ERIN)).audit(AuditFilter(action=action))
    return [event.fact for event in page.events]


async def _assert_intact(house: House) -> None:
    """Check that the chain holds after everything that was done."""
    report = await (await house.acting(ERIN)).verify_audit()
    assert report.events > 0
