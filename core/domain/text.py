"""What a person may type: checks that name the field and say what to write."""

import unicodedata
from typing import Final

from core.errors import Invalid

ROLE_LIMIT: Final = 128
SCOPE_LIMIT: Final = 512
PROVIDER_LIMIT: Final = 64
PROSE_LIMIT: Final = 2_000
"""Characters in a reason or a comment; Slack's inputs hold 3,000."""

_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs without ink: the Hangul fillers and the empty Braille cell.

Source: Unicode's DerivedCoreProperties, Default_Ignorable_Code_Point.
"""


def checked_name(field: str, text: str, *, limit: int) -> str:
    """Return `text` without outer blanks if it is printable ASCII.

    Args:
        field: how the person knows the field, for the error.
        limit: most characters allowed.

    Raises:
        Invalid: it is empty, too long, or has anything but printable ASCII.
    """
    name = text.strip(" ")
    if not name:
        raise Invalid(field=field, why="is empty; write what you ask for")
    if len(name) > limit:
        raise Invalid(
            field=field, why=f"has {len(name)} characters; {limit} are the most"
        )
    if any(not " " <= character <= "~" for character in name):
        raise Invalid(
            field=field, why="has a character that is not printable ASCII; retype it"
        )
    return name


def checked_prose(field: str, text: str, *, required: bool) -> str:
    """Return `text` without outer white space if it can be stored and shown.

    Args:
        field: how the person knows the field, for the error.
        required: whether white space alone is refused.

    Raises:
        Invalid: it is blank though required, longer than `PROSE_LIMIT`, or has
            a control character other than newline and tab, or half a character.
    """
    prose = text.replace("\r\n", "\n").strip()
    if required and not has_visible_text(prose):
        raise Invalid(field=field, why="is blank; say why in a few words")
    if len(prose) > PROSE_LIMIT:
        raise Invalid(
            field=field, why=f"has {len(prose)} characters; {PROSE_LIMIT} are the most"
        )
    for character in prose:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t":
            raise Invalid(
                field=field,
                why=f"has the control character U+{ord(character):04X}; remove it",
            )
    return prose


def has_visible_text(text: str) -> bool:
    """Tell whether anything in `text` leaves ink: not blanks, marks of direction."""
    return any(
        unicodedata.category(character)[0] in "LNPS" and character not in _BLANK
        for character in text
    )
