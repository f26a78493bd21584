"""Columns as the drivers return them, turned into what the domain holds."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.store.dialects import from_microseconds


def to_moment(value: datetime | int) -> datetime:
    """Return a time; SQLite keeps microseconds, PostgreSQL an aware time in UTC."""
    return from_microseconds(value) if isinstance(value, int) else value


def to_moment_or_none(value: datetime | int | None) -> datetime | None:
    """Return a time, if there is one."""
    return None if value is None else to_moment(value)


def to_pairs(text: str) -> dict[str, str]:
    """Return a mapping of strings that `from_pairs` wrote."""
    pairs: dict[str, str] = json.loads(text)
    return pairs


def from_pairs(pairs: Mapping[str, str]) -> str:
    """Return a mapping of strings as JSON."""
    return json.dumps(dict(pairs))


def to_strings(text: str) -> tuple[str, ...]:
    """Return the strings that `from_strings` wrote."""
    strings: list[str] = json.loads(text)
    return tuple(strings)


def from_strings(strings: Iterable[str]) -> str:
    """Return strings as a JSON list."""
    return json.dumps(list(strings))


def names(
    columns: Iterable[Any], *, without: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return the names of some columns, in order."""
    return tuple(column.name for column in columns if column.name not in without)
