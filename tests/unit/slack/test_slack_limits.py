"""Whatever people type, what is drawn stays within Slack's limits and calls nobody.

The limits are checked by the sandbox's own reading of Slack's documentation.
"""

import json
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.blocks import block_problems, text_length
from bot.sandbox.views import checked_view
from bot.slack.alerts import ending_soon, review_due
from bot.slack.blocks import Block, Message
from bot.slack.cards import CardFacts, Ping, minimal_card, request_card
from bot.slack.modals import (
    approve_modal,
    deny_modal,
    extend_modal,
    request_modal,
    result_modal,
    review_modal,
    revoke_modal,
)
from bot.slack.notes import direct_message, thread_line
from bot.slack.payloads import MessageRef, ViewMemory
from bot.slack.text import (
    CONFIRM_TEXT_LIMIT,
    FALLBACK_LIMIT,
    MESSAGE_BLOCKS_LIMIT,
    MESSAGE_TEXT_BUDGET,
    REASON_SHOWN,
)
from core.domain.audit import AuditFact, seal
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest, Routing, checked_ask
from core.errors import Invalid
from core.vocabulary import AuditAction, Origin, Outcome
from tests.support.builders import NOON, a_decision, an_ask
from tests.unit.slack.situations import ID, LATER, situations

NASTY = {
    "long": "x" * 10_000,
    "ampersands": "&" * 10_000,
    "call": "<!channel> <@U0BOB> <https://evil.example|here> " * 200,
    "rtl": "\u202eevil\u202c \u2066x\u2069 \u200f\u200b\ufeff " * 500,
    "emoji": "\U0001f469\u200d\U0001f680" * 4_000,
    "layout": "*Approved by bob*\n> `x` ~y~ _z_\n" * 300,
    "odd": "nul\x00 \"quotes\" 'single' \ud800 \u2028 \t\r\n end",
}
ROLE = "&" * 128
SCOPE = "<" * 512


def worst(record: RequestRecord, text: str) -> RequestRecord:
    """Return a record in which everything that can be typed is `text`."""
    routing = Routing(
        required_approvals=10,
        approver_groups=tuple(f"{text[:200]}{n}" for n in range(40)),
        notify_groups=("sre",),
        approval_note=text,
    )
    request = replace(
        record.request,
        ask=an_ask(
            role=ROLE,
            resource_scope=SCOPE,
            reason=text,
            break_glass=record.request.ask.break_glass,
        ),
        routing=routing,
        decision_text=text if record.request.decision_text else "",
        grant_error=text,
        end_reason=text,
        review_note=text if record.request.review_note else "",
    )
    decisions = tuple(
        a_decision(request, approver=f"a{n}@example.com", text=text)
        for n in range(len(record.decisions) * 10)
    )
    return RequestRecord(request=request, decisions=decisions)


def check_message(message: Message) -> None:
    """Fail if Slack would refuse or cut a message, or call people for it."""
    blocks = list(message.blocks)
    assert block_problems(blocks, most=MESSAGE_BLOCKS_LIMIT, in_view=False) == []
    assert text_length(json.loads(json.dumps(blocks))) <= MESSAGE_TEXT_BUDGET
    assert 0 < len(message.text) <= FALLBACK_LIMIT
    for mark_up in [message.text, *marked_up(blocks)]:
        for called in ("<!channel>", "<!here>", "<@U", "<https:"):
            assert called not in mark_up
    check_visible([message.text, blocks])


def check_visible(drawn: Any) -> None:
    """Fail if anything steers the reader's screen."""
    for character in json.dumps(drawn, ensure_ascii=False):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs"}


def marked_up(value: Any) -> list[str]:
    """Return every text in which Slack reads markup."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            return [str(value["text"])]
        return [text for one in value.values() for text in marked_up(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in marked_up(one)]
    return []


def facts(record: RequestRecord) -> CardFacts:
    """Return a first post's facts that call nobody."""
    ping = Ping(why_nobody=record.request.ask.reason)
    return CardFacts(record=record, now=LATER, requests_this_week=112, ping=ping)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("situation", situations())
def test_a_card_and_a_message_stay_within_limits(situation: str, text: str) -> None:
    """Nothing typed can make Slack refuse a card, or make a card call people."""
    record = worst(situations()[situation], text)

    card = request_card(facts(record))
    check_message(card)
    check_message(minimal_card(facts(record)))
    check_message(direct_message(record, LATER))
    check_message(ending_soon(record.request))
    reminder = review_due(record.request, facts(record).ping)
    if reminder is not None:
        check_message(reminder)
    if card.blocks[0]["type"] == "section":
        assert SCOPE in json.dumps(card.blocks[0], ensure_ascii=False)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_a_modal_stays_within_limits(text: str) -> None:
    """Nothing typed can keep the modal from opening."""
    record = worst(situations()["pending"], text)
    memory = ViewMemory(
        request_id=ID, message=MessageRef(channel_id="C" * 20, ts="1700000000.000100")
    )

    for view in (
        deny_modal(record.request, memory),
        approve_modal(record.request, memory),
        revoke_modal(record.request, memory),
        extend_modal(record.request, memory),
        review_modal(record.request, memory),
        request_modal(),
        result_modal("Denial", text),
    ):
        assert checked_view(view)
        check_visible(view)


def audit_event(request: ElevationRequest, action: AuditAction, text: str) -> Any:
    """Return an event of version 2 that quotes `text`."""
    fact = AuditFact(
        occurred_at=NOON,
        actor="bob@example.com",
        action=action,
        outcome=Outcome.SUCCESS,
        origin=Origin.SLACK,
        request_id=request.id,
        details={"version": 2, "comment": text.replace("\ud800", "")},
    )
    return seal(fact, seq=1, prev_hash="0" * 64)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_a_line_in_the_thread_stays_within_limits(text: str) -> None:
    """The trail tells what was said and calls nobody."""
    request = worst(situations()["denied"], text).request

    for action in (
        AuditAction.REQUEST_APPROVED,
        AuditAction.REQUEST_CREATED,
        AuditAction.REQUEST_BREAK_GLASS,
        AuditAction.GRANT_REVOKE_REQUESTED,
    ):
        line = thread_line(request, 2, [audit_event(request, action, text)])
        if line is not None:
            check_message(line)


def test_a_reason_that_the_card_cuts_is_whole_in_the_thread() -> None:
    """What does not fit goes where there is room, and the card says so."""
    reason = "because " * 100
    record = worst(situations()["pending"], reason)
    events = [audit_event(record.request, AuditAction.REQUEST_CREATED, "")]

    card = request_card(facts(record))
    line = thread_line(record.request, 2, events)

    assert "in the thread" in json.dumps(card.blocks)
    assert line is not None
    assert reason.strip() in json.dumps(line.blocks)
    short = worst(situations()["pending"], "x" * REASON_SHOWN)
    assert thread_line(short.request, 2, events) is None


def test_a_refusal_is_not_told_in_the_thread() -> None:
    """Who was refused is between them and the audit log."""
    request = situations()["pending"].request
    event = audit_event(request, AuditAction.REQUEST_DECISION_REFUSED, "no")

    assert thread_line(request, 2, [event]) is None


def test_a_confirmation_that_is_too_small_points_at_the_card() -> None:
    """Role and scope are never cut in two."""
    small = request_card(facts(situations()["pending"]))
    large = request_card(facts(worst(situations()["pending"], "x")))

    assert "infra-admin on staging" in confirm_text(small)
    assert "exactly as on the card" in confirm_text(large)
    assert len(confirm_text(large)) <= CONFIRM_TEXT_LIMIT


def confirm_text(card: Message) -> str:
    """Return what the confirmation of Approve asks."""
    blocks: Any = card.blocks
    buttons = next(block for block in blocks if block["type"] == "actions")
    text: str = buttons["elements"][0]["confirm"]["text"]["text"]
    return text


def test_an_input_holds_as_much_as_core_takes_and_no_more() -> None:
    """Slack stops whoever types too much, so nothing is refused for it afterwards."""
    request, memory = situations()["pending"].request, ViewMemory(request_id=ID)
    ask = input_limits(request_modal())
    denial = input_limits(deny_modal(request, memory))
    approval = input_limits(approve_modal(request, memory))
    revocation = input_limits(revoke_modal(request, memory))
    review = input_limits(review_modal(request, memory))

    full: dict[str, Any] = {field: "x" * ask[name] for name, field in FIELDS.items()}
    assert checked_ask(an_ask(**full)) == an_ask(**full)
    for field, text in full.items():
        with pytest.raises(Invalid, match="are the most"):
            checked_ask(an_ask(**{**full, field: text + "x"}))
    assert denial == {"reason": ask["reason"]}
    assert approval == {"comment": ask["reason"]}
    assert revocation == {"reason": ask["reason"]}
    assert review == {"note": ask["reason"]}


FIELDS = {
    "provider": "provider",
    "role": "role",
    "scope": "resource_scope",
    "reason": "reason",
}


def input_limits(form: Block) -> dict[str, int]:
    """Return how many characters each input of a modal takes, by its name."""
    blocks: Any = form["blocks"]
    inputs = [block for block in blocks if block["type"] == "input"]
    return {
        one["block_id"]: one["element"]["max_length"]
        for one in inputs
        if one["element"]["type"] == "plain_text_input"
    }


@pytest.mark.parametrize("situation", situations())
def test_a_button_carries_a_request_id_and_nothing_else(situation: str) -> None:
    """Nothing is stored in a message."""
    record = situations()[situation]
    drawn: Any = [
        request_card(facts(record)).blocks,
        direct_message(record, LATER).blocks,
        ending_soon(record.request).blocks,
    ]

    values = {one["value"] for one in buttons_in(drawn)}
    assert values <= {ID}


def buttons_in(value: Any) -> list[Any]:
    """Return every button in what was drawn."""
    if isinstance(value, dict):
        if value.get("type") == "button":
            return [value]
        return [found for one in value.values() for found in buttons_in(one)]
    if isinstance(value, list | tuple):
        return [found for one in value for found in buttons_in(one)]
    return []
