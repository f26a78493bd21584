"""Goldens of everything drawn; `pytest --update-goldens` is `UPDATE=1 pytest`."""

import json
from pathlib import Path

import pytest

from bot.slack.cards import request_card
from bot.slack.modals import approve_modal, deny_modal, request_modal, result_modal
from bot.slack.notes import direct_message
from bot.slack.payloads import MessageRef, ViewMemory
from core.settings import read_environment
from core.vocabulary import RequestState
from tests.unit.slack.situations import ID, LATER, facts_of, pending, situations

DATA = Path(__file__).parents[2] / "data" / "slack"
UPDATE = "JITSUDO_UPDATE_GOLDENS"
"""Set to rewrite the goldens; look at the difference before committing it."""


def compare(name: str, drawn: object) -> None:
    """Fail if `drawn` is not what the golden says."""
    path = DATA / f"{name}.json"
    text = json.dumps(drawn, indent=1, ensure_ascii=False) + "\n"
    if read_environment().get(UPDATE):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", situations())
def test_a_card_is_drawn_as_its_golden_says(name: str) -> None:
    """Every state has its card, and no card changes unnoticed."""
    message = request_card(facts_of(situations()[name]))

    compare(f"card_{name}", {"text": message.text, "blocks": message.blocks})


@pytest.mark.parametrize("name", situations())
def test_a_direct_message_is_drawn_as_its_golden_says(name: str) -> None:
    """The requester always reads what happened and what to type next."""
    message = direct_message(situations()[name], LATER)

    compare(f"dm_{name}", {"text": message.text, "blocks": message.blocks})


@pytest.mark.parametrize("name", situations())
def test_only_an_open_request_has_buttons(name: str) -> None:
    """A card that offers nothing to press cannot be pressed in vain."""
    record = situations()[name]
    types = [block["type"] for block in request_card(facts_of(record)).blocks]

    is_open = (
        record.request.state is RequestState.PENDING
        and record.request.lapses_at > LATER
    )
    assert ("actions" in types) is is_open


def test_modals_are_drawn_as_their_goldens_say() -> None:
    """A modal repeats what is decided about above its one input."""
    memory = ViewMemory(
        request_id=ID, message=MessageRef(channel_id="C0ACCESS", ts="1.000100")
    )

    compare("modal_deny", deny_modal(pending(), memory))
    compare("modal_approve", approve_modal(pending(), memory))
    compare("modal_request", request_modal())
    compare("modal_result", result_modal("Denial", "Not allowed: <because> & so."))


def test_only_the_first_post_calls_people() -> None:
    """An edit that repeats a mention would be noise."""
    first = json.dumps(request_card(facts_of(situations()["pending"])).blocks)
    edited = json.dumps(request_card(facts_of(situations()["one_of_two"])).blocks)

    assert "<!subteam^S012345>" in first
    assert "subteam" not in edited
    assert "Nobody was pinged" not in edited
