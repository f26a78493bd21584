"""More time: the warning, its button and form, the command, and both cards."""

from datetime import timedelta
from typing import Any

import pytest

from core.ports import RequestFilter
from core.vocabulary import AuditAction, JobKind, RequestId, RequestState
from tests.support.builders import ALICE, an_ask
from tests.support.cards import offered
from tests.support.offices import Office, eventually, text_of

READONLY = an_ask(role="pods-readonly", duration=timedelta(minutes=20))
"""What policy approves by itself."""


async def warned(office: Office, request_id: RequestId) -> dict[str, Any]:
    """Return the message that tells alice of an end that is near."""
    await office.hurry(JobKind.WARN)
    return await office.dm("alice", showing=f"jitsudo extend {request_id}")


async def asked(office: Office) -> list[RequestId]:
    """Return the ids of alice's requests, newest first."""
    wanted = RequestFilter(requester=ALICE, limit=10)
    async with office.jitsudo.store.snapshot() as uow:
        return [request.id for request in await uow.requests.find(wanted)]


async def test_the_warnings_button_asks_for_more_and_both_cards_say_so(
    office: Office,
) -> None:
    """Asked in the form, approved on the card; then the new grant replaces the old."""
    old = await office.active()
    warning = await warned(office, old)
    assert offered(warning) == ["extend"]

    view = (await office.click_dm("alice", warning, "extend"))["view"]
    assert "alice@example.com has infra-admin on staging" in str(view["blocks"])
    told = await office.hands.submit("alice", view["id"], duration="2h", reason="")

    assert "goes on until the new grant runs" in str(told["view"]["blocks"])
    new = (await asked(office))[0]
    card = await office.card(new, showing=f"Extends `{old}`")
    assert "asks for more time" in text_of(card)
    assert (await office.request(old)).is_in_force
    await office.hands.click("bob", card["ts"], "approve")
    await office.card(new, showing="*Active* until")
    await _ended(office, old, new)
    over = await office.dm("alice", showing=f"extended by {new}")
    assert offered(over) == []
    request = await office.request(new)
    assert (request.extends, request.ask.reason) == (old, "INC-4421: pods do not start")


async def _ended(office: Office, old: RequestId, new: RequestId) -> None:
    """Wait until the old card says by which request it was extended."""

    async def look() -> bool:
        return any(
            f"extended by {new}" in text_of(card) for card in await office.cards(old)
        )

    await eventually(look, "the old card to name the new request")
    assert (await office.request(old)).state is RequestState.REVOKED


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"duration": "soon"}, "duration"),
        ({"duration": "9999h"}, "duration"),
        ({"duration": "1h", "reason": "bell \x07"}, "reason"),
    ],
)
async def test_a_field_that_cannot_be_is_marked(
    office: Office, values: dict[str, str], field: str
) -> None:
    """Nothing is asked, and what was typed stays."""
    warning = await warned(office, await office.active())
    view = (await office.click_dm("alice", warning, "extend"))["view"]

    answer = await office.hands.submit("alice", view["id"], **values)

    assert list(answer["errors"]) == [field]


async def test_policy_says_no_in_the_form(office: Office) -> None:
    """The refusal replaces it, and names nobody who could instead."""
    warning = await warned(office, await office.active())
    view = (await office.click_dm("alice", warning, "extend"))["view"]

    answer = await office.hands.submit("alice", view["id"], duration="5h")

    told = str(answer["view"]["blocks"])
    assert "4h is the longest" in told
    assert "Who can" not in told


async def test_a_form_that_is_sent_again_asks_once(office: Office) -> None:
    """The view's id makes it one request."""
    old = await office.active()
    warning = await warned(office, old)
    view = (await office.click_dm("alice", warning, "extend"))["view"]
    first = await office.hands.submit("alice", view["id"], duration="2h")

    body = {"delivery_id": first["delivery_id"], "times": 5}
    again = await office.hands.post("redeliver", body)

    assert {ack["status"] for ack in again["acks"]} == {200}
    assert "more time" in str(again["view"]["blocks"])
    assert (await asked(office))[1:] == [old]


async def test_a_warning_pressed_too_late_says_how_it_ended(office: Office) -> None:
    """No form opens for what is over, and the message is drawn anew."""
    request_id = await office.active()
    warning = await warned(office, request_id)
    await office.hands.command("alice", f"revoke {request_id}")
    await office.dm("alice", showing="Your *infra-admin on staging*: *Revoked*")

    late = await office.click_dm("alice", warning, "extend")

    assert late["view"] is None
    assert "REVOKED" in late["ephemeral"][0]


async def test_the_command_extends_ones_own_and_nobody_elses(office: Office) -> None:
    """An approver sees the request and still cannot; an outsider finds nothing."""
    request_id = await office.ask(ask=READONLY)
    await office.card(request_id, showing="*Active* until")

    bob = await office.hands.command("bob", f"extend {request_id} --duration 1h")
    dave = await office.hands.command("dave", f"extend {request_id} --duration 1h")
    alice = await office.hands.command(
        "alice",
        f"extend {request_id} \u2014duration 30m \u2014reason \u201cgo on\u201d",
    )

    assert "only alice@example.com can extend" in bob["ephemeral"][0]
    assert "Who can" not in bob["ephemeral"][0]
    assert "not found" in dave["ephemeral"][0]
    assert "Asked for more time" in alice["ephemeral"][0]
    new = (await asked(office))[0]
    assert (await office.request(new)).ask.reason == "go on"
    await office.card(new, showing="*Active* until")
    await _ended(office, request_id, new)


async def test_asking_twice_names_the_one_that_is_open(office: Office) -> None:
    """Two extensions of one grant would fight over it."""
    request_id = await office.active()
    await office.hands.command("alice", f"extend {request_id} --duration 1h")
    open_one = (await asked(office))[0]

    again = await office.hands.command("alice", f"extend {request_id} --duration 1h")

    assert f"{open_one} already asks for more of it" in again["ephemeral"][0]
    events = await office.events(open_one)
    created = next(e for e in events if e.fact.action is AuditAction.REQUEST_CREATED)
    assert created.fact.details["extends"] == request_id
