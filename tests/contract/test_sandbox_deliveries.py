"""What the sandbox delivers to an app, and what it makes of the answers."""

import asyncio
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.workspaces import Hands, Received, Receiver, WebApiCaller

Json = dict[str, Any]

CARD: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*alice* asks"}},
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "req_1",
            }
        ],
    },
]
MODAL: Json = {
    "type": "modal",
    "callback_id": "deny",
    "title": {"type": "plain_text", "text": "Deny"},
    "submit": {"type": "plain_text", "text": "Deny"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason_block",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        }
    ],
}


async def _card(web_api: WebApiCaller) -> str:
    posted = await web_api(
        "chat.postMessage", channel="C0ACCESS", text="alice asks", blocks=CARD
    )
    assert posted["ok"], posted
    return str(posted["ts"])


async def test_command_arrives_signed_and_its_text_is_shown(
    hands: Hands, receiver: Receiver
) -> None:
    """A command has Slack's fields; what it is acknowledged with is private."""

    async def greet(_: Received) -> web.Response:
        return web.Response(text="Hello")

    receiver.answer = greet
    told = await hands.command("bob", "approve req_1 --comment bad payload")
    fields = receiver.received[0].fields
    assert told["ack"]["status"] == 200
    assert told["ephemeral"] == ["Hello"]
    assert told["error"] is None
    assert fields["text"] == "approve req_1 --comment bad payload"
    assert fields["user_id"] == "U0BOB"
    assert fields["command"] == "/jitsudo"
    assert fields["is_enterprise_install"] == "false"
    assert (await hands.state())["ephemerals"]["bob"] == ["Hello"]


async def test_click_carries_message_and_value(
    hands: Hands, receiver: Receiver, web_api: WebApiCaller
) -> None:
    """A press says who pressed what, in which message."""
    ts = await _card(web_api)
    told = await hands.click("xena", ts, "approve", wait_ms=0)
    fields = receiver.received[0].fields
    assert told["ack"]["status"] == 200
    assert fields["type"] == "block_actions"
    assert fields["user"]["team_id"] == "T0OTHERCO"
    assert fields["team"]["id"] == "T0SANDBOX"
    assert fields["container"]["message_ts"] == ts
    assert fields["message"]["text"] == "alice asks"
    assert fields["actions"][0]["value"] == "req_1"


async def test_button_of_an_older_version_can_still_be_pressed(
    hands: Hands, receiver: Receiver, web_api: WebApiCaller
) -> None:
    """A phone that shows an old card delivers its click; nothing else does."""
    ts = await _card(web_api)
    await web_api("chat.update", channel="C0ACCESS", ts=ts, text="approved")
    assert (await hands.state())["channels"][0]["messages"][0]["blocks"] == []
    await hands.click("bob", ts, "approve", wait_ms=0)
    assert receiver.received[0].fields["actions"][0]["block_id"] == "buttons"


async def test_modal_opens_refuses_and_closes(
    hands: Hands, receiver: Receiver, web_api: WebApiCaller
) -> None:
    """A trigger opens one modal; errors keep it open; an empty ack closes it."""

    async def act(got: Received) -> web.Response:
        if got.fields["type"] == "block_actions":
            trigger = got.fields["trigger_id"]
            opened = await web_api("views.open", trigger_id=trigger, view=MODAL)
            assert opened["ok"], opened
            again = await web_api("views.open", trigger_id=trigger, view=MODAL)
            assert again["error"] == "exchanged_trigger_id"
            return web.Response()
        values = got.fields["view"]["state"]["values"]
        if values["reason_block"]["reason"]["value"] is None:
            errors = {"reason_block": "Say why."}
            return web.json_response({"response_action": "errors", "errors": errors})
        return web.Response()

    receiver.answer = act
    ts = await _card(web_api)
    view = (await hands.click("bob", ts, "approve"))["view"]
    assert view["callback_id"] == "deny"
    refused = await hands.submit("bob", view["id"], reason="")
    assert refused["errors"] == {"reason": "Say why."}
    assert len((await hands.state())["views"]["bob"]) == 1
    closed = await hands.submit("bob", view["id"], reason="No")
    assert closed["errors"] == {}
    assert (await hands.state())["views"]["bob"] == []


async def test_response_url_works_five_times(
    hands: Hands, receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    """The sixth use is refused."""

    async def nothing(_: Received) -> web.Response:
        return web.Response()

    receiver.answer = nothing
    await hands.command("bob", "status", wait_ms=0)
    address = receiver.received[0].fields["response_url"]
    statuses = []
    for _ in range(6):
        async with http.post(address, json={"text": "late"}) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 200, 200, 200, 200, 404]
    assert (await hands.state())["ephemerals"]["bob"] == ["late"] * 5


async def test_late_ack_is_a_timeout_and_a_bad_one_a_failure(
    hands: Hands, receiver: Receiver
) -> None:
    """What Slack shows after three seconds, and after an error status."""

    async def fail(_: Received) -> web.Response:
        return web.Response(status=500)

    async def sleep(_: Received) -> web.Response:
        await asyncio.sleep(4)
        return web.Response()

    receiver.answer = fail
    failed = await hands.command("bob", "status")
    assert failed["ack"]["status"] == 500
    assert failed["error"] == "dispatch_failed"
    receiver.answer = sleep
    late = await hands.command("bob", "status")
    assert late["ack"]["status"] is None
    assert late["error"] == "operation_timeout"
    assert late["ack"]["ms"] >= 2900


async def test_redelivery_can_be_good_bad_or_stale(
    hands: Hands, receiver: Receiver
) -> None:
    """Only a fresh, right signature passes; the body is the same."""
    first = (await hands.command("bob", "status", wait_ms=0))["delivery_id"]
    for signature, status in (("bad", 401), ("stale", 401), ("good", 200)):
        body = {"delivery_id": first, "times": 2, "signature": signature, "wait_ms": 0}
        told = await hands.post("redeliver", body)
        assert [ack["status"] for ack in told["acks"]] == [status, status]
    assert receiver.refused == 4
    assert len({got.body for got in receiver.received}) == 1
    assert len(receiver.received) == 3


HOME: Json = {
    "type": "home",
    "blocks": [{**CARD[1], "block_id": "home_buttons"}],
}


async def test_opening_app_home_is_an_event_in_json(
    hands: Hands, receiver: Receiver
) -> None:
    """Signed like everything else, in the envelope of the Events API."""
    told = await hands.post("home", {"user": "bob", "wait_ms": 0})

    (got,) = receiver.received
    assert told["ack"]["status"] == 200
    assert got.headers["content-type"] == "application/json"
    assert got.fields["type"] == "event_callback"
    assert got.fields["team_id"] == "T0SANDBOX"
    assert got.fields["event"]["type"] == "app_home_opened"
    assert got.fields["event"]["user"] == "U0BOB"
    assert got.fields["event"]["tab"] == "home"
    assert "view" not in got.fields["event"]


async def test_what_is_published_can_be_pressed_by_its_owner(
    hands: Hands, receiver: Receiver, web_api: WebApiCaller
) -> None:
    """The press names the view, and its trigger opens a modal."""
    assert (await web_api("views.publish", user_id="U0BOB", view=HOME))["ok"]

    async def open_modal(got: Received) -> web.Response:
        trigger = got.fields["trigger_id"]
        assert (await web_api("views.open", trigger_id=trigger, view=MODAL))["ok"]
        return web.Response()

    receiver.answer = open_modal
    press = {"user": "bob", "home": True, "action_id": "approve"}
    told = await hands.post("click", press)

    fields = receiver.received[0].fields
    assert fields["type"] == "block_actions"
    assert fields["view"]["type"] == "home"
    assert fields["container"] == {"type": "view", "view_id": fields["view"]["id"]}
    assert "response_url" not in fields
    assert told["view"]["callback_id"] == "deny"
    assert (await hands.state())["homes"]["bob"]["id"] == fields["view"]["id"]
