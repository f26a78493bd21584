"""Linked Slack accounts: the same in process and over REST."""

import pytest

from core.clock import Deadline
from core.domain.identity import SlackAccount
from core.errors import Invalid, NotAllowed, NotFound
from core.ports import AuditFilter
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction, LinkMethod, TokenScope
from core.wiring import Jitsudo
from tests.support.builders import ALICE, BOB, CAROL, ERIN
from tests.support.servers import House

U1 = SlackAccount(team_id="T1", user_id="U1")
U2 = SlackAccount(team_id="T1", user_id="U2")


async def used(jitsudo: Jitsudo, account: SlackAccount, email: str) -> None:
    """Have an account act in Slack."""
    await jitsudo.recognise(account, email, evidence={}, deadline=Deadline(seconds=10))


async def test_links_are_made_listed_and_ended_by_admins(house: House) -> None:
    """Each is audited; ended, the next use links anew."""
    erin = await house.acting(ERIN)
    await used(house.jitsudo, U1, BOB)

    linked = await erin.link_identity(U2, "Carol@Example.com")
    listed = await erin.identities()
    ended = await erin.unlink_identity(U1)
    left = await erin.identities()
    await used(house.jitsudo, U1, ALICE)

    assert [(each.account, each.email, each.method) for each in listed] == [
        (U1, BOB, LinkMethod.FIRST_USE),
        (U2, CAROL, LinkMethod.ADMIN),
    ]
    assert listed == (ended, linked)
    assert linked.linked_by == ERIN
    assert left == (linked,)
    assert [each.email for each in await erin.identities()] == [ALICE, CAROL]
    log = await erin.audit(AuditFilter())
    told = [event.fact for event in log.events if "identity." in event.fact.action]
    assert [(fact.actor, fact.action) for fact in told] == [
        (ALICE, AuditAction.IDENTITY_LINKED),
        (ERIN, AuditAction.IDENTITY_UNLINKED),
        (ERIN, AuditAction.IDENTITY_LINKED),
        (BOB, AuditAction.IDENTITY_LINKED),
    ]
    details = dict(told[1].details)
    details.pop("token_id", None)  # over REST
    assert details == {"account": "T1/U1", "email": BOB, "method": "first_use"}


async def test_linking_again_answers_the_same(house: House) -> None:
    """A first use becomes an admin's word; that stays as it is."""
    erin = await house.acting(ERIN)
    await used(house.jitsudo, U1, BOB)

    first = await erin.link_identity(U1, BOB)
    again = await erin.link_identity(U1, BOB)

    assert first.method is LinkMethod.ADMIN
    assert again == first
    linked = await erin.audit(AuditFilter(action=AuditAction.IDENTITY_LINKED))
    assert [event.fact.details.get("replaced") for event in linked.events] == [
        "first_use",
        None,
    ]


async def test_what_is_linked_elsewhere_is_not_taken(house: House) -> None:
    """Either side says what to unlink first; what is not linked cannot be."""
    erin = await house.acting(ERIN)
    await erin.link_identity(U1, BOB)

    with pytest.raises(Invalid, match="unlink T1/U1 first"):
        await erin.link_identity(U1, CAROL)
    with pytest.raises(Invalid, match="unlink T1/U1 first"):
        await erin.link_identity(U2, BOB)
    with pytest.raises(Invalid, match="e-mail"):
        await erin.link_identity(U2, "bob")
    with pytest.raises(NotFound, match="T1/U2"):
        await erin.unlink_identity(U2)

    assert [each.account for each in await erin.identities()] == [U1]


@pytest.mark.parametrize("scopes", [ALL_SCOPES, ALL_SCOPES - {TokenScope.ADMIN}])
async def test_links_are_for_admins(
    house: House, scopes: frozenset[TokenScope]
) -> None:
    """With a token that may; others neither read nor change any."""
    who = BOB if TokenScope.ADMIN in scopes else ERIN
    person = await house.acting(who, scopes)

    with pytest.raises(NotAllowed):
        await person.identities()
    with pytest.raises(NotAllowed):
        await person.link_identity(U1, BOB)
    with pytest.raises(NotAllowed):
        await person.unlink_identity(U1)

    assert await (await house.acting(ERIN)).identities() == ()


async def test_nobody_disabled_is_linked(house: House) -> None:
    """Their link of before stays, and counts for nothing."""
    erin = await house.acting(ERIN)
    await used(house.jitsudo, U1, BOB)
    await erin.disable_principal(BOB, reason="left")
    await erin.disable_principal(CAROL, reason="left")

    with pytest.raises(Invalid, match="disabled"):
        await erin.link_identity(U2, CAROL)

    assert [each.email for each in await erin.identities()] == [BOB]
