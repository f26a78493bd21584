"""Whoever comes to Slack as somebody else decides nothing, and the admins hear of it.

The people are the sandbox's, the core and its database are real.
"""

from typing import Any

import pytest

from core.approvals import RequestQuery
from core.domain.audit import AuditEvent
from core.domain.principal import Actor
from core.ports import AuditFilter
from core.vocabulary import AuditAction, Origin, RequestState
from tests.support.builders import BOB, CAROL, ERIN
from tests.support.offices import Office, eventually, text_of


async def events(office: Office, action: AuditAction) -> list[AuditEvent]:
    """Return the audit events of one kind, oldest first."""
    async with office.jitsudo.store.snapshot() as uow:
        return (await uow.audit.find(AuditFilter(action=action)))[::-1]


async def said(office: Office, who: str, line: str) -> str:
    """Type a line; return what the person reads."""
    told: list[str] = (await office.hands.command(who, line))["ephemeral"]
    return "\n".join(told)


async def everything(office: Office, who: str) -> list[str]:
    """Press, type and look as a person; return each thing that they read."""
    request_id = await office.ask()
    pressed = [await office.click(who, request_id, a) for a in ("approve", "deny")]
    told = [" ".join(answer["ephemeral"]) for answer in pressed]
    assert [answer["view"] for answer in pressed] == [None, None]
    lines = (
        f"approve {request_id}",
        f"deny {request_id} --reason no",
        f"deny {request_id}",
        f"status {request_id}",
        "status --mine",
        "request",
        "request --provider local --role infra-admin --scope staging",
    )
    told += [await said(office, who, line) for line in lines]
    assert (await office.request(request_id)).state is RequestState.PENDING
    return told


async def test_a_display_name_of_an_admin_is_no_admin(office: Office) -> None:
    """Names are chosen by who carries them; the ids and the address count."""
    await office.changed("dave", name="erin", real_name="erin@example.com")
    request_id = await office.ask()

    answer = await office.click("dave", request_id, "approve")

    assert "Not allowed" in answer["ephemeral"][0]
    (linked,) = await events(office, AuditAction.IDENTITY_LINKED)
    assert linked.fact.actor == "dave@example.com"
    (refused,) = await events(office, AuditAction.REQUEST_DECISION_REFUSED)
    assert refused.fact.actor == "dave@example.com"


async def test_an_address_changed_to_an_approvers_decides_nothing(
    office: Office,
) -> None:
    """Every act of the account is refused with the true reason, and audited once."""
    await said(office, "dave", "status")
    await office.changed("bob", email="robert@example.com")
    await office.changed("dave", email=BOB)

    told = await everything(office, "dave")

    assert len(set(told)) == 1, told
    for part in (BOB, "dave@example.com", "jitsudo identity unlink T0SANDBOX/U0DAVE"):
        assert part in told[0]
    (conflict,) = await events(office, AuditAction.IDENTITY_CONFLICT)
    assert conflict.fact.actor == "slack:T0SANDBOX/U0DAVE"
    assert conflict.fact.request_id is not None
    page = await office.jitsudo.acting(Actor(email=BOB, origin=Origin.API)).list(
        RequestQuery(mine=True)
    )
    assert page.records == ()


async def test_the_admins_read_what_happened_and_what_to_do(office: Office) -> None:
    """By direct message to who is an admin, as text and not as markup."""
    await said(office, "dave", "status")
    await office.changed("dave", email="*dave*@example.com")

    await said(office, "dave", "status")

    message = await office.dm("erin", showing="U0DAVE")
    shown = text_of(message)
    for part in ("*dave*@example.com", "dave@example.com", "jitsudo identity unlink"):
        assert part in shown
    assert message["blocks"][0]["text"]["type"] == "plain_text"
    dms = (await office.hands.state())["dms"]
    assert {who for who, messages in dms.items() if messages} == {"erin"}


async def test_a_second_account_of_the_same_address_decides_nothing(
    office: Office,
) -> None:
    """As one that was made anew after the first was closed."""
    await said(office, "bob", "status")
    await office.changed("bob", deleted=True)
    await office.changed("dave", email="BOB@example.com")

    told = await everything(office, "dave")

    assert len(set(told)) == 1, told
    assert "another Slack account" in told[0]
    assert "jitsudo identity unlink T0SANDBOX/U0BOB" in told[0]


async def test_a_notice_goes_to_the_linked_admin_not_to_the_address(
    office: Office,
) -> None:
    """Whoever has taken an admin's address does not get the admins' mail."""
    await said(office, "erin", "status")
    await said(office, "dave", "status")
    await office.changed("erin", email="old-erin@example.com")
    await office.changed("dave", email=ERIN)

    assert "Refused" in await said(office, "dave", "status")

    await office.dm("erin", showing="U0DAVE")
    assert (await office.hands.state())["dms"]["dave"] == []


async def test_a_notice_about_an_unlinked_admin_reaches_no_impostor(
    office: Office,
) -> None:
    """Where only the impostor has the address, the channel is told."""
    await said(office, "dave", "status")
    await office.changed("erin", email="old-erin@example.com")
    await office.changed("dave", email=ERIN)

    assert "Refused" in await said(office, "dave", "status")

    async def told() -> bool:
        return "admins_not_told" in str((await office.hands.state())["channels"][0])

    await eventually(told, "the channel to be told")
    dms = (await office.hands.state())["dms"]
    assert [who for who, messages in dms.items() if messages] == []


@pytest.mark.parametrize(
    "email", ["bob+approver@example.com", "b0b@example.com", "bob@example.co"]
)
async def test_an_address_that_looks_like_an_approvers_is_another(
    office: Office, email: str
) -> None:
    """They are linked as what they are, and policy does not know them."""
    await office.changed("dave", email=email)
    request_id = await office.ask()

    answer = await office.click("dave", request_id, "approve")

    assert "Not allowed" in answer["ephemeral"][0]
    (linked,) = await events(office, AuditAction.IDENTITY_LINKED)
    assert linked.fact.details["email"] == email
    assert (await office.request(request_id)).state is RequestState.PENDING


@pytest.mark.parametrize("email", ["Bob@Example.com", " BOB@EXAMPLE.COM"])
async def test_letters_case_and_blanks_make_nobody_else(
    office: Office, email: str
) -> None:
    """A workspace that spells an address anew locks nobody out."""
    await said(office, "bob", "status")
    await office.changed("bob", email=email)
    request_id = await office.ask()

    assert (await office.click("bob", request_id, "approve"))["ephemeral"] == []

    assert (await office.request(request_id)).state is not RequestState.PENDING


async def test_a_conflict_stops_nobody_else(office: Office) -> None:
    """The one whose address is claimed goes on deciding."""
    await said(office, "bob", "status")
    await said(office, "dave", "status")
    await office.changed("dave", email=CAROL)
    await everything(office, "dave")
    request_id = await office.ask()

    assert (await office.click("bob", request_id, "approve"))["ephemeral"] == []

    assert (await office.request(request_id)).state is not RequestState.PENDING


async def test_once_unlinked_the_new_address_is_linked(office: Office) -> None:
    """The way out for who married, by an admin."""
    await said(office, "dave", "status")
    await office.changed("dave", email="david@example.com")
    assert "Refused" in await said(office, "dave", "status")
    erin = office.jitsudo.acting(Actor(email=ERIN, origin=Origin.API))

    (link,) = await erin.identities()
    await erin.unlink_identity(link.account)

    assert "Refused" not in await said(office, "dave", "status")
    (again,) = await erin.identities()
    assert again.email == "david@example.com"


@pytest.mark.parametrize("patch", [{"is_restricted": True}, {"deleted": True}])
async def test_nobody_is_linked_for_whom_slack_does_not_vouch(
    office: Office, patch: dict[str, Any]
) -> None:
    """Guests, strangers and who is gone leave no link behind."""
    await office.changed("dave", **patch)

    for who in ("dave", "gus", "xena"):
        await said(office, who, "status")

    assert await events(office, AuditAction.IDENTITY_LINKED) == []
    erin = office.jitsudo.acting(Actor(email=ERIN, origin=Origin.API))
    assert await erin.identities() == ()
