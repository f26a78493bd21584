"""Parses JSON so that nobody can read two things into one text."""

import json
from typing import Final, NoReturn

from core.errors import Invalid

_SHOWN: Final = 60


def parse_json(field: str, text: str) -> object:
    """Return what a JSON text holds; every name once, and no NaN.

    Args:
        field: what the text is called, for the error.

    Raises:
        Invalid: it is no JSON, is nested too deep, or says one name twice, of
            which two readers could believe different ones.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Invalid(
            field=field,
            why=f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})",
        ) from error
    except RecursionError as error:
        raise Invalid(field=field, why="is nested too deep") from error
    except ValueError as error:  # An integer of over 4,300 digits.
        raise Invalid(field=field, why="holds a number that is too long") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(field=shown(twice), why="is given twice")
    return values


def _no_constant(name: str) -> NoReturn:
    raise Invalid(field="body", why=f"holds {name}, which is not JSON")


def kind_of(value: object) -> str:
    """Return what JSON calls a value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def shown(value: object) -> str:
    """Return a value as an error may repeat it: printable, and short."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
