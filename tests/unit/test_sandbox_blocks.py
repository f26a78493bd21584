"""Block Kit as the sandbox checks it."""

from typing import Any

import pytest

from bot.sandbox.blocks import block_problems, with_identifiers
from bot.sandbox.errors import MethodFailed
from bot.sandbox.views import checked_view

Json = dict[str, Any]


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _button(**more: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": _plain("Go"), **more}


def _actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def _input(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": _plain("Why"), "element": element, **more}


TEXT_INPUT: Json = {"type": "plain_text_input", "action_id": "reason"}
OPTION: Json = {"text": _plain("One"), "value": "1"}
MARKED: Json = {"text": {"type": "mrkdwn", "text": "*One*"}, "value": "1"}


def _boxes(*options: Json, **more: Any) -> Json:
    return {"type": "checkboxes", "action_id": "c", "options": list(options), **more}


CONFIRM: Json = {
    "title": _plain("Sure?"),
    "text": _plain("Really"),
    "confirm": _plain("Yes"),
    "deny": _plain("No"),
}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": _plain("x" * 150)},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}},
        {"type": "section", "fields": [_plain("x" * 2000)] * 10},
        {"type": "section", "text": _plain("x"), "accessory": _button()},
        {"type": "context", "elements": [_plain("x")] * 10},
        {"type": "divider"},
        _actions(_button(value="x" * 2000, style="primary", confirm=CONFIRM)),
        _actions({"type": "static_select", "action_id": "s", "options": [OPTION]}),
        _input(TEXT_INPUT | {"multiline": True, "max_length": 2000}, optional=True),
        _input(
            _boxes(
                {
                    "text": _plain("x" * 75),
                    "description": _plain("x" * 75),
                    "value": "x" * 150,
                },
                MARKED,
            ),
            optional=True,
        ),
        _actions(_boxes(OPTION, initial_options=[OPTION])),
    ],
)
def test_good_block_passes(block: Json) -> None:
    """What Slack takes, the sandbox takes, up to each limit."""
    assert block_problems([block], most=50, in_view=False) == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ([], "unsupported type: None [json-pointer:/blocks/0/type]"),
        ({"type": ["x"]}, "unsupported type: ['x'] [json-pointer:/blocks/0/type]"),
        ({"type": "alert", "text": _plain("x")}, "unsupported type: alert"),
        ({"type": "header", "text": _plain("x" * 151)}, "less than 151 characters"),
        ({"type": "header", "text": _plain("")}, "must be more than 0 characters"),
        (
            {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
            "must be one of: plain_text",
        ),
        (
            {"type": "section", "text": _plain("x" * 3001)},
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        ({"type": "section"}, "must provide one of text and fields"),
        (
            {"type": "section", "fields": [_plain("x")] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            {"type": "section", "text": _plain("x") | {"verbatim": True}},
            "invalid additional property: verbatim",
        ),
        ({"type": "divider", "colour": "red"}, "invalid additional property: colour"),
        ({"type": "context", "elements": [_plain("x")] * 11}, "no more than 10 items"),
        (_actions(), "no less than 1 items required"),
        (_actions(_button(text=_plain("x" * 76))), "must be less than 76 characters"),
        (_actions(_button(value="x" * 2001)), "must be less than 2001 characters"),
        (_actions(_button(style="green")), "must be a valid enum value"),
        (_actions(_button(), _button()), "action_id `a` already exists"),
        (
            _actions(_button(confirm=CONFIRM | {"text": _plain("x" * 301)})),
            "less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/",
        ),
        (_actions(TEXT_INPUT), "unsupported type: plain_text_input"),
        (_input(TEXT_INPUT | {"max_length": 3001}), "must be between 1 and 3000"),
        (_input(_button()), "unsupported type: button"),
        (
            _input({"type": "static_select", "options": [OPTION] * 101}),
            "no more than 100 items allowed",
        ),
        (
            _input({"type": "radio_buttons", "options": [OPTION] * 11}),
            "no more than 10 items allowed",
        ),
        (_input(_boxes(*[OPTION] * 11)), "no more than 10 items allowed"),
        (_input(_boxes()), "no less than 1 items required"),
        (
            _input(_boxes(OPTION | {"text": _plain("x" * 76)})),
            "less than 76 characters [json-pointer:/blocks/0/element/options/0/text/",
        ),
        (
            _input(_boxes(OPTION | {"description": _plain("x" * 76)})),
            "less than 76 characters",
        ),
        (_input(_boxes(OPTION | {"value": "x" * 151})), "less than 151 characters"),
        (
            _input(_boxes(OPTION, initial_options=[])),
            "no less than 1 items required",
        ),
        (
            _input({"type": "static_select", "options": [MARKED]}),
            "must be one of: plain_text",
        ),
        (
            _input(
                {
                    "type": "static_select",
                    "options": [OPTION],
                    "initial_option": OPTION | {"value": "2"},
                }
            ),
            "initial option must be one of the options",
        ),
    ],
)
def test_bad_block_is_refused_with_its_place(block: Any, problem: str) -> None:
    """Every limit has its sentence."""
    found = block_problems([block], most=50, in_view=False)
    assert any(problem in one for one in found), found


def test_too_many_blocks_are_refused() -> None:
    """Fifty blocks pass, one more does not."""
    blocks = [{"type": "divider"}] * 51
    assert block_problems(blocks[:50], most=50, in_view=False) == []
    found = block_problems(blocks, most=50, in_view=False)
    assert found == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_block_ids_are_unique() -> None:
    """A second block of the same id is refused."""
    blocks = [{"type": "divider", "block_id": "b"}] * 2
    found = block_problems(blocks, most=50, in_view=False)
    assert found == ["block_id `b` already exists [json-pointer:/blocks/1]"]


def test_missing_ids_are_filled_in_on_a_copy() -> None:
    """Blocks and elements get ids; what was sent stays as it was."""
    sent = [_actions({"type": "button", "text": _plain("Go")})]
    filled = with_identifiers(sent)
    assert filled[0]["block_id"]
    assert filled[0]["elements"][0]["action_id"]
    assert "block_id" not in sent[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": _plain("x" * 25)}, "[json-pointer:/view/title/text]"),
        ({"submit": _plain("x" * 25)}, "[json-pointer:/view/submit/text]"),
        ({"submit": None}, "[json-pointer:/view/submit]"),
        ({"private_metadata": "x" * 3001}, "[json-pointer:/view/private_metadata]"),
        ({"type": "window"}, "unsupported type: window"),
        ({"blocks": [{"type": "x"}]}, "[json-pointer:/view/blocks/0/type]"),
    ],
)
def test_bad_view_is_refused(change: Json, problem: str) -> None:
    """A view fails with `invalid_arguments` and the place."""
    view: Json = {
        "type": "modal",
        "title": _plain("Deny"),
        "submit": _plain("Deny"),
        "blocks": [_input(TEXT_INPUT)],
    }
    assert checked_view(view)["blocks"][0]["block_id"]
    with pytest.raises(MethodFailed) as caught:
        checked_view(view | change)
    assert caught.value.error == "invalid_arguments"
    messages = caught.value.extra["response_metadata"]["messages"]
    assert any(problem in one for one in messages), messages


def test_view_with_inputs_needs_a_submit_button() -> None:
    """Slack refuses a form that cannot be sent."""
    view = {"type": "modal", "title": _plain("x"), "blocks": [_input(TEXT_INPUT)]}
    with pytest.raises(MethodFailed) as caught:
        checked_view(view)
    assert "submit" in str(caught.value.extra)


def test_large_view_is_refused() -> None:
    """A view of more than 250 kB is too large."""
    section = {"type": "section", "text": _plain("x" * 2999)}
    view = {"type": "modal", "title": _plain("x"), "blocks": [section] * 90}
    with pytest.raises(MethodFailed) as caught:
        checked_view(view)
    assert caught.value.error == "view_too_large"
