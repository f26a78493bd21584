"""Breaking the glass: two consents, a loud card, a review that somebody owes."""

from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from core.ports import RequestFilter
from core.vocabulary import AuditAction, JobKind, RequestId
from tests.support.builders import ALICE, an_ask
from tests.support.cards import offered
from tests.support.offices import Office, eventually, open_office, text_of
from tests.support.providers import Mood

FORM = {
    "provider": "local",
    "role": "prod-infra-admin",
    "scope": "prod-1",
    "duration": "1h",
    "reason": "INC-1: nobody answers",
}
GLASS = {"break_glass": ["break_glass"], "confirmation": "break  glass"}
EMERGENCY = an_ask(
    role="prod-infra-admin",
    resource_scope="prod-1",
    reason="INC-1: nobody answers",
    break_glass=True,
)


async def asked(office: Office) -> list[RequestId]:
    """Return the ids of alice's requests, newest first."""
    wanted = RequestFilter(requester=ALICE, limit=10)
    async with office.jitsudo.store.snapshot() as uow:
        return [request.id for request in await uow.requests.find(wanted)]


async def the_form(office: Office) -> str:
    """Open the form; return its view id."""
    view = (await office.hands.command("alice", "request"))["view"]
    identifier: str = view["id"]
    return identifier


async def thread_says(office: Office, request_id: RequestId, said: str) -> str:
    """Return the line of the thread that says something, once there is one."""

    async def look() -> str:
        card = (await office.cards(request_id))[0]
        lines = [text_of(line) for line in card["thread"]]
        return next((line for line in lines if said in line), "")

    line: str = await eventually(look, f"a line that says {said!r}")
    return line


@pytest.mark.parametrize(
    ("glass", "field"),
    [
        ({"break_glass": ["break_glass"]}, "confirmation"),
        ({"break_glass": ["break_glass"], "confirmation": "prod-1"}, "confirmation"),
        ({"break_glass": ["break_glass"], "confirmation": "BREAK"}, "confirmation"),
        ({"confirmation": "BREAK GLASS"}, "break_glass"),
        (GLASS | {"reason": "  "}, "reason"),
    ],
)
async def test_half_a_consent_asks_for_nothing(
    office: Office, glass: dict[str, object], field: str
) -> None:
    """The field that is missing is marked; the rest stays as it was typed."""
    view_id = await the_form(office)

    answer = await office.hands.submit("alice", view_id, **(FORM | glass))

    assert list(answer["errors"]) == [field]
    assert await asked(office) == []


async def test_the_form_breaks_the_glass_and_calls_everybody_who_was_not_asked(
    office: Office,
) -> None:
    """Active at once; sre-lead and security are called, and the card says why."""
    answer = await office.hands.submit(
        "alice", await the_form(office), **(FORM | GLASS)
    )

    assert "somebody else has to review it" in str(answer["view"]["blocks"])
    (request_id,) = await asked(office)
    card = await office.card(request_id, showing="*Active* until")
    assert card["text"].startswith(
        "🚨 alice broke the glass: prod-infra-admin on prod-1"
    )
    assert "Review open" in text_of(card)
    assert offered(card) == ["review", "revoke"]
    first = await _first_post(office)
    for called in ("<@U0BOB>", "<@U0BEN>", "<@U0CAROL>"):
        assert called in first
    assert "<@U0ALICE>" not in first
    await thread_says(office, request_id, "alice@example.com broke the glass")
    await office.dm("alice", showing="You broke the glass")


async def _first_post(office: Office) -> str:
    """Return what was posted first in the channel, as it went over the wire."""
    for call in (await office.hands.deliveries())["calls"]:
        if call["method"] == "chat.postMessage":
            return str(call)
    raise AssertionError


async def test_the_loud_card_comes_even_if_the_grant_fails(
    scripted_office: Office,
) -> None:
    """An emergency that did not work is one all the more."""
    office = scripted_office
    assert office.provider is not None
    office.provider.mood = Mood.FAIL

    request_id = await office.ask(ask=EMERGENCY)

    card = await office.card(request_id, showing="*Failed*: throttled")
    assert "🚨" in text_of(card)
    assert offered(card) == ["review", "retry", "give_up"]
    assert "<@U0BOB>" in await _first_post(office)


async def test_a_card_that_slack_finds_fault_with_still_calls_people(
    office: Office,
) -> None:
    """Plain text, the mentions, and what to type."""
    await office.hands.fault("chat.postMessage", "invalid_blocks")
    request_id = await office.ask(ask=EMERGENCY)

    async def plain() -> str:
        calls = (await office.hands.deliveries())["calls"]
        return next((str(c) for c in calls if "Review it with" in str(c)), "")

    posted = await eventually(plain, "a plain card")
    assert "<@U0BOB>" in posted
    assert request_id in posted


async def test_somebody_else_reviews_it_and_the_card_says_what_they_found(
    office: Office,
) -> None:
    """Not the requester, not an outsider, not without a note; after the end too."""
    request_id = await office.ask(ask=EMERGENCY)
    await office.card(request_id, showing="*Active* until")
    await office.hands.command("alice", f"revoke {request_id}")
    card = await office.card(request_id, showing="*Revoked* by alice")
    assert offered(card) == ["review"]

    own = await office.click("alice", request_id, "review")
    assert own["view"] is None
    assert "somebody else has to review it" in own["ephemeral"][0]
    view = (await office.click("dave", request_id, "review"))["view"]
    outsider = await office.hands.submit("dave", view["id"], note="fine")
    assert "Not allowed" in str(outsider["view"]["blocks"])
    view = (await office.click("bob", request_id, "review"))["view"]
    assert "alice@example.com broke the glass for" in str(view["blocks"])
    blank = await office.hands.submit("bob", view["id"], note=" \n")
    assert list(blank["errors"]) == ["note"]
    done = await office.hands.submit("bob", view["id"], note="pods only & <fine>")

    assert done["view"] is None
    card = await office.card(request_id, showing="*Reviewed* by bob@example.com")
    assert "pods only & <fine>" in text_of(card)
    assert offered(card) == []
    await office.dm("alice", showing="*Reviewed* by bob@example.com")
    await thread_says(office, request_id, "bob@example.com reviewed it")
    late = await office.hands.click("carol", card["ts"], "review")
    assert late["view"] is None
    assert "reviewed" in late["ephemeral"][0]
    assert "bob@example.com" in late["ephemeral"][0]


async def test_reminders_call_the_approvers_until_it_is_reviewed(
    office: Office,
) -> None:
    """Each is a message of its own below the card; then they end."""
    request_id = await office.ask(ask=EMERGENCY)
    await office.card(request_id, showing="*Active* until")

    await office.hurry(JobKind.REMIND_REVIEW)

    line = await thread_says(office, request_id, "nobody has reviewed it yet")
    for called in ("<@U0BOB>", "<@U0BEN>", "<@U0CAROL>"):
        assert called in line
    answer = await office.hands.command(
        "carol", f"review {request_id} \u2014note \u201cthe payload we know\u201d"
    )
    assert "is closed" in answer["ephemeral"][0]
    await office.hurry(JobKind.REMIND_REVIEW)

    async def no_more() -> bool:
        async with office.jitsudo.store.snapshot() as uow:
            jobs = await uow.jobs.find(failing_only=False, limit=100)
        return not [job for job in jobs if job.kind is JobKind.REMIND_REVIEW]

    await eventually(no_more, "the reminders to end")
    card = (await office.cards(request_id))[0]
    said = [line for line in card["thread"] if "nobody has reviewed" in text_of(line)]
    assert len(said) == 1


async def test_lists_flag_it_and_find_what_is_not_reviewed(office: Office) -> None:
    """The mark stands before the id; `--needs-review` lists what is owed."""
    plain = await office.ask()
    request_id = await office.ask(ask=EMERGENCY)
    await office.card(request_id, showing="*Active* until")

    owed = await office.hands.command("bob", "status --needs-review")
    mine = await office.hands.command("alice", "status --mine")
    one = await office.hands.command("bob", f"status {request_id}")

    assert owed["ephemeral"][0].startswith(f"🚨 `{request_id}` ACTIVE")
    assert plain not in owed["ephemeral"][0]
    assert f"🚨 `{request_id}`" in mine["ephemeral"][0]
    assert "review open" in one["ephemeral"][0].splitlines()[0]
    await office.hands.command("bob", f"review {request_id} --note fine")
    empty = await office.hands.command("bob", "status --needs-review")
    assert "Nothing" in empty["ephemeral"][0]


async def test_policy_decides_who_may_and_says_so(office: Office) -> None:
    """An ordinary yes is not enough, and a reason is not optional."""
    line = "request --provider local --role r --scope s --break-glass"

    long = await office.hands.command("alice", f"{line} --duration 2h --reason x")
    mute = await office.hands.command("alice", line)

    assert "does not let you break the glass" in long["ephemeral"][0]
    assert "breaking the glass needs one" in mute["ephemeral"][0]
    assert await asked(office) == []


async def test_a_loud_card_that_was_deleted_is_posted_again(office: Office) -> None:
    """While its review is open somebody has to be able to close it."""
    request_id = await office.ask(ask=EMERGENCY)
    card = await office.card(request_id, showing="*Active* until")
    body = {"channel": "access", "do": "delete_message", "ts": card["ts"]}
    await office.hands.post("channels", body)

    await office.hands.command("alice", f"revoke {request_id}")

    again = await office.card(request_id, showing="*Revoked* by alice")
    assert again["ts"] != card["ts"]
    assert offered(again) == ["review"]


async def test_the_same_form_at_another_replica_is_the_same_request(
    tmp_path: Path,
) -> None:
    """What the first server stored, the second one finds."""
    async with serving(Sandbox(pacing=False)) as sandbox:
        async with open_office(tmp_path, sandbox) as first:
            sent = await first.hands.submit(
                "alice", await the_form(first), **(FORM | GLASS)
            )
            (request_id,) = await asked(first)
        async with open_office(tmp_path, sandbox) as second:
            body = {"delivery_id": sent["delivery_id"], "times": 3}
            again = await second.hands.post("redeliver", body)

            assert request_id in str(again["view"]["blocks"])
            assert await asked(second) == [request_id]
            events = await second.events(request_id)
            told = [event.fact.action for event in events]
            assert told.count(AuditAction.REQUEST_BREAK_GLASS) == 1
