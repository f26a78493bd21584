"""The blocks of Block Kit that the sandbox knows, and their rules.

Source: https://docs.slack.dev/reference/block-kit/blocks
"""

import copy
import json
from collections.abc import Callable, Iterator
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final

from bot.sandbox import limits
from bot.sandbox.checks import PLAIN, Checker
from bot.sandbox.elements import IN_ACTIONS, IN_INPUT, IN_SECTION, check_element
from bot.sandbox.people import Json


def block_problems(blocks: Any, *, most: int, in_view: bool) -> list[str]:
    """Return what is wrong with a list of blocks, in Slack's words.

    Args:
        most: how many blocks there may be.
        in_view: whether they are a view's, which may hold inputs and alerts.
    """
    checker = Checker()

    def check(value: Any, at: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if (
            not isinstance(kind, str)
            or kind not in _BLOCKS
            or (kind in _ONLY_IN_VIEWS and not in_view)
        ):
            checker.fail(f"unsupported type: {kind}", f"{at}/type")
            return
        checker.string(value, "block_id", at, most=limits.IDENTIFIER)
        _BLOCKS[kind](checker, value, at)

    checker.items({"blocks": blocks}, "blocks", "", check, most=most, least=0)
    if not checker.problems:
        _check_identifiers(checker, blocks)
    return checker.problems


def with_identifiers(blocks: list[Json]) -> list[Json]:
    """Return a copy whose blocks and elements all have ids, as Slack fills them in."""
    filled = copy.deepcopy(blocks)
    for block in filled:
        block.setdefault("block_id", token_hex(3))
        for element in elements_of(block):
            if element["type"] != "image":
                element.setdefault("action_id", token_hex(3))
    return filled


def elements_of(block: Json) -> list[Json]:
    """Return the interactive elements of a block; images among them."""
    match block.get("type"):
        case "actions":
            return list(block["elements"])
        case "section" if "accessory" in block:
            return [block["accessory"]]
        case "input":
            return [block["element"]]
        case _:
            return []


def text_length(blocks: list[Json]) -> int:
    """Return how many characters the texts of these blocks have together."""
    return sum(len(text) for text in _texts(blocks))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _check_identifiers(checker: Checker, blocks: list[Json]) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        name = block.get("block_id")
        if name is not None and name in seen:
            checker.fail(f"block_id `{name}` already exists", f"/blocks/{index}")
        seen.add(name or "")
        inside: set[str] = set()
        for element in elements_of(block):
            action = element.get("action_id")
            if action is not None and action in inside:
                why = f"action_id `{action}` already exists for another element"
                checker.fail(why, f"/blocks/{index}")
            inside.add(action or "")


def _header(checker: Checker, value: Json, at: str) -> None:
    checker.has_shape(value, at, required=("type", "text"), optional=("block_id",))
    checker.text(value, "text", at, most=limits.HEADER_TEXT, kinds=PLAIN)


def _section(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id", "text", "fields", "accessory", "expand")
    checker.has_shape(value, at, required=("type",), optional=optional)
    if "text" not in value and "fields" not in value:
        checker.fail("must provide one of text and fields", at)

    def field(one: Any, place: str) -> None:
        checker.text_object(one, place, most=limits.FIELD_TEXT)

    checker.text(value, "text", at)
    checker.items(value, "fields", at, field, most=limits.SECTION_FIELDS)
    if "accessory" in value:
        check_element(checker, value["accessory"], f"{at}/accessory", IN_SECTION)


def _context(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id",)
    checker.has_shape(value, at, required=("type", "elements"), optional=optional)

    def element(one: Any, place: str) -> None:
        if isinstance(one, dict) and one.get("type") == "image":
            check_element(checker, one, place, frozenset({"image"}))
        else:
            checker.text_object(one, place, most=limits.TEXT_OBJECT)

    checker.items(value, "elements", at, element, most=limits.CONTEXT_ELEMENTS)


def _actions(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id",)
    checker.has_shape(value, at, required=("type", "elements"), optional=optional)

    def element(one: Any, place: str) -> None:
        check_element(checker, one, place, IN_ACTIONS)

    checker.items(value, "elements", at, element, most=limits.ACTIONS_ELEMENTS)


def _divider(checker: Checker, value: Json, at: str) -> None:
    checker.has_shape(value, at, required=("type",), optional=("block_id",))


def _input(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id", "hint", "optional", "dispatch_action")
    required = ("type", "label", "element")
    if checker.has_shape(value, at, required=required, optional=optional):
        checker.text(value, "label", at, most=limits.LABEL_TEXT, kinds=PLAIN)
        checker.text(value, "hint", at, most=limits.LABEL_TEXT, kinds=PLAIN)
        checker.boolean(value, "optional", at)
        checker.boolean(value, "dispatch_action", at)
        check_element(checker, value["element"], f"{at}/element", IN_INPUT)


def _image(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id", "title")
    required = ("type", "image_url", "alt_text")
    checker.has_shape(value, at, required=required, optional=optional)
    checker.string(value, "image_url", at, most=limits.URL)
    checker.string(value, "alt_text", at, most=limits.LABEL_TEXT)
    checker.text(value, "title", at, most=limits.LABEL_TEXT, kinds=PLAIN)


def _alert(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id", "level")
    checker.has_shape(value, at, required=("type", "text"), optional=optional)
    checker.text(value, "text", at, most=limits.ALERT_TEXT)
    levels = ("default", "info", "warning", "error", "success")
    checker.one_of(value, "level", at, levels)


def _markdown(checker: Checker, value: Json, at: str) -> None:
    checker.has_shape(value, at, required=("type", "text"), optional=("block_id",))
    checker.string(value, "text", at, most=limits.MARKDOWN_TEXT)


_RICH_PARTS: Final = (
    "rich_text_section",
    "rich_text_preformatted",
    "rich_text_quote",
    "rich_text_list",
)

_RICH_LEAVES: Final = (
    "text",
    "link",
    "user",
    "usergroup",
    "channel",
    "emoji",
    "date",
    "broadcast",
)


def _rich_text(checker: Checker, value: Json, at: str) -> None:
    optional = ("block_id",)
    checker.has_shape(value, at, required=("type", "elements"), optional=optional)

    def part(one: Any, place: str) -> None:
        kind = one.get("type") if isinstance(one, dict) else None
        if kind not in _RICH_PARTS:
            checker.fail(f"unsupported type: {kind}", f"{place}/type")
            return
        inside = part if kind == "rich_text_list" else leaf
        checker.items(one, "elements", place, inside, most=limits.TEXT_OBJECT, least=0)

    def leaf(one: Any, place: str) -> None:
        kind = one.get("type") if isinstance(one, dict) else None
        if kind not in _RICH_LEAVES:
            checker.fail(f"unsupported type: {kind}", f"{place}/type")
        elif kind == "text":
            checker.string(one, "text", place, most=limits.MARKDOWN_TEXT)

    checker.items(value, "elements", at, part, most=limits.OPTIONS)


_BLOCKS: Final = MappingProxyType[str, Callable[[Checker, Json, str], None]](
    {
        "header": _header,
        "section": _section,
        "context": _context,
        "actions": _actions,
        "divider": _divider,
        "input": _input,
        "image": _image,
        "alert": _alert,
        "markdown": _markdown,
        "rich_text": _rich_text,
    }
)
_ONLY_IN_VIEWS: Final = frozenset({"alert"})


def json_size(value: Any) -> int:
    """Return how many bytes a value has as JSON."""
    return len(json.dumps(value, ensure_ascii=False).encode())
