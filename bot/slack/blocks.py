"""Block Kit's pieces as functions that know their limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.slack.text import (
    CONFIRM_BUTTON_LIMIT,
    CONFIRM_TEXT_LIMIT,
    CONFIRM_TITLE_LIMIT,
    HEADER_LIMIT,
    INPUT_LIMIT,
    MODAL_TITLE_LIMIT,
    OPTION_LIMIT,
    TEXT_LIMIT,
    clip,
    length,
    visible,
)

Block: TypeAlias = dict[str, object]
"""One JSON object of Slack's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is posted.

    Attributes:
        text: what a notification and a screen reader say; escaped mrkdwn.
        blocks: what is shown; empty for a message that is its text.
    """

    text: str
    blocks: tuple[Block, ...] = ()


def plain(text: str, limit: int = TEXT_LIMIT) -> Block:
    """Return text in which Slack reads no markup; never empty."""
    shown = clip(visible(text), limit).strip() or "-"
    return {"type": "plain_text", "text": shown, "emoji": False}


def quote(text: str, limit: int) -> Block:
    """Return what somebody typed, in quotes, so that it cannot pass for ours."""
    return plain(f"“{clip(visible(text).strip(), limit)}”")


def mrkdwn(text: str) -> Block:
    """Return text that is markup already; callers escape what is not ours."""
    return {"type": "mrkdwn", "text": clip(text, TEXT_LIMIT), "verbatim": True}


def headline(text: str, block_id: str) -> Block:
    """Return a header, or where that is too small a section; nothing is cut."""
    shown = visible(text)
    if length(shown) <= HEADER_LIMIT:
        return {"type": "header", "text": plain(shown), "block_id": block_id}
    return {"type": "section", "text": plain(shown), "block_id": block_id}


def section(text: Block, block_id: str) -> Block:
    """Return a paragraph."""
    return {"type": "section", "text": text, "block_id": block_id}


def context(lines: Sequence[str], block_id: str) -> Block:
    """Return small print, one element per line of markup, at most ten."""
    elements = [mrkdwn(line) for line in lines[:10]]
    return {"type": "context", "elements": elements, "block_id": block_id}


def button(
    label: str,
    *,
    action_id: str,
    value: str,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block:
    """Return a button.

    Args:
        style: `primary` or `danger`; None for a plain one.
        confirm: the question that Slack asks first, if any.
    """
    made: Block = {
        "type": "button",
        "text": plain(label),
        "action_id": action_id,
        "value": value,
    }
    if style is not None:
        made["style"] = style
    return made if confirm is None else {**made, "confirm": confirm}


def confirmation(
    *, title: str, text: str, confirm: str, deny: str, style: str = "primary"
) -> Block:
    """Return the question that Slack asks before a press counts.

    Args:
        style: of the button that says yes.
    """
    return {
        "title": plain(title, CONFIRM_TITLE_LIMIT),
        "text": plain(text, CONFIRM_TEXT_LIMIT),
        "confirm": plain(confirm, CONFIRM_BUTTON_LIMIT),
        "deny": plain(deny, CONFIRM_BUTTON_LIMIT),
        "style": style,
    }


def actions(elements: Sequence[Block], block_id: str) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(elements), "block_id": block_id}


def text_input(
    name: str,
    label: str,
    *,
    limit: int = INPUT_LIMIT,
    multiline: bool = False,
    optional: bool = False,
    placeholder: str | None = None,
    initial: str | None = None,
    hint: str | None = None,
) -> Block:
    """Return an input whose block and action are both called `name`.

    Args:
        limit: characters that Slack lets a person type; what core would refuse
            afterwards should not fit.
    """
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": multiline,
        "max_length": limit,
    }
    if placeholder is not None:
        element["placeholder"] = plain(placeholder, 150)
    if initial is not None:
        element["initial_value"] = initial
    made: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    return made if hint is None else {**made, "hint": plain(hint)}


def checkbox(name: str, label: str, *, option: str, description: str) -> Block:
    """Return one box to tick, optional; ticked it sends `name` as its value.

    Args:
        option: what stands beside the box, at most 75 characters.
        description: below it, in small print, at most 75 characters.

    Source: docs.slack.dev, checkboxes element and option object.
    """
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": {
            "type": "checkboxes",
            "action_id": name,
            "options": [
                {
                    "text": plain(option, OPTION_LIMIT),
                    "description": plain(description, OPTION_LIMIT),
                    "value": name,
                }
            ],
        },
        "optional": True,
    }


def modal(
    *,
    title: str,
    blocks: Sequence[Block],
    callback_id: str = "",
    submit: str | None = None,
    close: str = "Cancel",
    private_metadata: str = "",
) -> Block:
    """Return a modal view."""
    view: Block = {
        "type": "modal",
        "title": plain(title, MODAL_TITLE_LIMIT),
        "close": plain(close, MODAL_TITLE_LIMIT),
        "blocks": list(blocks),
    }
    if callback_id:
        view["callback_id"] = callback_id
    if private_metadata:
        view["private_metadata"] = private_metadata
    if submit is not None:
        view["submit"] = plain(submit, MODAL_TITLE_LIMIT)
    return view


def content_of(message: Message) -> dict[str, object]:
    """Return text and blocks; both every time, since an edit keeps neither.

    `parse` is said each time because chat.update's default differs.

    Source: docs.slack.dev, chat.update.
    """
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "parse": "none",
        "link_names": False,
    }
