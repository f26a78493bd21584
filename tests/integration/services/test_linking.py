"""One account in Slack is one principal, from its first use on; on both databases."""

import pytest

from core.domain.identity import SlackLink
from core.domain.principal import Actor
from core.errors import NotAuthenticated
from core.services.refusals import WINDOW
from core.vocabulary import (
    AuditAction,
    JobKind,
    LinkMethod,
    Origin,
    Outcome,
    Verdict,
)
from tests.support.builders import ALICE, BOB, CAROL, ERIN
from tests.support.policies import ScriptedPolicy
from tests.support.products import ISSUER, Product, a_product
from tests.support.races import outcomes
from tests.support.rosters import Groups
from tests.support.slackers import Slacker, links, names


def bob_of(product: Product, *, user: str = "U1", email: str = BOB) -> Slacker:
    """Return bob in Slack, or who comes in his place."""
    return Slacker(product=product, user=user, email=email)


async def test_the_first_use_links_and_is_audited(product: Product) -> None:
    """In one transaction; later uses write nothing."""
    bob = bob_of(product)

    actors = [await bob.acts() for _ in range(3)]

    assert (
        actors
        == [
            Actor(
                email=BOB,
                origin=Origin.SLACK,
                evidence={"slack_team": "T1", "slack_user": "U1"},
            )
        ]
        * 3
    )
    assert await links(product) == [
        SlackLink(
            account=bob.account,
            email=BOB,
            method=LinkMethod.FIRST_USE,
            linked_by=BOB,
            linked_at=product.clock.time,
        )
    ]
    (event,) = await product.events()
    assert event.fact.action is AuditAction.IDENTITY_LINKED
    assert (event.fact.actor, event.fact.outcome) == (BOB, Outcome.SUCCESS)
    assert event.fact.details == {
        "account": "T1/U1",
        "email": BOB,
        "method": "first_use",
        "slack_team": "T1",
        "slack_user": "U1",
    }


async def test_a_changed_email_behind_an_account_is_refused(product: Product) -> None:
    """Said, audited with both addresses and the request, and told to the admins."""
    request = (await product.submit()).request
    await bob_of(product).acts()
    impostor = bob_of(product, email=ERIN)

    with pytest.raises(NotAuthenticated) as refused:
        await impostor.acts(request.id, Verdict.APPROVE)

    assert ERIN in refused.value.why
    assert BOB in refused.value.why
    assert "jitsudo identity unlink T1/U1" in refused.value.why
    assert await names(product) == {"U1": BOB}
    (event,) = await product.events(AuditAction.IDENTITY_CONFLICT)
    assert (event.fact.actor, event.fact.outcome) == ("slack:T1/U1", Outcome.FAILURE)
    assert event.fact.request_id == request.id
    assert event.fact.details["email"] == ERIN
    assert event.fact.details["linked_email"] == BOB
    assert event.fact.details["verdict"] == "approve"
    (notice,) = await product.jobs(JobKind.TELL_ADMINS)
    for told in ("T1/U1", BOB, ERIN, "jitsudo identity unlink T1/U1"):
        assert told in notice.payload["text"]


async def test_a_second_account_with_somebodys_email_is_refused(
    product: Product,
) -> None:
    """Such as one made anew for an address that somebody left behind."""
    await bob_of(product).acts()
    second = bob_of(product, user="U2")

    with pytest.raises(NotAuthenticated, match="another Slack account"):
        await second.acts()

    assert await names(product) == {"U1": BOB}
    (event,) = await product.events(AuditAction.IDENTITY_CONFLICT)
    assert event.fact.actor == "slack:T1/U2"
    assert event.fact.details["linked_account"] == "T1/U1"
    assert (await bob_of(product).acts()).email == BOB


async def test_the_way_back_is_the_way_back(product: Product) -> None:
    """Nothing of a conflict sticks to the account."""
    await bob_of(product).acts()
    with pytest.raises(NotAuthenticated):
        await bob_of(product, email="robert@example.com").acts()

    assert (await bob_of(product).acts()).email == BOB


async def test_repeats_are_counted_and_the_admins_told_once(product: Product) -> None:
    """Whatever is tried, and as whom: one event and one notice in a window."""
    await bob_of(product).acts()
    tries = [
        (verdict, email)
        for verdict in (Verdict.APPROVE, Verdict.DENY, None)
        for email in (ERIN, CAROL, ALICE)
    ]

    for verdict, email in tries:
        with pytest.raises(NotAuthenticated):
            await bob_of(product, email=email).acts(verdict=verdict)

    assert len(await product.events(AuditAction.IDENTITY_CONFLICT)) == 1
    assert len(await product.jobs(JobKind.TELL_ADMINS)) == 1
    product.clock.move(WINDOW)
    await product.hurry_and_work()
    _, counted = await product.events(AuditAction.IDENTITY_CONFLICT)
    assert counted.fact.details["repeated"] == len(tries) - 1
    with pytest.raises(NotAuthenticated):
        await bob_of(product, email=ERIN).acts()
    assert len(await product.events(AuditAction.IDENTITY_CONFLICT)) == 3


async def test_a_conflict_stops_nobody_else(product: Product) -> None:
    """Neither the one whose address is claimed nor anybody beside them."""
    erin = Slacker(product=product, user="U7", email=ERIN)
    await bob_of(product).acts()
    for _ in range(3):
        with pytest.raises(NotAuthenticated):
            await bob_of(product, email=ERIN).acts()

    assert (await erin.acts()).email == ERIN
    assert await names(product) == {"U1": BOB, "U7": ERIN}


async def test_somebody_disabled_is_recognised_but_never_linked(
    product: Product,
) -> None:
    """What they do is refused as theirs; a link they have stays."""
    await product.disable(BOB)

    assert (await bob_of(product).acts()).email == BOB

    assert await links(product) == []
    await bob_of(product, user="U7", email=CAROL).acts()
    await product.disable(CAROL)
    assert await names(product) == {"U7": CAROL}
    with pytest.raises(NotAuthenticated):
        await bob_of(product, user="U7", email=ALICE).acts()


async def test_twenty_first_uses_on_two_replicas_are_one_link(
    database_url: str, groups: Groups
) -> None:
    """Everybody gets the same answer, and the log has one event."""
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy) as one,
        a_product(database_url, groups, policy=policy, clock=one.clock) as other,
    ):
        answers = await outcomes(
            [bob_of(replica).acts() for _ in range(10) for replica in (one, other)]
        )

        assert len(answers) == 20
        assert {getattr(answer, "email", answer) for answer in answers} == {BOB}
        assert await names(one) == {"U1": BOB}
        assert await one.actions() == ["identity.linked"]


async def test_of_two_accounts_with_one_email_at_once_one_is_linked(
    database_url: str, groups: Groups
) -> None:
    """The other is told so, whoever was first."""
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy) as one,
        a_product(database_url, groups, policy=policy, clock=one.clock) as other,
    ):
        answers = await outcomes(
            [bob_of(one, user="U1").acts(), bob_of(other, user="U2").acts()]
        )

        refused = [a for a in answers if isinstance(a, NotAuthenticated)]
        assert len(refused) == 1
        assert len(await links(one)) == 1
        assert await one.actions() == ["identity.linked", "identity.conflict"]


async def test_where_a_sign_in_is_needed_the_first_use_is_refused(
    database_url: str, groups: Groups
) -> None:
    """Unlinked or linked by a first use of former days: neither acts."""
    async with a_product(database_url, groups) as before:
        await bob_of(before).acts()
    async with a_product(
        database_url, groups, auth=ISSUER, slack_link="oidc"
    ) as product:
        for user, email in (("U1", BOB), ("U7", CAROL)):
            with pytest.raises(NotAuthenticated, match="/jitsudo link"):
                await bob_of(product, user=user, email=email).acts()

        assert await names(product) == {"U1": BOB}
        refusals = await product.events(AuditAction.IDENTITY_REFUSED)
        assert [event.fact.actor for event in refusals] == [
            "slack:T1/U1",
            "slack:T1/U7",
        ]
        assert await product.jobs(JobKind.TELL_ADMINS) == []
        with pytest.raises(NotAuthenticated, match="linked to"):
            await bob_of(product, email=ERIN).acts()
        await product.acting(ERIN).link_identity(bob_of(product).account, BOB)
        assert (await bob_of(product).acts()).email == BOB
