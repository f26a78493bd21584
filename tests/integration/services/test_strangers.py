"""People whom nobody identifies: refused, audited, and unable to flood the chain."""

import pytest

from core.domain.audit import AuditEvent
from core.errors import NotAllowed, NotFound
from core.services.refusals import WINDOW
from core.vocabulary import AuditAction, Origin, Outcome, RequestId, TokenScope, Verdict
from tests.support.builders import DAVE, a_request_id
from tests.support.products import Product

READ = frozenset({TokenScope.READ})


async def turned_away(
    product: Product,
    request_id: RequestId | None,
    verdict: Verdict | None = Verdict.APPROVE,
    *,
    user: str = "U9",
    is_submission: bool = False,
) -> None:
    """Have a guest of another company refused."""
    await product.jitsudo.refuse_stranger(
        actor=f"slack:T9/{user}",
        request_id=request_id,
        verdict=verdict,
        code="not_authenticated",
        why="another company",
        evidence={"slack_team": "T9", "slack_user": user},
        is_submission=is_submission,
    )


async def failures(product: Product) -> list[AuditEvent]:
    """Return what was refused, oldest first."""
    return await product.events(outcome=Outcome.FAILURE)


async def test_a_stranger_is_audited_with_the_request_they_named(
    product: Product,
) -> None:
    """By team and user, since nobody knows an e-mail."""
    request = (await product.submit()).request

    for _ in range(3):
        await turned_away(product, request.id)

    (event,) = await failures(product)
    assert (event.fact.actor, event.fact.origin) == ("slack:T9/U9", Origin.SLACK)
    assert event.fact.action is AuditAction.REQUEST_DECISION_REFUSED
    assert event.fact.request_id == request.id
    assert event.fact.details["slack_user"] == "U9"
    assert event.fact.details["why"] == "another company"


async def test_a_stranger_who_makes_up_ids_cannot_flood_the_chain(
    product: Product,
) -> None:
    """Whatever they type, it is one event a minute and one that counts the rest."""
    made_up = [a_request_id() for _ in range(12)]

    for request_id in made_up:
        await turned_away(product, request_id)

    (first,) = await failures(product)
    assert first.fact.request_id == made_up[0]
    product.clock.move(WINDOW)
    await product.hurry_and_work()
    _, counted = await failures(product)
    assert counted.fact.actor == "slack:T9/U9"
    assert counted.fact.details["repeated"] == 11
    assert counted.fact.details["verdict"] == "approve"
    assert counted.fact.request_id is None


async def test_each_stranger_and_each_verdict_is_another_refusal(
    product: Product,
) -> None:
    """One who is noisy does not hide another, nor a denial an approval."""
    for user in ("U8", "U9"):
        for verdict in (Verdict.APPROVE, Verdict.DENY):
            await turned_away(product, a_request_id(), verdict, user=user)

    told = [(e.fact.actor, e.fact.details["verdict"]) for e in await failures(product)]
    assert told == [
        ("slack:T9/U8", "approve"),
        ("slack:T9/U8", "deny"),
        ("slack:T9/U9", "approve"),
        ("slack:T9/U9", "deny"),
    ]


@pytest.mark.parametrize(
    ("is_submission", "action"),
    [
        (False, AuditAction.IDENTITY_REFUSED),
        (True, AuditAction.REQUEST_ELIGIBILITY_REFUSED),
    ],
)
async def test_what_a_stranger_wanted_is_told_apart(
    product: Product, *, is_submission: bool, action: AuditAction
) -> None:
    """Looking at a request is not asking for one; repeats are called the same."""
    for wanted in (is_submission, not is_submission, is_submission):
        await turned_away(product, None, None, is_submission=wanted)

    first, other = await failures(product)
    assert (first.fact.action, first.fact.details["code"]) == (
        action,
        "not_authenticated",
    )
    assert other.fact.action is not action
    product.clock.move(WINDOW)
    await product.hurry_and_work()
    (repeats,) = (await failures(product))[2:]
    assert repeats.fact.action is action
    assert repeats.fact.details == {"code": "not_authenticated", "repeated": 1}


async def test_a_known_person_who_makes_up_ids_writes_nothing(
    product: Product,
) -> None:
    """What does not exist is not found, and that is no refusal."""
    for _ in range(3):
        with pytest.raises(NotFound):
            await product.acting(DAVE).approve(a_request_id(), comment="")
        with pytest.raises(NotFound):
            await product.acting(DAVE).deny(a_request_id(), reason="no")
        with pytest.raises(NotAllowed):
            await product.acting(DAVE, scopes=READ).approve(a_request_id(), comment="")

    assert await product.events() == []
