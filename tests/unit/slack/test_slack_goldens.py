"""Goldens of everything drawn; `pytest --update-goldens` is `UPDATE=1 pytest`."""

import json
from pathlib import Path

import pytest

from bot.slack.alerts import ending_soon, review_due
from bot.slack.cards import Ping, request_card
from bot.slack.modals import (
    approve_modal,
    deny_modal,
    extend_modal,
    request_modal,
    result_modal,
    review_modal,
    revoke_modal,
)
from bot.slack.notes import direct_message
from bot.slack.payloads import MessageRef, ViewMemory
from core.settings import read_environment
from tests.support.cards import offered
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


OFFERED = {
    "pending": ["approve", "deny"],
    "pending_quorum": ["approve", "deny"],
    "pending_comment": ["approve", "deny"],
    "pending_long_reason": ["approve", "deny"],
    "one_of_two": ["approve", "deny"],
    "extending": ["approve", "deny"],
    "granting": ["revoke"],
    "auto_approved": ["revoke"],
    "two_of_two": ["revoke"],
    "failed": ["retry", "give_up"],
    "active": ["revoke"],
    "revoke_failed": ["retry"],
    "broke_glass": ["review", "revoke"],
    "broke_glass_failed": ["review", "retry", "give_up"],
    "broke_glass_active": ["review", "revoke"],
    "broke_glass_over": ["review"],
}
"""What a card offers to press; nothing where it is not named."""


@pytest.mark.parametrize("name", situations())
def test_a_card_offers_what_can_be_done_and_nothing_else(name: str) -> None:
    """A card that offers nothing to press cannot be pressed in vain."""
    card = request_card(facts_of(situations()[name]))

    assert offered({"blocks": card.blocks}) == OFFERED.get(name, [])


@pytest.mark.parametrize("name", situations())
def test_a_direct_message_offers_to_end_what_is_in_force(name: str) -> None:
    """The requester ends their own grant where they read of it."""
    message = direct_message(situations()[name], LATER)

    wanted = ["revoke"] if name in {"active", "broke_glass_active"} else []
    assert offered({"blocks": message.blocks}) == wanted


@pytest.mark.parametrize("name", ["active", "revoking_early", "expired", "extended"])
def test_a_warning_is_drawn_as_its_golden_says(name: str) -> None:
    """It offers more time while there is any, and says afterwards how it ended."""
    message = ending_soon(situations()[name].request)

    compare(f"warning_{name}", {"text": message.text, "blocks": message.blocks})
    wanted = ["extend"] if name == "active" else []
    assert offered({"blocks": message.blocks}) == wanted


def test_a_reminder_calls_people_until_the_review_is_closed() -> None:
    """It is a message of its own, so that it may call; then there is none."""
    ping = Ping(mentions=("<!subteam^S012345>", "<@U0BOB>"))
    message = review_due(situations()["broke_glass_over"].request, ping)

    assert message is not None
    compare("reminder", {"text": message.text, "blocks": message.blocks})
    assert review_due(situations()["broke_glass_reviewed"].request, ping) is None


def test_modals_are_drawn_as_their_goldens_say() -> None:
    """A modal repeats what is decided about above its one input."""
    memory = ViewMemory(
        request_id=ID, message=MessageRef(channel_id="C0ACCESS", ts="1.000100")
    )

    compare("modal_deny", deny_modal(pending(), memory))
    compare("modal_approve", approve_modal(pending(), memory))
    compare("modal_request", request_modal())
    active = situations()["active"].request
    compare("modal_revoke", revoke_modal(active, memory))
    compare("modal_extend", extend_modal(active, memory))
    broken = situations()["broke_glass_over"].request
    compare("modal_review", review_modal(broken, memory))
    compare("modal_result", result_modal("Denial", "Not allowed: <because> & so."))


def test_only_the_first_post_calls_people() -> None:
    """An edit that repeats a mention would be noise."""
    first = json.dumps(request_card(facts_of(situations()["pending"])).blocks)
    edited = json.dumps(request_card(facts_of(situations()["one_of_two"])).blocks)

    assert "<!subteam^S012345>" in first
    assert "subteam" not in edited
    assert "Nobody was pinged" not in edited


def test_the_glass_calls_everybody_who_was_not_asked() -> None:
    """The first post calls although nobody can decide; the push text begins loudly."""
    first = request_card(facts_of(situations()["broke_glass"]))
    later = request_card(facts_of(situations()["broke_glass_active"]))

    assert first.text.startswith("🚨 alice broke the glass: infra-admin on staging")
    assert "INC-4421: nobody answers" in first.text
    assert "<!subteam^S012345> <@U0BOB>" in json.dumps(first.blocks)
    assert "subteam" not in json.dumps(later.blocks)
