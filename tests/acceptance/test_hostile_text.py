"""Whatever may be typed as a reason or a comment, everywhere it can be typed."""

import json
from typing import Any

import pytest

from tests.support.demos import DemoDriver
from tests.support.speech import PLACES, Place

PRINTED = {
    "a ping of everybody": "<!channel> <!here> <@U0XENA> look",
    "a link in disguise": "<https://evil.example|the runbook> & co",
    "ampersands": "a & b &amp; c &lt;d&gt;",
    "quotes": "it's a \"quote\", 'another', a `tick` and a \\ slash",
    "newlines": "first\nsecond\n\tthird",
    "markup": "*bold* _it_ ~no~ ```code``` > quote",
    "a template": "${7*7} {{7*7}} %s %n '; DROP TABLE requests; --",
    "right to left": "שלום \u202eevil\u202c \u2066x\u2069",
    "other planes": "\U0001f469\u200d\U0001f467 \U0001d4b3 e\u0301 \uff46",
    "the longest": "x" * 1_993,
}

REFUSED = {
    "ten thousand characters": ("y" * 10_000, "10000 characters"),
    "one too many": ("z" * 2_001, "2001 characters"),
    "NUL": ("be\0fore", "U+0000"),
    "an escape": ("\x1b[2Jgone", "U+001B"),
    "a bell": ("ding\x07", "U+0007"),
    "a C1 control": ("next\x85line", "U+0085"),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_any_text_is_kept_as_it_was_typed_and_shown_without_power(
    demo: DemoDriver, place: Place
) -> None:
    """What is stored is what was typed; what Slack gets pings and links nobody."""
    for what, kind in PRINTED.items():
        text = f"marked {kind}"
        typed = _as_slack_sends_it(text) if "slash" in place.__name__ else text

        said = place(demo, typed)

        assert said.stored == text, what
        card = demo.card(said.request_id, showing="marked")
        _check_harmless(card, what)
    demo.check_chain()


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_text_that_cannot_be_is_refused_and_named(
    demo: DemoDriver, place: Place
) -> None:
    """The answer names the fault; nothing is decided and nothing is asked."""
    for what, (text, fault) in REFUSED.items():
        said = place(demo, text)

        assert said.stored is None, what
        assert fault in said.told, what
        assert len(said.told) < 1_000, what
        assert "\x1b" not in said.told


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t ", "\u200b\u2060", "\u3164", "\u2800"]
)
def test_a_denial_needs_a_reason_that_can_be_seen(demo: DemoDriver, text: str) -> None:
    """White space, and what only looks like nothing, is not a reason."""
    for name in ("terminal_reason", "slash_reason", "modal_reason", "rest_reason"):
        said = PLACES[name](demo, text)

        assert said.stored is None, name
        assert "blank" in said.told, name


@pytest.mark.parametrize(
    "line",
    [
        "—comment “looks fine”",
        "\u2013comment «looks fine»",
        "--comment „looks fine“",
        "\u2212\u2212comment=“looks fine”",
        "--comment\u00a0'looks fine'",
        "--comment=\u2018looks fine\u2019",
    ],
)
def test_what_keyboards_make_of_dashes_and_quotes_is_understood(
    transport: DemoDriver, line: str
) -> None:
    """A phone turns two hyphens into a dash and straight quotes into curly ones."""
    request_id = transport.submit()

    answer = transport.command("bob", f"approve {request_id} {line}")

    assert answer["ephemeral"] == [f"Request {request_id} → APPROVED"]
    assert transport.shown(request_id)["approverComment"] == "looks fine"


def test_a_name_takes_printable_ascii_only(demo: DemoDriver) -> None:
    """Role and scope are what policy compares, so nothing may look like them."""
    for field, value in [
        ("role", "infra-аdmin"),  # noqa: RUF001 - the Cyrillic letter is the point
        ("role", "infra\u202eadmin"),
        ("role", "x" * 129),
        ("role", " "),
        ("resourceScope", "staging\0prod"),
        ("resourceScope", "y" * 513),
        ("resourceScope", "a\nb"),
        ("provider", "lo\u200bcal"),
    ]:
        body = {"provider": "local", "role": "r", "resourceScope": "s"}
        body |= {"durationSeconds": "60", field: value}

        status, answer = demo.api("alice", "POST", "/requests", body)

        assert status == 400, (field, value)
        assert answer["error"] == "invalid"
        assert answer["details"][0]["field"] in {field, "scope"}


def _as_slack_sends_it(text: str) -> str:
    """Return what Slack makes of a text in a command: three characters escaped."""
    text = text.replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _check_harmless(card: dict[str, Any], what: str) -> None:
    """Fail if anything that Slack reads markup in holds somebody else's markup."""
    for message in (card, *card["thread"]):
        for text in (message["text"], *_markup(message["blocks"])):
            assert "<!channel" not in text, what
            assert "<!here" not in text, what
            assert "<@U0XENA" not in text, what
            assert "<https" not in text, what
        whole = json.dumps(message, ensure_ascii=False)
        for mark in "\u202e\u202c\u2066\u2069\0\x1b":
            assert mark not in whole, what


def _markup(part: Any) -> list[str]:
    """Return the texts in which Slack reads markup."""
    if isinstance(part, list):
        return [text for one in part for text in _markup(one)]
    if not isinstance(part, dict):
        return []
    if part.get("type") == "mrkdwn":
        return [part["text"]]
    return [text for one in part.values() for text in _markup(one)]
