"""People and deliveries on a bad day: nothing granted, and the true reason told."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.app import Sandbox
from bot.sandbox.faults import Fault
from bot.sandbox.server import serving
from core.vocabulary import (
    AuditAction,
    RequestState,
)
from tests.support.builders import an_ask
from tests.support.offices import Office, open_office, text_of


@pytest.mark.parametrize(
    "kind", ["http_500", "ratelimited", "html_200", "fatal_error", "drop_after"]
)
async def test_nobody_decides_while_slack_does_not_say_who_they_are(
    office: Office, kind: str
) -> None:
    """An outage of users.info fails closed and names the terminal's line."""
    request_id = await office.ask()
    # Twice, because aiohttp repeats a GET whose connection was closed.
    await office.hands.fault("users.info", kind, count=2)

    answer = await office.click("bob", request_id, "approve")

    assert (await office.request(request_id)).state is RequestState.PENDING
    assert f"jitsudo approve {request_id}" in answer["ephemeral"][0]


async def test_a_slow_slack_does_not_cost_the_ack(office: Office) -> None:
    """Past the deadline nothing is decided, and the person is told to press again."""
    request_id = await office.ask()
    await office.hands.fault("users.info", "slow", seconds=5)

    answer = await office.click("bob", request_id, "approve")

    assert answer["ack"]["status"] == 200
    assert answer["ack"]["ms"] < 2_800
    assert "nothing was decided" in answer["ephemeral"][0]
    assert (await office.request(request_id)).state is RequestState.PENDING


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"deleted": True}, "deactivated"),
        ({"email": None}, "no e-mail"),
        ({"is_email_confirmed": False}, "not confirmed"),
        ({"is_restricted": True}, "guest"),
        ({"email": "robert@elsewhere.example"}, "linked to bob@example.com"),
    ],
)
async def test_a_changed_person_is_refused_with_the_true_reason(
    office: Office, patch: dict[str, object], why: str
) -> None:
    """What Slack says now counts, not what it said last week."""
    request_id = await office.ask()
    await office.hands.command("bob", "status")
    await office.changed("bob", **patch)

    answer = await office.click("bob", request_id, "approve")

    assert why in answer["ephemeral"][0]
    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_a_modal_that_slack_will_not_open_says_what_to_do(
    office: Office,
) -> None:
    """An expired trigger is no dead end."""
    request_id = await office.ask()
    await office.hands.fault("views.open", "expired_trigger_id")

    answer = await office.click("bob", request_id, "deny")

    assert answer["view"] is None
    assert f"jitsudo deny {request_id}" in answer["ephemeral"][0]


async def test_a_press_on_an_old_card_tells_who_decided(office: Office) -> None:
    """A phone that shows an old card finds out, and the card is redrawn."""
    request_id = await office.ask()
    card = await office.card(request_id)
    await office.click("bob", request_id, "approve")
    await office.card(request_id, showing="Active")

    for action in ("approve", "deny"):
        answer = await office.hands.click("ben", card["ts"], action)
        assert "bob@example.com" in answer["ephemeral"][0]
        assert answer["view"] is None


async def test_a_refusal_in_a_modal_replaces_the_modal(office: Office) -> None:
    """There is no response_url in a modal; the form itself tells."""
    request_id = await office.ask()
    view = (await office.click("dave", request_id, "deny"))["view"]

    answer = await office.hands.submit("dave", view["id"], reason="because")

    assert "Not allowed" in str(answer["view"]["blocks"])
    assert (await office.request(request_id)).state is RequestState.PENDING


async def test_a_delivery_sent_three_times_decides_and_asks_once(
    office: Office,
) -> None:
    """Replays within Slack's five minutes change nothing."""
    request_id = await office.ask()
    click = await office.click("bob", request_id, "approve")
    asked = await office.hands.command(
        "alice", "request --provider local --role infra-admin --scope staging"
    )
    for one in (click, asked):
        again = {"delivery_id": one["delivery_id"], "times": 3, "signature": "good"}
        await office.hands.post("redeliver", again)

    events = [e.fact.action for e in await office.events(request_id)]
    assert events.count(AuditAction.REQUEST_APPROVED) == 1
    async with office.jitsudo.store.snapshot() as uow:
        now = office.jitsudo.clock.now()
        since = now - timedelta(minutes=5)
        made = await uow.requests.count_by("alice@example.com", since=since, until=now)
        assert made == 2


@pytest.mark.parametrize("signature", ["bad", "stale"])
async def test_a_delivery_that_slack_did_not_sign_does_nothing(
    office: Office, signature: str
) -> None:
    """The signature is checked before anything is read."""
    request_id = await office.ask(ask=an_ask(resource_scope="prod-1"))
    first = await office.click("dave", request_id, "approve")
    before = len(await office.events(request_id))

    again = {"delivery_id": first["delivery_id"], "times": 1, "signature": signature}
    answer = await office.hands.post("redeliver", again)

    assert answer["ack"]["status"] == 401
    assert len(await office.events(request_id)) == before


async def test_the_server_comes_up_while_slack_is_down(tmp_path: Path) -> None:
    """Slack being down delays cards, and the server tries until it is back."""
    async with serving(Sandbox(pacing=False)) as sandbox:
        sandbox.faults.add(Fault(method="auth.test", kind="html_503", count=2))
        async with open_office(tmp_path, sandbox) as office:
            assert (await office.slack.health()).is_ready is False
            request_id = await office.ask()

            card = await office.card(request_id)
            assert "<@U0BOB>" in text_of(card)
            answer = await office.click("bob", request_id, "approve")

            assert answer["ephemeral"] == []
