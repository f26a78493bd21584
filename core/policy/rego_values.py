"""Values on their way into rego-cpp and out of it, so that no text is ever parsed."""

import base64
import json
import re
from typing import Any

import regopy
from regopy.node import Node, NodeKind
from regopy.rego_shared import rego as library
from regopy.rego_shared import (
    rego_free_input,
    rego_new_input,
    rego_node_value,
    rego_set_input,
)

ELEMENT = (
    "[[type_name(v), [b | is_boolean(v); b := v], [n | is_number(v); n := v], "
    "[s | is_string(v); s := base64.encode(v)], "
    "[[type_name(e), [s | is_string(e); s := base64.encode(e)]] | some e in v]]"
    " | v := data.%s.%s]"
)
"""One rule: empty if it is undefined, else its type and its value by type."""


class Refused(Exception):
    """The policy set cannot be used, or gave no answer; says why in one line."""

    def __init__(self, *, why: str) -> None:
        """Keep why."""
        super().__init__(why)


def give(interpreter: regopy.Interpreter, question: dict[str, Any]) -> None:
    """Make a question the input, with its strings as rego-cpp stores literals.

    This is `Interpreter.set_input` without its detours, which cost as much as half
    of an evaluation.
    """
    pointer = rego_new_input()
    try:
        if _push(pointer, question):
            raise Refused(why="the question cannot be taken")
        rego_set_input(interpreter._impl, pointer)  # noqa: SLF001 - it has no other
    finally:
        rego_free_input(pointer)


def _push(pointer: Any, value: Any) -> int:
    """Push a value onto an input; return 0, or something else if one part failed."""
    match value:
        case str():
            return int(library.regoInputString(pointer, _escaped(value).encode()))
        case bool():
            return int(library.regoInputBoolean(pointer, value))
        case int():
            return int(library.regoInputInt(pointer, value))
        case list():
            failed = sum(_push(pointer, member) for member in value)
            return failed + int(library.regoInputArray(pointer, len(value)))
        case dict():
            failed = 0
            for key, member in value.items():
                failed += _push(pointer, key) + _push(pointer, member)
                failed += int(library.regoInputObjectItem(pointer))
            return failed + int(library.regoInputObject(pointer, len(value)))
        case _:
            return 1


def _escaped(text: str) -> str:
    """Return a text as JSON spells it; nearly every one is its own spelling."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return json.dumps(text, ensure_ascii=False)[1:-1]


def value(
    type_name: str,
    booleans: list[bool],
    numbers: list[float],
    strings: list[str],
    members: list[Any],
) -> Any:
    """Return a rule's value; an object is empty and a member that is no string null."""
    match type_name:
        case "boolean":
            return booleans[0]
        case "number":
            return numbers[0]
        case "string":
            return _text(strings[0])
        case "array" | "set":
            return [_text(text[0]) if text else None for _, text in members]
        case "object":
            return {}
        case _:
            return None


def _text(encoded: str) -> str:
    try:
        stored = base64.b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise Refused(why="a string is not UTF-8") from error
    try:
        return str(json.loads(f'"{stored}"', strict=False))
    except ValueError:  # cut in the middle of an escape; it is only text
        return stored


def place(error: str, source: str) -> str:
    """Return `:line: what is wrong` from the hundreds of lines of an error."""
    what = re.search(r"\(errormsg \d+:([^)\n]*)\)", error)
    where = re.search(r"\(error \d+:[^|\n]*\|(\d+)\|", error)
    line = source[: int(where[1])].count("\n") + 1 if where else 1
    return f":{line}: {what[1] if what else 'cannot be read'}"


def message(node: Node) -> str:
    """Return the first message of an error; its tree can be of any size."""
    if node.kind == NodeKind.ErrorMessage:
        return str(rego_node_value(node._impl))  # noqa: SLF001 - it has no other way
    if node.kind not in (NodeKind.ErrorSeq, NodeKind.Error):
        return ""
    messages = (message(node.at(index)) for index in range(len(node)))
    found = next((message for message in messages if message), "")
    return found.splitlines()[0][:200] if found else "an error without a message"
