"""Durations as people type and read them: `30m`, `1h30m`, `7d`."""

import re
from datetime import timedelta
from typing import Final

from core.errors import Invalid

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN: Final = re.compile(
    r"(?:(\d{1,7})d)?(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?", re.ASCII
)


def parse_duration(field: str, text: str) -> timedelta:
    """Return the duration that `text` spells, such as `1h30m` or `7d`.

    Args:
        field: how the person knows the field, for the error.

    Raises:
        Invalid: it is no such spelling, or not longer than nothing.
    """
    match = _PATTERN.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        raise Invalid(
            field=field, why=f"{text[:40]!r} is no duration; write 30m, 1h30m or 7d"
        )
    seconds = sum(
        int(count or 0) * unit
        for count, unit in zip(match.groups(), _UNITS.values(), strict=True)
    )
    if seconds == 0:
        raise Invalid(field=field, why="must be longer than nothing")
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise Invalid(field=field, why="is longer than anybody lives") from error


def to_text(duration: timedelta) -> str:
    """Return a duration as a person writes it: `1h30m`, `45s`; `0s` for none."""
    seconds = int(duration.total_seconds())
    parts = []
    for unit, size in _UNITS.items():
        if unit == "d":
            continue
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
