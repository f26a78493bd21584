"""Signatures, bodies and payloads, as they come from outside."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.slack.payloads import ButtonClick, MessageRef, ModalSubmission, ViewMemory
from bot.slack.signature import is_signed
from bot.slack.transport import to_bolt_request
from core.errors import Invalid

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA"
    b"&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url="
    b"https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="
    b"398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
STAMP = "1531420618"
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
"""Source: docs.slack.dev, verifying requests from Slack: its own example."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signed(**changed: Any) -> bool:
    """Tell whether Slack's own example passes, with something changed."""
    given = {"timestamp": STAMP, "signature": SIGNATURE, "secret": SECRET}
    known = {**given, "now": float(STAMP), **changed}
    return is_signed(known.pop("body", BODY), **known)


def test_slacks_own_example_passes() -> None:
    """The test vector of the documentation."""
    assert signed()
    assert signed(now=float(STAMP) + 300)


@pytest.mark.parametrize(
    "changed",
    [
        {"body": BODY + b"&"},
        {"signature": SIGNATURE[:-1] + "4"},
        {"signature": ""},
        {"signature": "v0=\u00e9"},
        {"secret": "another"},
        {"secret": ""},
        {"timestamp": "soon"},
        {"timestamp": "-1"},
        {"timestamp": "\u0661"},
        {"timestamp": ""},
        {"timestamp": "9" * 400},
        {"now": float(STAMP) + 301},
        {"now": float(STAMP) - 301},
    ],
)
def test_anything_else_does_not(changed: dict[str, Any]) -> None:
    """Wrong, old, early, odd: not signed, and never an exception."""
    assert not signed(**changed)


def test_a_command_that_says_payload_is_a_command() -> None:
    """Bolt alone would read an empty body."""
    body = urlencode({"command": "/jitsudo", "text": "deny x --reason bad payload"})

    delivery = to_bolt_request(body.encode(), FORM)

    assert delivery.body["text"] == "deny x --reason bad payload"


def test_headers_that_no_signature_covers_are_not_believed() -> None:
    """Bolt would run its lazy listeners for whoever asks."""
    forged = {**FORM, "X-Slack-Bolt-Lazy-Only": "1"}
    forged["x-slack-bolt-lazy-function-name"] = "approve"

    delivery = to_bolt_request(b"command=%2Fjitsudo", forged)

    assert delivery.lazy_only is False
    assert delivery.lazy_function_name is None


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{", {"Content-Type": "application/json"}),
        (b"[]", {"Content-Type": "application/json"}),
        (b"", {"Content-Type": "application/json"}),
        (b"payload=%7B", FORM),
        (b"payload=[1]", FORM),
        (b"payload=", FORM),
        (b"\xff\xfe", FORM),
        (b"payload=" + b"[" * 100_000, FORM),
        (b'payload={"team":7,"user":[]}', FORM),
        (b'payload={"response_urls":7}', FORM),
    ],
)
def test_a_body_that_is_none_of_slacks_is_refused(
    body: bytes, headers: dict[str, str]
) -> None:
    """A malformed body is the sender's mistake, not a crash of ours."""
    with pytest.raises(Invalid):
        to_bolt_request(body, headers)


def a_click(**changed: Any) -> dict[str, Any]:
    """Return a press of a button."""
    return {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1", "name": "chosen"},
        "team": {"id": "T1"},
        "container": {"channel_id": "C1", "message_ts": "1.000100"},
        "message": {"ts": "1.000100", "bot_id": "B1"},
        "trigger_id": "t",
        "response_url": "https://hooks.slack.com/x",
        "actions": [{"action_id": "approve", "value": "req_1", "action_ts": "2.0"}],
        **changed,
    }


def test_the_persons_own_team_counts_not_the_installations() -> None:
    """In a shared channel `team` is ours although the person is not."""
    click = ButtonClick.from_payload(a_click(user={"id": "U9", "team_id": "T9"}))

    assert click.person.team_id == "T9"
    assert click.person.actor == "slack:T9/U9"
    assert click.evidence == {
        "slack_team": "T9",
        "slack_user": "U9",
        "slack_channel": "C1",
        "slack_message_ts": "1.000100",
        "slack_action_ts": "2.0",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"user": {}},
        {"user": None},
        {"actions": []},
        {"user": {"id": "U1"}, "team": None},
        {"actions": [{"value": "x"}]},
    ],
)
def test_a_press_that_names_nobody_or_nothing_is_refused(
    changed: dict[str, Any],
) -> None:
    """Whoever is not named is not guessed."""
    with pytest.raises(Invalid):
        ButtonClick.from_payload(a_click(**changed))


def test_an_input_that_was_left_empty_is_an_empty_text() -> None:
    """Slack sends null for it."""
    view = {
        "id": "V1",
        "private_metadata": "{}",
        "state": {"values": {"reason": {"reason": {"value": None}}}},
    }
    sent = ModalSubmission.from_payload(
        {"user": {"id": "U1", "team_id": "T1"}, "view": view}
    )

    assert sent.values == {"reason": ""}
    with pytest.raises(Invalid):
        _ = sent.memory


def test_a_modal_remembers_where_it_was_opened() -> None:
    """The evidence of a denial names the message that was pressed."""
    message = MessageRef(channel_id="C1", ts="1.000100")
    for memory in (
        ViewMemory(request_id="req_1", message=message),
        ViewMemory(request_id="req_1"),
    ):
        assert ViewMemory.from_metadata(memory.to_metadata()) == memory


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"request_id": 7})])
def test_a_modal_of_somebody_else_is_refused(text: str) -> None:
    """Only what we wrote is read."""
    with pytest.raises(Invalid):
        ViewMemory.from_metadata(text)


@pytest.mark.parametrize("signature", ["v0=\udcff", "v0=é", "\x00", ""])
def test_a_signature_that_is_no_text_is_a_bad_one(signature: str) -> None:
    """A raw byte in the header is refused like every other wrong signature."""
    assert not is_signed(
        BODY,
        timestamp=STAMP,
        signature=signature,
        secret=SECRET,
        now=float(STAMP),
    )
