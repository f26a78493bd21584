"""The elements of Block Kit that the sandbox knows, and their rules.

Source: https://docs.slack.dev/reference/block-kit/block-elements
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from bot.sandbox import limits
from bot.sandbox.checks import ANY_TEXT, PLAIN, Checker
from bot.sandbox.people import Json

_COMMON: Final = ("action_id", "confirm", "focus_on_load")


def check_element(
    checker: Checker, value: Any, at: str, allowed: frozenset[str]
) -> None:
    """Check one element.

    Args:
        allowed: the element types that may stand in this place.
    """
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in allowed:
        checker.fail(f"unsupported type: {kind}", f"{at}/type")
        return
    checker.string(value, "action_id", at, most=limits.IDENTIFIER)
    if "confirm" in value:
        _confirm(checker, value["confirm"], f"{at}/confirm")
    checker.boolean(value, "focus_on_load", at)
    _ELEMENTS[kind](checker, value, at)


def _button(checker: Checker, value: Json, at: str) -> None:
    optional = (*_COMMON, "url", "value", "style", "accessibility_label")
    checker.has_shape(value, at, required=("type", "text"), optional=optional)
    checker.text(value, "text", at, most=limits.BUTTON_TEXT, kinds=PLAIN)
    checker.string(value, "value", at, most=limits.BUTTON_VALUE)
    checker.string(value, "url", at, most=limits.URL)
    checker.string(value, "accessibility_label", at, most=limits.BUTTON_TEXT)
    checker.one_of(value, "style", at, ("primary", "danger"))


def _static_select(checker: Checker, value: Json, at: str) -> None:
    optional = (*_COMMON, "placeholder", "options", "option_groups", "initial_option")
    checker.has_shape(value, at, required=("type",), optional=optional)
    _options(checker, value, at, most=limits.OPTIONS)


def _multi_static_select(checker: Checker, value: Json, at: str) -> None:
    choices = ("placeholder", "options", "initial_options", "max_selected_items")
    optional = (*_COMMON, *choices)
    checker.has_shape(value, at, required=("type", "options"), optional=optional)
    _options(checker, value, at, most=limits.OPTIONS)
    checker.whole(value, "max_selected_items", at, least=1, most=limits.OPTIONS)


def _radio_buttons(checker: Checker, value: Json, at: str) -> None:
    optional = (*_COMMON, "initial_option")
    checker.has_shape(value, at, required=("type", "options"), optional=optional)
    _options(checker, value, at, most=limits.CHOICES)


def _checkboxes(checker: Checker, value: Json, at: str) -> None:
    optional = (*_COMMON, "initial_options")
    checker.has_shape(value, at, required=("type", "options"), optional=optional)
    _options(checker, value, at, most=limits.CHOICES)


def _overflow(checker: Checker, value: Json, at: str) -> None:
    checker.has_shape(value, at, required=("type", "options"), optional=_COMMON)
    _options(checker, value, at, most=limits.OVERFLOW_OPTIONS)


def _plain_text_input(checker: Checker, value: Json, at: str) -> None:
    lengths = ("min_length", "max_length")
    looks = ("initial_value", "multiline", "placeholder", "focus_on_load")
    optional = ("action_id", *lengths, *looks, "dispatch_action_config")
    checker.has_shape(value, at, required=("type",), optional=optional)
    most = limits.INPUT_TEXT
    checker.text(value, "placeholder", at, most=limits.PLACEHOLDER, kinds=PLAIN)
    checker.string(value, "initial_value", at, most=most, least=0)
    checker.boolean(value, "multiline", at)
    checker.whole(value, "min_length", at, least=0, most=most)
    checker.whole(value, "max_length", at, least=1, most=most)


def _image(checker: Checker, value: Json, at: str) -> None:
    checker.has_shape(value, at, required=("type", "image_url", "alt_text"))
    checker.string(value, "image_url", at, most=limits.URL)
    checker.string(value, "alt_text", at, most=limits.LABEL_TEXT)


def _options(checker: Checker, value: Json, at: str, *, most: int) -> None:
    # Radio buttons and checkboxes may have markup, menus may not.
    kinds = ANY_TEXT if most == limits.CHOICES else PLAIN

    def option(one: Any, place: str) -> None:
        optional = ("description",)
        if checker.has_shape(one, place, required=("text", "value"), optional=optional):
            checker.text(one, "text", place, most=limits.OPTION_TEXT, kinds=kinds)
            checker.text(one, "description", place, most=limits.OPTION_TEXT)
            checker.string(one, "value", place, most=limits.OPTION_VALUE)

    def group(one: Any, place: str) -> None:
        if checker.has_shape(one, place, required=("label", "options")):
            checker.text(one, "label", place, most=limits.OPTION_TEXT, kinds=PLAIN)
            checker.items(one, "options", place, option, most=limits.OPTIONS)

    if ("options" in value) == ("option_groups" in value):
        checker.fail("must provide one of options and option_groups", at)
    checker.text(value, "placeholder", at, most=limits.PLACEHOLDER, kinds=PLAIN)
    checker.items(value, "options", at, option, most=most)
    checker.items(value, "option_groups", at, group, most=limits.OPTIONS)
    checker.items(value, "initial_options", at, option, most=most)
    known = all_options(value)
    initial = value.get("initial_options", [])
    initial = initial if isinstance(initial, list) else [initial]
    if "initial_option" in value:
        initial = [*initial, value["initial_option"]]
    if any(one not in known for one in initial):
        checker.fail("initial option must be one of the options", at)


def all_options(element: Json) -> list[Json]:
    """Return an element's options, those in groups too."""
    plain = element.get("options")
    found = list(plain) if isinstance(plain, list) else []
    groups = element.get("option_groups")
    for group in groups if isinstance(groups, list) else []:
        inside = group.get("options") if isinstance(group, dict) else None
        found += inside if isinstance(inside, list) else []
    return [one for one in found if isinstance(one, dict)]


def _confirm(checker: Checker, value: Any, at: str) -> None:
    optional = ("title", "confirm", "deny", "style")
    if not checker.has_shape(value, at, required=("text",), optional=optional):
        return
    checker.text(value, "title", at, most=limits.CONFIRM_TITLE, kinds=PLAIN)
    checker.text(value, "text", at, most=limits.CONFIRM_TEXT, kinds=PLAIN)
    checker.text(value, "confirm", at, most=limits.CONFIRM_BUTTON, kinds=PLAIN)
    checker.text(value, "deny", at, most=limits.CONFIRM_BUTTON, kinds=PLAIN)
    checker.one_of(value, "style", at, ("primary", "danger"))


_ELEMENTS: Final = MappingProxyType[str, Callable[[Checker, Json, str], None]](
    {
        "button": _button,
        "static_select": _static_select,
        "multi_static_select": _multi_static_select,
        "radio_buttons": _radio_buttons,
        "checkboxes": _checkboxes,
        "overflow": _overflow,
        "plain_text_input": _plain_text_input,
        "image": _image,
    }
)

CHOICES: Final = frozenset(
    {
        "static_select",
        "multi_static_select",
        "radio_buttons",
        "checkboxes",
        "overflow",
    }
)
IN_ACTIONS: Final = CHOICES | {"button"}
IN_SECTION: Final = CHOICES | {"button", "image"}
IN_INPUT: Final = (CHOICES | {"plain_text_input"}) - {"overflow"}
