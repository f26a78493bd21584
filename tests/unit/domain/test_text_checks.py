"""What a person may type into names and prose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.text import (
    PROSE_LIMIT,
    ROLE_LIMIT,
    checked_name,
    checked_prose,
    has_visible_text,
)
from core.errors import Invalid

BLANKS = [
    "",
    " ",
    "\n\t ",
    "\u00a0",
    "\u200b",
    "\u2060",
    "\u2800",
    "\u3164",
    "\u115f",
    "\uffa0",
    "\u202e",
    "\ufeff",
    "\ufe0f",
    "\u034f",
    "\U000e0020",
]
"""Spaces, zero widths, an empty Braille cell, Hangul fillers, marks, a tag."""

HARMLESS = [
    "<!channel> & <@U123>",
    "“smart” — quotes",
    'he said "no"',
    "one\ntwo\tthree",
    "\u202eright to left",
    "日本語",
    "🚀",
    "x" * PROSE_LIMIT,
]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_reason_is_refused(blank: str) -> None:
    """What leaves no ink is no reason, however it is spelled."""
    with pytest.raises(Invalid) as refused:
        checked_prose("reason", blank, required=True)

    assert refused.value.field == "reason"


@pytest.mark.parametrize("text", HARMLESS)
def test_prose_is_kept_as_it_was_typed(text: str) -> None:
    """Escaping is for whoever shows it; the store keeps the words."""
    assert checked_prose("comment", text, required=True) == text


def test_prose_is_trimmed_and_windows_lines_are_lines() -> None:
    """Outer white space goes; CRLF is one newline, not a control character."""
    assert checked_prose("comment", " \r\none\r\ntwo \n", required=False) == "one\ntwo"


@pytest.mark.parametrize("length", [PROSE_LIMIT + 1, 10_000])
def test_prose_over_the_limit_says_how_long_it_is(length: int) -> None:
    """A person has to know by how much to cut."""
    with pytest.raises(Invalid) as refused:
        checked_prose("comment", "x" * length, required=False)

    assert str(length) in refused.value.why
    assert str(PROSE_LIMIT) in refused.value.why


@pytest.mark.parametrize(
    "bad", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "a\rb"]
)
def test_control_characters_are_refused_in_prose(bad: str) -> None:
    """NUL, escape codes, a lone carriage return, half a surrogate pair."""
    with pytest.raises(Invalid, match=r"U\+"):
        checked_prose("reason", f"before{bad}after", required=False)


@given(st.text())
def test_prose_that_passes_can_be_stored_everywhere(text: str) -> None:
    """No NUL for PostgreSQL, no surrogate for UTF-8, no control for an engine."""
    try:
        prose = checked_prose("reason", text, required=True)
    except Invalid:
        return

    assert prose.encode()
    assert len(prose) <= PROSE_LIMIT
    assert has_visible_text(prose)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in prose)
    assert checked_prose("reason", prose, required=True) == prose


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_names_are_printable_ascii_without_outer_blanks(text: str) -> None:
    """What is printable is kept; what is blank or too long is refused."""
    try:
        name = checked_name("role", text, limit=ROLE_LIMIT)
    except Invalid:
        assert not 1 <= len(text.strip(" ")) <= ROLE_LIMIT
        return

    assert name == text.strip(" ")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "  ",
        "\x00",
        "a\nb",
        "a\tb",
        "rôle",
        "\u0430dmin",
        "a\u202eb",
        "x" * 129,
        "\x7f",
    ],
)
def test_a_name_that_is_not_plain_is_refused(bad: str) -> None:
    """Look-alikes, controls and lines do not become roles."""
    with pytest.raises(Invalid) as refused:
        checked_name("role", bad, limit=ROLE_LIMIT)

    assert refused.value.field == "role"


@pytest.mark.parametrize("text", ["x", ".", "1", "é", "🚀", "字", "\u200bx"])
def test_anything_with_ink_is_visible(text: str) -> None:
    """A full stop is a poor reason, but it is one."""
    assert has_visible_text(text)
