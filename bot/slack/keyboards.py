"""Undoes what keyboards do to a typed line: dashes, quotes, blanks, entities."""

import re
import shlex
from typing import Final

_SMART: Final = str.maketrans(
    {
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"',
        "\u2018": "'", "\u2019": "'", "\u201a": "'",
        "\u00a0": " ", "\u202f": " ", "\u2007": " ",
    }
)  # fmt: skip
"""What phones and desktops make of straight quotes and blanks."""

PROSE_OPTIONS: Final = ("--comment", "--reason", "--note")
"""Options whose text people write without quotes."""

_OPTIONS: Final = (
    "comment|reason|note|provider|role|scope|duration|break-glass|pending|mine"
    "|needs-review|limit|help"
)

_DASHES: Final = re.compile(
    rf"(?:(?<=\s)|\A)[\u2012-\u2015\u2212]+-*(?=(?:{_OPTIONS})\b)"
)
"""A dash before an option's name: it was typed as two hyphens."""

_FREE_TEXT: Final = re.compile(
    rf"\s({'|'.join(PROSE_OPTIONS)})(?:\s+|=)(.*)\Z", re.DOTALL
)


def to_words(text: str) -> list[str]:
    """Return the words of a command as they were meant.

    Entities are decoded once, quotes and blanks straightened, a dash before an
    option becomes two hyphens. An apostrophe alone is no quote: then everything
    after an option of `PROSE_OPTIONS` is its text.
    """
    straight = _decoded(text).translate(_SMART)
    straight = _DASHES.sub("--", straight)
    try:
        return shlex.split(straight)
    except ValueError:
        match = _FREE_TEXT.search(straight)
        if match is None:
            return straight.split()
        said = match[2].strip().removeprefix('"').removesuffix('"')
        return [*straight[: match.start()].split(), match[1], said]


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
