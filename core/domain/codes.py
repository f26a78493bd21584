"""Codes that one screen shows and a person types at another: eight letters."""

from typing import Final

from core.errors import Invalid

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Twenty letters: no vowel, so no word; none like a digit.

Source: RFC 8628 section 6.1.
"""

CODE_LENGTH: Final = 8
"""20^8 codes, about 2^34.5, of which a few live at a time, for ten minutes.

Section 6.1 takes it for enough where guessing is limited.
"""

_HALF: Final = CODE_LENGTH // 2

_SEPARATORS: Final = frozenset("-_.\u00ad\u2010\u2011\u2012\u2013\u2014\u2212")
"""What stands between the halves of a code, or what a keyboard makes of it."""


def code_from(numbers: list[int]) -> str:
    """Return the code that these places in the alphabet spell.

    Raises:
        ValueError: there are not exactly eight.
    """
    if len(numbers) != CODE_LENGTH:
        message = f"{len(numbers)} letters, not {CODE_LENGTH}"
        raise ValueError(message)
    return "".join(ALPHABET[number] for number in numbers)


def shown_code(code: str) -> str:
    """Return a code as people read it: `BCDF-GHJK`."""
    return f"{code[:_HALF]}-{code[_HALF:]}"


def parse_code(text: str, *, hint: str) -> str:
    """Return the code that somebody typed, in any case, with or without separators.

    Args:
        hint: where such a code is shown; for who typed something else.

    Raises:
        Invalid: it is none; a letter of another alphabet never passes for ours.
    """
    kept = "".join(
        character
        for character in text
        if character not in _SEPARATORS and not character.isspace()
    )
    # Checked before the case is folded: the long s would become an ASCII "S".
    code = kept.upper() if kept.isascii() else ""
    if len(code) != CODE_LENGTH or any(letter not in ALPHABET for letter in code):
        raise Invalid(
            field="code", why=f"has to be 8 letters, such as BCDF-GHJK; {hint}"
        )
    return code
