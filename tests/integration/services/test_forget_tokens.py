"""The daily job forgets tokens that ended long ago, and nothing else."""

from datetime import timedelta

import pytest

from core.approvals import TokenQuery
from core.errors import NotAuthenticated
from core.services.forget_tokens import KEPT_FOR, ForgetTokens
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction, JobKind
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def stored(product: Product) -> set[str]:
    """Return the ids of all tokens that are kept."""
    operator = product.jitsudo.operator("operator:root@test", {})
    page = await operator.tokens(TokenQuery(with_ended=True, limit=500))
    return {token.id for token in page.tokens}


async def a_day_passes(product: Product) -> None:
    """Have the daily job run, whatever became of it."""
    await product.jitsudo.services.check_approvers.promise()
    await product.hurry(JobKind.CHECK_APPROVERS)
    await product.work()


async def issued(product: Product, email: str, ttl: timedelta) -> str:
    """Return the id of a new token."""
    erin = product.acting(ERIN)
    return (await erin.issue_token(email, scopes=ALL_SCOPES, ttl=ttl)).token.id


async def test_what_ended_long_ago_is_forgotten_once_a_day(scripted: Product) -> None:
    """Expired or revoked, counted from the end; what is valid is never touched."""
    short = await issued(scripted, ALICE, HOUR)
    revoked = await issued(scripted, ALICE, timedelta(days=366))
    valid = await issued(scripted, BOB, timedelta(days=366))
    await scripted.acting(ALICE).revoke_token(revoked)

    scripted.clock.move(KEPT_FOR - timedelta(microseconds=1))
    await a_day_passes(scripted)
    assert await stored(scripted) == {short, revoked, valid}
    scripted.clock.move(timedelta(microseconds=1))
    await a_day_passes(scripted)
    assert await stored(scripted) == {short, valid}
    scripted.clock.move(HOUR)
    await a_day_passes(scripted)
    assert await stored(scripted) == {valid}

    (job,) = await scripted.jobs(JobKind.CHECK_APPROVERS)
    assert job.due_at > scripted.clock.now() + DAY - HOUR


async def test_the_audit_log_keeps_what_is_forgotten(scripted: Product) -> None:
    """Who was issued what, and that it was revoked, is told for good."""
    issue = await scripted.token(ALICE)
    await scripted.acting(ALICE).revoke_token(issue.token.id)
    before = await scripted.events()

    scripted.clock.move(KEPT_FOR)
    await a_day_passes(scripted)

    assert await stored(scripted) == set()
    assert await scripted.events() == [
        *before,
        *await scripted.events(AuditAction.TOKEN_LISTED),
    ]
    told = [
        event.fact.action
        for event in await scripted.events()
        if event.fact.details.get("token") == issue.token.id
    ]
    assert told == [AuditAction.TOKEN_ISSUED, AuditAction.TOKEN_REVOKED]
    with pytest.raises(NotAuthenticated, match="unknown"):
        await scripted.jitsudo.authenticate(issue.secret)


async def test_policy_that_is_away_keeps_no_token(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The look at approvers fails and is tried again; forgetting came before."""
    await issued(scripted, ALICE, HOUR)
    await scripted.submit()
    scripted.clock.move(HOUR + KEPT_FOR)
    policy.failure = "is away"

    await a_day_passes(scripted)

    (job,) = await scripted.jobs(JobKind.CHECK_APPROVERS)
    assert "is away" in job.last_error
    assert await stored(scripted) == set()


async def test_many_are_forgotten_in_batches(scripted: Product) -> None:
    """So many in one day; the next day goes on where this one stopped."""
    for _ in range(7):
        await issued(scripted, ALICE, HOUR)
    valid = await issued(scripted, BOB, timedelta(days=366))
    scripted.clock.move(HOUR + KEPT_FOR)
    forget = ForgetTokens(
        store=scripted.store, clock=scripted.clock, batch=2, most_batches=2
    )

    assert [await forget.run() for _ in range(3)] == [4, 3, 0]
    assert await stored(scripted) == {valid}
