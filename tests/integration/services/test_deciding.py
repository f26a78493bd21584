"""Deciding with the starter policy, on both databases."""

import pytest

from core.errors import (
    NotEligible,
    WrongState,
)
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Origin,
    Outcome,
    RequestState,
    Tier,
    Verdict,
)
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    DAVE,
    an_ask,
)
from tests.support.products import Product

PROD = an_ask(resource_scope="123-prod")


async def test_a_request_waits_for_sre_lead(product: Product) -> None:
    """Stored, routed, shown, chained, and due to lapse; nothing granted."""
    record = await product.submit()

    request = record.request
    assert request == (await product.record(request.id)).request
    assert request.state is RequestState.PENDING
    assert request.grant_status is GrantStatus.NONE
    assert request.routing.tier is Tier.HUMAN
    assert request.routing.approver_groups == ("sre-lead",)
    assert request.lapses_at - request.created_at == product.settings.request_ttl
    assert await product.actions() == ["request.created"]
    assert [job.kind for job in await product.jobs()] == [JobKind.LAPSE]
    shown = {
        (s.purpose.value, s.destination) for s in await product.surfaces(request.id)
    }
    assert shown == {("card", "default"), ("thread", "v1")}
    assert product.provider.grants == []


async def test_one_approval_of_sre_lead_grants(product: Product) -> None:
    """State, decision, event, jobs and the DM commit together."""
    product.evidence = {"slack_team": "T1", "slack_user": "U1"}
    request = (await product.submit()).request

    record = await product.acting(BOB, origin=Origin.SLACK).approve(
        request.id, comment="go <!channel>"
    )

    assert record == await product.record(request.id)
    decided = record.request
    assert decided.state is RequestState.APPROVED
    assert decided.grant_status is GrantStatus.ISSUING
    assert decided.version == 2
    assert (decided.decided_by, decided.decision_text) == (BOB, "go <!channel>")
    (decision,) = record.decisions
    assert (decision.approver, decision.verdict) == (BOB, Verdict.APPROVE)
    assert decision.origin is Origin.SLACK
    assert not decision.self_allowed
    (event,) = await product.events(AuditAction.REQUEST_APPROVED)
    assert (event.fact.actor, event.fact.origin) == (BOB, Origin.SLACK)
    assert event.fact.request_id == request.id
    told = dict(event.fact.details)
    assert str(told.pop("policy_revision")).startswith("sha256:")
    assert told == {
        "version": 2,
        "requester": ALICE,
        "provider": "local",
        "role": "infra-admin",
        "resource_scope": "staging",
        "duration_seconds": 3600,
        "reason": "INC-4421: pods do not start",
        "comment": "go <!channel>",
        "counted": 1,
        "required": 1,
        "approvers": [BOB],
        "not_counted": [],
        "slack_team": "T1",
        "slack_user": "U1",
    }
    kinds = {job.kind for job in await product.jobs()}
    assert kinds == {JobKind.LAPSE, JobKind.ISSUE}
    shown = {
        (s.purpose.value, s.destination, s.desired_version)
        for s in await product.surfaces(request.id)
    }
    assert shown == {
        ("card", "default", 2),
        ("dm", ALICE, 2),
        ("thread", "v1", 1),
        ("thread", "v2", 2),
    }


async def test_a_denial_ends_it(product: Product) -> None:
    """The reason is kept, nothing is issued, and nobody can approve any more."""
    request = (await product.submit()).request

    record = await product.acting(BOB).deny(request.id, reason="not tonight")

    assert record == await product.record(request.id)
    assert record.request.state is RequestState.REJECTED
    assert record.request.grant_status is GrantStatus.NONE
    assert record.request.decision_text == "not tonight"
    (event,) = await product.events(AuditAction.REQUEST_DENIED)
    assert event.fact.details["denial_reason"] == "not tonight"
    with pytest.raises(WrongState) as late:
        await product.acting(BEN).approve(request.id, comment="")
    assert (late.value.actual, late.value.by) == ("REJECTED", BOB)
    assert late.value.at == record.request.decided_at
    await product.hurry_and_work()
    assert product.provider.grants == []
    assert await product.actions() == ["request.created", "request.denied"]


async def test_who_may_not_ask_is_told_why_and_nothing_is_stored(
    product: Product,
) -> None:
    """Policy's own reason to the person, one failure in the log."""
    with pytest.raises(NotEligible, match="only members of sre may ask"):
        await product.submit(by=DAVE)

    (event,) = await product.events()
    assert event.fact.action is AuditAction.REQUEST_ELIGIBILITY_REFUSED
    assert event.fact.outcome is Outcome.FAILURE
    assert event.fact.actor == DAVE
    assert event.fact.details["why"] == (
        "only members of sre may ask; ask to be added to that group"
    )
    assert event.fact.details["role"] == "infra-admin"
    assert "policy_revision" in event.fact.details
    assert await product.jobs(JobKind.LAPSE, JobKind.ISSUE, JobKind.RENDER) == []
