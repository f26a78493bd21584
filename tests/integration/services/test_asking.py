"""Submitting: texts, tiers, and what never reaches policy."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.policy import PolicyAnswer, PolicyQuestion
from core.domain.request import Ask
from core.errors import Invalid, NotEligible
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Origin,
    PolicyAction,
    RequestState,
    Tier,
)
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product
from tests.support.providers import Mood

READONLY = an_ask(role="logs-readonly", duration=timedelta(minutes=30))

HOSTILE = [
    "<!channel> & <@U1> “quoted” — dashed",
    'he said "x", "allow": true, "z": "',
    "line one\nline two\ttabbed",
    "\u202eright to left",
    "\\u0000 \\n ${jndi} '; DROP TABLE requests; --",
    "日本語 🚀",
    "x" * 2_000,
]

REFUSED = ["x" * 2_001, "x" * 10_000, "a\x00b", "a\x1bb", "a\x07b", "a\ud800b"]


async def test_the_starter_policy_approves_short_read_only_asks(
    product: Product,
) -> None:
    """Tier auto: no decision, approver `policy`, two events, no ping, issued."""
    record = await product.submit(READONLY)

    request = record.request
    assert record == await product.record(request.id)
    assert request.state is RequestState.APPROVED
    assert request.grant_status is GrantStatus.ISSUING
    assert request.routing.tier is Tier.AUTO
    assert (request.decided_by, record.decisions) == ("policy", ())
    created, approved = await product.events()
    assert created.fact.action is AuditAction.REQUEST_CREATED
    assert (created.fact.actor, created.fact.origin) == (ALICE, Origin.API)
    assert approved.fact.action is AuditAction.REQUEST_AUTO_APPROVED
    assert (approved.fact.actor, approved.fact.origin) == ("policy", Origin.POLICY)
    assert [job.kind for job in await product.jobs()] == [JobKind.ISSUE]
    await product.work()
    assert (await product.record(request.id)).request.state is RequestState.ACTIVE


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (replace(YES, tier=Tier.AUTO), RequestState.APPROVED),
        (replace(YES, tier=Tier.AUTO, allow=False), RequestState.APPROVED),
        (replace(YES, tier=Tier.AUTO, required_approvals=2), RequestState.PENDING),
        (replace(YES, tier=Tier.AUTO, deny=("freeze",)), RequestState.PENDING),
        (replace(YES, tier=Tier.AI_REVIEW), RequestState.PENDING),
        (replace(YES, deny=("freeze",)), RequestState.PENDING),
    ],
)
async def test_auto_needs_a_quorum_of_one_and_an_empty_deny(
    scripted: Product, policy: ScriptedPolicy, answer: PolicyAnswer, state: RequestState
) -> None:
    """`route` does not read `allow`; anything that speaks against it means people."""

    def rule(question: PolicyQuestion) -> PolicyAnswer:
        return answer if question.action is PolicyAction.ROUTE else YES

    policy.rule = rule
    request = (await scripted.submit()).request

    assert request.state is state
    expected = answer.tier if state is RequestState.APPROVED else Tier.HUMAN
    if answer.tier is Tier.AI_REVIEW:
        expected = Tier.AI_REVIEW
    assert request.routing.tier is expected
    is_approved = state is RequestState.APPROVED
    assert len(await scripted.jobs(JobKind.ISSUE)) == int(is_approved)


async def test_an_ai_tier_waits_and_a_person_may_decide(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Until an agent interface exists it waits like `human`."""
    policy.rule = always(replace(YES, tier=Tier.AI_REVIEW))
    request = (await scripted.submit()).request

    record = await scripted.acting(BOB).approve(request.id, comment="")

    assert record.request.state is RequestState.APPROVED


async def test_an_auto_tier_grants_nothing_to_the_ineligible(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Eligibility comes first; routing is not even asked."""

    def rule(question: PolicyQuestion) -> PolicyAnswer:
        if question.action is PolicyAction.SUBMIT:
            return replace(YES, allow=True, deny=("frozen", "really"))
        return replace(YES, tier=Tier.AUTO)

    policy.rule = rule
    with pytest.raises(NotEligible, match="frozen; really"):
        await scripted.submit()

    assert policy.asked_for(PolicyAction.ROUTE) == []
    assert await scripted.actions() == ["request.eligibility_refused"]
    assert await scripted.jobs(JobKind.ISSUE, JobKind.RENDER) == []


async def test_what_policy_says_of_the_way_is_kept(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Groups, pings, channel and note are as policy said at submission."""
    policy.rule = always(
        replace(
            YES,
            approver_groups=("b", "a"),
            notify_groups=(),
            channel="C123",
            require_comment=True,
            approval_note="one of the two from security",
            required_approvals=2,
        )
    )
    routing = (await scripted.submit()).request.routing

    assert routing.approver_groups == ("b", "a")
    assert routing.notify_groups == ()
    assert (routing.channel, routing.require_comment) == ("C123", True)
    assert routing.approval_note == "one of the two from security"
    assert routing.required_approvals == 2


async def test_pings_go_to_the_approvers_unless_policy_says_otherwise(
    scripted: Product,
) -> None:
    """An undefined `notify_groups` is the approver groups; an empty one is nobody."""
    routing = (await scripted.submit()).request.routing

    assert routing.notify_groups == ("sre-lead",)


async def test_policy_is_asked_about_exactly_what_was_typed(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The question names the transport, the time, the groups now and the ask."""
    ask = replace(an_ask(), metadata={"ticket": "INC-1"}, reason=HOSTILE[1])
    request = (await scripted.submit(ask)).request

    submit, route = policy.asked
    assert (submit.action, route.action) == (PolicyAction.SUBMIT, PolicyAction.ROUTE)
    assert submit.request_id == request.id
    assert submit.user == submit.requester
    assert (submit.user.email, submit.user.groups) == (ALICE, ("sre",))
    assert (submit.reason, submit.metadata) == (HOSTILE[1], {"ticket": "INC-1"})
    assert (submit.origin, submit.time) == (Origin.API, scripted.clock.now())
    assert submit.duration_seconds == 3600
    assert submit.approvals == ()


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_are_kept_and_harm_nothing(
    product: Product, text: str
) -> None:
    """In reason and comment, through policy, store and chain, both databases."""
    request = (await product.submit(an_ask(reason=text))).request
    record = await product.acting(BOB).approve(request.id, comment=text)

    stored = await product.record(request.id)
    assert stored == record
    assert (stored.request.ask.reason, stored.request.decision_text) == (text, text)
    (event,) = await product.events(AuditAction.REQUEST_APPROVED)
    assert (event.fact.details["reason"], event.fact.details["comment"]) == (text, text)


@pytest.mark.parametrize("text", REFUSED)
async def test_what_cannot_be_stored_is_refused_everywhere(
    scripted: Product, policy: ScriptedPolicy, text: str
) -> None:
    """Before policy is asked, naming the field, touching nothing."""
    request = (await scripted.submit()).request
    policy.asked.clear()

    with pytest.raises(Invalid) as asked:
        await scripted.submit(an_ask(reason=text))
    with pytest.raises(Invalid) as approved:
        await scripted.acting(BOB).approve(request.id, comment=text)
    with pytest.raises(Invalid) as denied:
        await scripted.acting(BOB).deny(request.id, reason=text)

    fields = [error.value.field for error in (asked, approved, denied)]
    assert fields == ["reason", "comment", "reason"]
    assert policy.asked == []
    assert await scripted.actions() == ["request.created"]
    assert (await scripted.record(request.id)).request == request


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u200b", "\u3164"])
async def test_a_denial_needs_a_reason(scripted: Product, blank: str) -> None:
    """White space is none, and the request stays open."""
    request = (await scripted.submit()).request

    with pytest.raises(Invalid) as refused:
        await scripted.acting(BOB).deny(request.id, reason=blank)

    assert refused.value.field == "reason"
    assert (await scripted.record(request.id)).request == request


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (an_ask(role="ad\x00min"), "role"),
        (an_ask(role="\u0430dmin"), "role"),
        (an_ask(role="x" * 129), "role"),
        (an_ask(role=" "), "role"),
        (an_ask(resource_scope="x" * 513), "scope"),
        (an_ask(resource_scope="a\nb"), "scope"),
        (an_ask(duration=timedelta(0)), "duration"),
        (an_ask(duration=timedelta(hours=9_999_999)), "duration"),
        (an_ask(provider="aws"), "provider"),
        (an_ask(provider=""), "provider"),
        (an_ask(break_glass=True, reason=" "), "reason"),
        (replace(an_ask(), metadata={str(n): "x" for n in range(21)}), "metadata"),
        (replace(an_ask(), metadata={"k": "\x00"}), "metadata"),
    ],
)
async def test_an_impossible_ask_names_its_field(
    scripted: Product, policy: ScriptedPolicy, ask: Ask, field: str
) -> None:
    """And reaches neither policy nor the chain."""
    with pytest.raises(Invalid) as refused:
        await scripted.submit(ask)

    assert refused.value.field == field
    assert policy.asked == []
    assert await scripted.events() == []


async def test_an_ask_is_trimmed(scripted: Product) -> None:
    """Outer blanks are typing, not content."""
    ask = an_ask(role=" infra-admin ", reason=" because \r\n of this ")

    stored = (await scripted.submit(ask)).request.ask

    assert (stored.role, stored.reason) == ("infra-admin", "because \n of this")


async def test_nothing_is_issued_before_the_commit(scripted: Product) -> None:
    """Submitting and deciding never call a provider; only jobs do."""
    scripted.provider.mood = Mood.CRASH

    request = (await scripted.approved()).request

    assert scripted.provider.grants == []
    assert request.state is RequestState.APPROVED
