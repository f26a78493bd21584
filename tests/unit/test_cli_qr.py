"""The QR code as it is drawn, read back module by module."""

import pytest
import segno

from cli.code_screen import in_halves
from cli.qr import _drawn

_TEXTS = ("https://x.example/d?user_code=BCDF-GHJK", "https://x.example/" + "a" * 80)
_UPPER, _LOWER = "█▀", "█▄"


@pytest.mark.parametrize("text", _TEXTS, ids=["short", "long"])
@pytest.mark.parametrize("has_colour", [True, False])
def test_each_module_is_drawn(text: str, *, has_colour: bool) -> None:
    """With colours dark is drawn, without them light; nothing is left out."""
    code = segno.make(text, error="l", micro=False, boost_error=False)
    modules = [[bool(module) for module in row] for row in code.matrix_iter(border=2)]

    lines = _drawn(text, has_colour=has_colour)

    read: list[list[bool]] = []
    for line in lines:
        read.append([(c in _UPPER) is has_colour for c in line])
        read.append([(c in _LOWER) is has_colour for c in line])
    assert read[: len(modules)] == modules
    assert not any(module for row in read[len(modules) :] for module in row)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("BCDFGHJK", "BCDF-GHJK"),
        ("BCDF-GHJK", "BCDF-GHJK"),
        ("123", "123"),
        ("BCDF GHJK", "BCDF GHJK"),
    ],
)
def test_a_code_of_eight_letters_is_shown_in_halves(code: str, shown: str) -> None:
    """Another form is the issuer's own, and stays."""
    assert in_halves(code) == shown
