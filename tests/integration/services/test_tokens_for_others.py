"""What a token may be made for, and what nobody gets round by one."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.approvals import Approvals, TokenQuery
from core.domain.principal import Actor
from core.errors import Invalid, NotAllowed, NotEligible
from core.use_cases import ALL_SCOPES
from core.vocabulary import (
    AuditAction,
    JobKind,
    Origin,
    Outcome,
    RequestState,
    TokenScope,
)
from tests.support.builders import ALICE, BOB, DAVE, ERIN, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product

HOUR = timedelta(hours=1)
CI = "ci@example.com"
MACHINES = frozenset({TokenScope.REQUEST, TokenScope.READ})


async def by(product: Product, secret: str) -> Approvals:
    """Return the approvals of who comes with a token, as over REST."""
    bearer = await product.jitsudo.authenticate(secret)
    actor = Actor(
        email=bearer.email,
        origin=Origin.API,
        evidence=bearer.evidence,
        vouched_by=bearer.issued_by,
    )
    return product.jitsudo.acting(actor, scopes=bearer.scopes)


async def test_nobody_approves_their_own_with_a_token_they_issued(
    scripted: Product,
) -> None:
    """It is bob's by name, but erin holds it; anybody else's request it approves."""
    hers = (await scripted.submit(by=ERIN)).request.id
    alices = (await scripted.submit()).request.id
    secret = (
        await scripted.acting(ERIN).issue_token(BOB, scopes=ALL_SCOPES, ttl=HOUR)
    ).secret
    bob = await by(scripted, secret)

    with pytest.raises(NotAllowed, match=r"erin@example\.com issued the token"):
        await bob.approve(hers, comment="")
    approved = await bob.approve(alices, comment="")

    assert approved.request.state is RequestState.APPROVED
    assert (await scripted.record(hers)).decisions == ()
    (refused,) = await scripted.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert (refused.fact.actor, refused.fact.request_id) == (BOB, hers)
    tokens = await scripted.events(AuditAction.TOKEN_ISSUED)
    assert refused.fact.details["token_id"] == tokens[0].fact.details["token"]


async def test_nobody_reviews_their_own_with_a_token_they_issued(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """A review is a second pair of eyes as well; a denial harms nobody."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    broke = await scripted.submit(an_ask(break_glass=True), by=ERIN)
    pending = (await scripted.submit(by=ERIN)).request.id
    secret = (
        await scripted.acting(ERIN).issue_token(BOB, scopes=ALL_SCOPES, ttl=HOUR)
    ).secret
    bob = await by(scripted, secret)

    with pytest.raises(NotAllowed, match="issued the token"):
        await bob.review(broke.request.id, note="fine")
    denied = await bob.deny(pending, reason="no")

    assert (await scripted.record(broke.request.id)).request.reviewed_by is None
    assert denied.request.state is RequestState.REJECTED


async def test_admins_hear_of_a_token_that_decides_as_somebody_else(
    scripted: Product,
) -> None:
    """Not of a machine's that asks, of one's own, or of an operator's first one."""
    erin = scripted.acting(ERIN)
    operator = scripted.jitsudo.operator("operator:root@db1", {})
    await erin.issue_token(CI, scopes=MACHINES, ttl=HOUR)
    await erin.issue_token(ERIN, scopes=ALL_SCOPES, ttl=HOUR)
    await operator.issue_token(BOB, scopes=ALL_SCOPES, ttl=HOUR)
    assert await scripted.jobs(JobKind.TELL_ADMINS) == []

    issued = await erin.issue_token(
        BOB, scopes=frozenset({TokenScope.APPROVE}), ttl=HOUR
    )

    (told,) = await scripted.jobs(JobKind.TELL_ADMINS)
    assert f"{ERIN} issued a token for {BOB}" in told.payload["text"]
    assert issued.token.id in told.payload["text"]
    assert issued.secret not in str(told)


async def test_a_token_makes_none_that_may_more(scripted: Product) -> None:
    """One for making machines' tokens does not make one that decides."""
    limited = scripted.acting(ERIN, scopes=MACHINES | {TokenScope.ADMIN})

    await limited.issue_token(CI, scopes=MACHINES, ttl=HOUR)
    for scopes in (ALL_SCOPES, frozenset({TokenScope.APPROVE})):
        with pytest.raises(NotAllowed, match="lacks the scope 'approve'"):
            await limited.issue_token(CI, scopes=scopes, ttl=HOUR)

    assert len(await scripted.tokens(CI)) == 1


async def test_nobody_disabled_gets_a_token(scripted: Product) -> None:
    """It would begin to work when they are let in again."""
    await scripted.disable(DAVE)

    with pytest.raises(Invalid, match="is disabled"):
        await scripted.acting(ERIN).issue_token(DAVE, scopes=MACHINES, ttl=HOUR)

    assert await scripted.tokens(ERIN) == ()


async def test_a_machine_in_no_group_asks_for_nothing_and_decides_nothing(
    product: Product,
) -> None:
    """What it may is policy's to say; without a group the starter policy says no."""
    alices = (await product.submit()).request.id
    secret = (
        await product.acting(ERIN).issue_token(CI, scopes=MACHINES, ttl=HOUR)
    ).secret
    machine = await by(product, secret)

    with pytest.raises(NotEligible):
        await machine.submit(an_ask())
    with pytest.raises(NotAllowed, match="lacks the scope 'approve'"):
        await machine.approve(alices, comment="")
    product.groups.join(CI, "sre")
    own = await machine.submit(an_ask())

    assert own.request.requester == CI
    (token,) = (await machine.tokens(TokenQuery())).tokens
    assert token.last_used_at == product.clock.now()


async def test_two_tokens_at_once_are_two(scripted: Product) -> None:
    """Each with a secret of its own; both work, and both are in the log."""
    erin = scripted.acting(ERIN)
    async with asyncio.TaskGroup() as tasks:
        both = [
            tasks.create_task(erin.issue_token(CI, scopes=MACHINES, ttl=HOUR))
            for _ in range(2)
        ]

    secrets = {task.result().secret for task in both}
    for secret in secrets:
        assert (await scripted.jitsudo.authenticate(secret)).email == CI
    assert len(secrets) == 2
    assert len(await scripted.events(AuditAction.TOKEN_ISSUED)) == 2


async def test_reading_everybodys_tokens_is_audited(scripted: Product) -> None:
    """It takes an admin whose token may; one's own are nobody's news."""
    await scripted.token(ALICE)

    assert await scripted.tokens(BOB) == ()
    assert await scripted.tokens(ERIN, scopes=MACHINES) == ()
    assert await scripted.events(AuditAction.TOKEN_LISTED) == []
    assert len(await scripted.tokens(ERIN)) == 1

    (event,) = await scripted.events(AuditAction.TOKEN_LISTED)
    assert (event.fact.actor, event.fact.details["tokens"]) == (ERIN, 1)


async def test_refused_admins_are_counted_act_by_act(scripted: Product) -> None:
    """The first of each at once, a flood as one event more when its minute is over."""
    dave = scripted.acting(DAVE)

    for _ in range(5):
        with pytest.raises(NotAllowed):
            await dave.issue_token(DAVE, scopes=ALL_SCOPES, ttl=HOUR)
    with pytest.raises(NotAllowed):
        await dave.disable_principal(BOB, reason="out")
    with pytest.raises(NotAllowed):
        await dave.verify_audit()
    with pytest.raises(NotAllowed):
        await dave.jobs(failing_only=False)
    first = await scripted.events(AuditAction.ADMIN_REFUSED)
    await scripted.hurry_and_work()
    repeated = (await scripted.events(AuditAction.ADMIN_REFUSED))[len(first) :]

    assert [(e.fact.actor, e.fact.details["act"]) for e in first] == [
        (DAVE, "issue tokens"),
        (DAVE, "disable people"),
        (DAVE, "verify the audit log"),
        (DAVE, "list jobs"),
    ]
    assert {e.fact.outcome for e in first} == {Outcome.FAILURE}
    assert [(e.fact.details["act"], e.fact.details["repeated"]) for e in repeated] == [
        ("issue tokens", 4)
    ]
