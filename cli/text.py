"""Text that is safe for a terminal, and columns that line up on it."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

_JOINER: Final = "\u200d"
"""Ties emoji together; it neither moves the cursor nor turns the direction."""

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control, format (the marks of direction), half a character."""


def is_unsafe(character: str) -> bool:
    """Tell whether a terminal would obey, rather than show, this character."""
    return unicodedata.category(character) in _UNSAFE and character != _JOINER


def safe(text: str) -> str:
    """Return `text` on one line, with every unsafe character spelled out.

    A tab or a newline becomes a space; the rest is written by its number.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(character) for character in text)


def safe_lines(text: str) -> list[str]:
    """Return the lines of `text`, each one safe; at least one."""
    return [safe(line) for line in text.split("\n")]


def _spelled(character: str) -> str:
    if character in "\n\t":
        return " "
    if not is_unsafe(character):
        return character
    code = ord(character)
    if code < 0x100:  # noqa: PLR2004 - what two hexadecimal digits can say
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def width(text: str) -> int:
    """Return how many columns of a terminal `text` takes.

    Source: Unicode Standard Annex 11; wide and full-width take two columns,
    combining marks and joiners none.
    """
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(c) or c == _JOINER
        else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def clip(text: str, columns: int) -> str:
    """Return as much of `text` as fits, with an ellipsis if that is not all."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept + character) > columns - 1:
            break
        kept += character
    return kept + "…"


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, columns: int | None
) -> list[str]:
    """Return a table's lines, two spaces between the columns, the last unpadded.

    Args:
        columns: the terminal's width, to which the last column is clipped;
            None keeps everything.
    """
    cells = [tuple(header), *(tuple(safe(cell) for cell in row) for row in rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        head = "".join(
            cell + " " * (wide - width(cell) + 2)
            for cell, wide in zip(row[:-1], widths[:-1], strict=True)
        )
        last = row[-1]
        if columns is not None and columns - width(head) >= _NARROWEST:
            last = clip(last, columns - width(head))
        lines.append((head + last).rstrip())
    return lines


_NARROWEST: Final = 8
"""A last column is not clipped to less; the line wraps instead."""


def labelled(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return `Label:  value` lines, values aligned, further lines indented."""
    pairs = list(pairs)
    indent = max((len(label) for label, _ in pairs), default=0) + 2
    lines = []
    for label, value in pairs:
        first, *rest = safe_lines(value)
        lines.append(f"{label + ':':<{indent}}{first}".rstrip())
        lines.extend(" " * indent + line for line in rest)
    return lines


_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))


def about(span: timedelta) -> str:
    """Return a time span roughly, in its largest unit: `3d`, `2h`, `5m`, `12s`."""
    seconds = max(int(span.total_seconds()), 0)
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def moment(time: datetime) -> str:
    """Return an aware time as RFC 3339, UTC, whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
