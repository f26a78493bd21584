"""A QR code for a terminal that has room for it."""

import os
import sys

import click

from cli.terminal import Terminal

_QUIET_ZONE = 2
"""Modules of white around it; the four of the standard are more than cameras need."""

_HALVES = {
    (True, True): "█",
    (True, False): "▀",
    (False, True): "▄",
    (False, False): " ",
}
"""Two modules, one above the other, in one character; dark is drawn."""


def qr_lines(terminal: Terminal, text: str) -> list[str]:
    """Return the lines of a QR code for standard error; none where it would not do.

    It needs somebody who looks on, characters to draw with, and room for all of
    it. Colours make it black on white, whatever the terminal's are; without
    colours light is drawn, since most terminals are dark.
    """
    if not terminal.is_attended or terminal.environment.get("TERM") == "dumb":
        return []
    try:
        "█▀▄".encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return []
    has_colour = not terminal.environment.get("NO_COLOR")
    lines = _drawn(text, has_colour=has_colour)
    columns, rows = _size(terminal)
    if len(lines[0]) > columns or len(lines) >= rows:
        return []
    if not has_colour:
        return lines
    return [click.style(line, fg=16, bg=231) for line in lines]


def _drawn(text: str, *, has_colour: bool) -> list[str]:
    import segno  # noqa: PLC0415 - nothing else needs it

    code = segno.make(text, error="l", micro=False, boost_error=False)
    modules = [
        [bool(module) is has_colour for module in row]
        for row in code.matrix_iter(border=_QUIET_ZONE)
    ]
    if len(modules) % 2:
        modules.append([not has_colour] * len(modules[0]))
    return [
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(modules[::2], modules[1::2], strict=True)
    ]


def _size(terminal: Terminal) -> tuple[int, int]:
    """Return columns and rows of the terminal on standard error.

    Variables win, as they do in the standard library; a terminal that does not
    know its size is taken for 80 by 24.
    """
    columns, rows = os.get_terminal_size(sys.stderr.fileno())
    named = (
        terminal.environment.get("COLUMNS", ""),
        terminal.environment.get("LINES", ""),
    )
    if named[0].isdecimal():
        columns = int(named[0])
    if named[1].isdecimal():
        rows = int(named[1])
    return columns or 80, rows or 24
