"""Decisions by button, modal and command, from the sandbox to the database."""

import pytest

from core.ports import RefusalKey
from core.vocabulary import JobKind, Origin, Outcome, RequestState, Verdict
from tests.support.builders import an_ask
from tests.support.cards import offered
from tests.support.offices import Office, text_of


async def test_a_press_of_approve_decides_and_redraws_the_card(office: Office) -> None:
    """What is acknowledged has committed; card, DM and evidence follow."""
    request_id = await office.ask()
    before = await office.card(request_id)

    answer = await office.click("bob", request_id, "approve")

    assert answer["ack"]["status"] == 200
    assert answer["error"] is None
    assert answer["ephemeral"] == []
    card = await office.card(request_id, showing="Active")
    assert card["ts"] == before["ts"]
    assert offered(card) == ["revoke"]
    assert "bob@example.com" in text_of(card)
    await office.dm("alice", showing=f"jitsudo exec {request_id}")
    events = await office.events(request_id)
    approved = next(e for e in events if e.fact.action == "request.approved")
    assert approved.fact.origin is Origin.SLACK
    assert approved.fact.details["slack_user"] == "U0BOB"
    assert approved.fact.details["slack_message_ts"] == before["ts"]
    assert approved.fact.details["slack_action_ts"]


async def test_a_blank_reason_keeps_the_modal_and_a_real_one_denies(
    office: Office,
) -> None:
    """White space is no reason; the requester reads the one that is given."""
    request_id = await office.ask()
    view = (await office.click("bob", request_id, "deny"))["view"]

    blank = await office.hands.submit("bob", view["id"], reason=" \n ")
    assert blank["errors"] == {"reason": "This is blank; say why in a few words."}
    assert (await office.request(request_id)).state is RequestState.PENDING
    done = await office.hands.submit("bob", view["id"], reason="not <!channel> today")

    assert done["errors"] in (None, {})
    assert done["view"] is None
    request = await office.request(request_id)
    assert request.state is RequestState.REJECTED
    assert request.decision_text == "not <!channel> today"
    await office.card(request_id, showing="Denied")
    await office.dm("alice", showing="not <!channel> today")


async def test_a_command_decides_with_what_a_phone_makes_of_it(office: Office) -> None:
    """Dashes and quotes are repaired; the word payload loses no command."""
    request_id = await office.ask()

    answer = await office.hands.command(
        "bob", f"approve {request_id} —comment “payload looks good”"
    )

    assert answer["ephemeral"] == [f"Request {request_id} → APPROVED"]
    assert (await office.request(request_id)).decision_text == "payload looks good"


async def test_deny_on_ones_own_request_says_how_to_take_it_back(
    office: Office,
) -> None:
    """No form asks for a reason that nobody may give; the line told works."""
    request_id = await office.ask()

    told = await office.click("alice", request_id, "deny")

    assert told["view"] is None
    line = f"withdraw {request_id}"
    assert f"Take it back: `/jitsudo {line}`" in told["ephemeral"][0]
    assert (await office.request(request_id)).state is RequestState.PENDING
    await office.hands.command("alice", line)
    assert (await office.request(request_id)).state is RequestState.REVOKED


async def test_everybody_else_is_refused_privately_with_the_true_reason(
    office: Office,
) -> None:
    """Requester, outsider, guest and another company: nothing is decided."""
    request_id = await office.ask()

    texts = {
        who: " ".join((await office.click(who, request_id, "approve"))["ephemeral"])
        for who in ("alice", "dave", "gus", "xena")
    }

    assert "your own request" in texts["alice"]
    assert "bob@example.com" in texts["alice"]
    assert "Not allowed" in texts["dave"]
    assert "guest" in texts["gus"]
    assert "another company" in texts["xena"]
    assert (await office.request(request_id)).state is RequestState.PENDING
    refused = [e.fact for e in await office.events(request_id)][1:]
    assert [fact.actor for fact in refused] == [
        "alice@example.com",
        "dave@example.com",
        "slack:T0SANDBOX/U0GUS",
        "slack:T0OTHERCO/U0XENA",
    ]
    assert {fact.outcome.value for fact in refused} == {"failure"}


async def test_the_first_of_two_approvers_reads_who_is_still_needed(
    office: Office,
) -> None:
    """The card counts, the clicker reads the rest, the second one completes it."""
    request_id = await office.ask(ask=an_ask(resource_scope="prod-1"))

    first = await office.click("bob", request_id, "approve")
    assert f"Request {request_id} → PENDING (1 of 2 approvals)" in first["ephemeral"][0]
    assert "security" in first["ephemeral"][0]
    await office.card(request_id, showing="1 of 2")
    again = await office.hands.command("bob", f"approve {request_id}")
    assert "1 of 2" in again["ephemeral"][0]
    await office.click("carol", request_id, "approve")

    card = await office.card(request_id, showing="Active")
    assert "bob@example.com approved" in text_of(card)
    assert (await office.request(request_id)).decided_by == "carol@example.com"


@pytest.mark.parametrize("line", ["approve", "deny", "withdraw", "status"])
async def test_a_line_of_a_stranger_is_one_refusal(office: Office, line: str) -> None:
    """Explaining the refusal does not refuse once more."""
    request_id = await office.ask()

    answer = await office.hands.command("gus", f"{line} {request_id}")

    assert "guest" in answer["ephemeral"][0]
    told = [e.fact.outcome for e in await office.events(request_id)]
    assert told.count(Outcome.FAILURE) == 1
    async with office.jitsudo.store.snapshot() as uow:
        jobs = await uow.jobs.find(failing_only=False, limit=100)
    (window,) = [job.payload for job in jobs if job.kind is JobKind.TELL_REFUSALS]
    key = RefusalKey(
        actor=window["actor"],
        request_id=window["request_id"],
        verdict=Verdict(window["verdict"]) if window["verdict"] else None,
        code=window["code"],
    )
    async with office.jitsudo.store.transaction() as uow:
        assert await uow.refusals.close(key) == 0  # no repeats were counted
