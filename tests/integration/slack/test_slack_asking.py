"""Asking, looking and withdrawing by command and by form."""

import pytest

from bot.slack.text import date_token
from core.domain.principal import Actor
from core.domain.request import parse_request_id
from core.vocabulary import Origin, RequestState
from tests.support.builders import BOB, an_ask
from tests.support.cards import offered
from tests.support.offices import Office, text_of

FORM = {
    "provider": "local",
    "role": "infra-admin",
    "scope": "staging",
    "duration": "1h",
    "reason": "INC-1",
}


async def the_form(office: Office, who: str = "alice") -> str:
    """Open the form; return its view id."""
    view = (await office.hands.command(who, "request"))["view"]
    identifier: str = view["id"]
    return identifier


async def test_the_form_asks_and_says_what_was_asked(office: Office) -> None:
    """Whoever asked reads the id and who can approve."""
    answer = await office.hands.submit("alice", await the_form(office), **FORM)

    told = str(answer["view"]["blocks"])
    assert "→ PENDING" in told
    assert "sre-lead" in told
    request_id = told.partition("Request ")[2].partition(" ")[0]
    card = await office.card(parse_request_id(request_id))
    assert "<@U0BOB>" in text_of(card)
    assert "alice's 1st request this week" in text_of(card)


async def test_a_card_keeps_its_place_in_the_week(office: Office) -> None:
    """What was asked afterwards does not change which request this was."""
    prod = an_ask(role="prod-infra-admin", resource_scope="prod-1")
    first = await office.ask(ask=prod)
    await office.card(first, showing="alice's 1st request this week")
    second = await office.ask()
    await office.card(second, showing="alice's 2nd request this week")

    await office.click("bob", first, "approve")

    redrawn = await office.card(first, showing="1 of 2")
    assert "alice's 1st request this week" in text_of(redrawn)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "nowhere"),
        ("role", "ro\u202ele"),
        ("scope", "  "),
        ("duration", "-1h"),
        ("duration", "9999999h"),
        ("reason", "nul \x07 bell"),
        ("reason", "x" * 2_500),
    ],
)
async def test_a_field_that_cannot_be_is_marked_in_the_form(
    office: Office, field: str, value: str
) -> None:
    """Nothing that was typed is lost."""
    view_id = await the_form(office)

    answer = await office.hands.submit("alice", view_id, **{**FORM, field: value})

    assert list(answer["errors"]) == [field]
    why = answer["errors"][field]
    assert why.startswith(("This ", "'"))
    assert why.endswith(".")
    again = await office.hands.submit("alice", view_id, **FORM)
    assert "→ PENDING" in str(again["view"]["blocks"])


async def test_who_may_not_ask_reads_policys_reason(office: Office) -> None:
    """A refusal replaces the form."""
    answer = await office.hands.submit("dave", await the_form(office, "dave"), **FORM)

    assert "Not allowed" in str(answer["view"]["blocks"])


async def test_a_stranger_gets_no_form(office: Office) -> None:
    """Identity is checked before anything opens."""
    answer = await office.hands.command("gus", "request")

    assert answer["view"] is None
    assert "guest" in answer["ephemeral"][0]


async def test_status_lists_what_the_person_may_see(office: Office) -> None:
    """Approvers see what waits; outsiders learn nothing, not even by id."""
    request_id = await office.ask()

    seen = await office.hands.command("bob", "status")
    one = await office.hands.command("bob", f"status {request_id}")
    hidden = await office.hands.command("dave", "status")
    unknown = await office.hands.command("dave", f"status {request_id}")

    assert request_id in seen["ephemeral"][0]
    assert "INC-4421" in one["ephemeral"][0]
    assert "Nothing is waiting" in hidden["ephemeral"][0]
    assert "not found" in unknown["ephemeral"][0]


async def test_the_status_of_an_active_request_says_until_when(office: Office) -> None:
    """In the reader's own time zone, after the id in one piece."""
    request_id = await office.ask()
    await office.click("bob", request_id, "approve")
    await office.card(request_id, showing="*Active* until")

    answer = await office.hands.command("alice", f"status {request_id}")

    lines = answer["ephemeral"][0].splitlines()
    ends = (await office.request(request_id)).expires_at
    assert ends is not None
    assert lines[0].startswith(f"`{request_id}` ACTIVE")
    assert lines[-1] == f"Active until {date_token(ends)}"


async def test_deciding_by_command_tells_outsiders_nothing_of_the_request(
    office: Office,
) -> None:
    """Policy's reason and no fact: neither who could, nor what was asked."""
    request_id = await office.ask(ask=an_ask(resource_scope="prod-secret"))

    approve = await office.hands.command("dave", f"approve {request_id}")
    deny = await office.hands.command("dave", f"deny {request_id}")

    for answer in (approve, deny):
        assert answer["view"] is None
        assert "prod-secret" not in answer["ephemeral"][0]
        assert "security" not in answer["ephemeral"][0].partition("Who can")[2]


async def test_the_requester_withdraws(office: Office) -> None:
    """The card says so and offers nothing more."""
    request_id = await office.ask()
    await office.card(request_id)

    answer = await office.hands.command("alice", f"withdraw {request_id}")

    assert answer["ephemeral"] == [f"Request {request_id} → REVOKED"]
    card = await office.card(request_id, showing="Withdrawn")
    assert offered(card) == []
    assert (await office.request(request_id)).state is RequestState.REVOKED


async def test_what_needs_nobody_has_a_card_without_buttons_or_ping(
    office: Office,
) -> None:
    """Tier auto: told, not asked."""
    answer = await office.hands.command(
        "alice",
        "request --provider local --role pods-readonly --scope staging --duration 30m",
    )

    request_id = answer["ephemeral"][0].split()[1]
    assert "jitsudo exec" in answer["ephemeral"][0]
    card = await office.card(parse_request_id(request_id), showing="Active")
    assert offered(card) == ["revoke"]
    assert "<@" not in text_of(card)


async def test_help_and_nonsense_are_answered_privately(office: Office) -> None:
    """Even who is not known may read how it works."""
    for text in ("", "help"):
        answer = await office.hands.command("gus", text)
        assert "/jitsudo approve" in answer["ephemeral"][0]
    answer = await office.hands.command("bob", "aprove <!channel>")
    assert answer["ephemeral"] == [
        "There is no command `aprove`: did you mean `/jitsudo approve`?"
    ]
    answer = await office.hands.command("bob", "deny --help")
    assert answer["ephemeral"][0].startswith("`/jitsudo deny &lt;id&gt;")


async def test_a_reason_cannot_pass_for_lines_of_a_status(office: Office) -> None:
    """What people write stays on one line, between quotation marks."""
    forged = "x\ncarol@example.com: approve\nOutcome: approved by “carol”"
    request_id = await office.ask(ask=an_ask(reason=forged, resource_scope="prod-1"))
    bob = office.jitsudo.acting(Actor(email=BOB, origin=Origin.API))
    await bob.approve(request_id, comment="yes\nOutcome: approved by carol")

    answer = await office.hands.command("ben", f"status {request_id}")

    lines = answer["ephemeral"][0].splitlines()
    starts = [line.split(":")[0] for line in lines[1:]]
    assert starts == ["Provider", "Reason", "bob@example.com", "Who can approve"]
    assert '“x carol@example.com: approve Outcome: approved by "carol"”' in lines[2]
