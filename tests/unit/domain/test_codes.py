"""Codes that are typed from another screen: of terminals, and of accounts in Slack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.codes import ALPHABET, CODE_LENGTH, code_from, shown_code
from core.domain.identity import parse_link_code
from core.domain.sign_in import parse_user_code
from core.errors import Invalid
from core.services.codes import new_code

CODE = "BCDFGHJK"


@given(st.lists(st.integers(0, 19), min_size=CODE_LENGTH, max_size=CODE_LENGTH))
def test_a_code_is_read_as_it_is_shown(numbers: list[int]) -> None:
    """Whatever was drawn, and in either case of letters."""
    code = code_from(numbers)

    assert parse_user_code(shown_code(code)) == code
    assert parse_user_code(shown_code(code).lower()) == code


@pytest.mark.parametrize(
    "typed",
    [
        "BCDF-GHJK",
        "bcdfghjk",
        " bcdf ghjk ",
        "b-c-d-f.g_h j\u00a0k",
        "BCDF\u2013GHJK",
        "BCDF\u2014GHJK",
        "BCDF\u2212GHJK",
        "\tBCDF\nGHJK",
    ],
)
def test_case_blanks_and_separators_do_not_matter(typed: str) -> None:
    """A code is copied from a screen by hand, on whatever keyboard there is."""
    assert parse_user_code(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "BCDF-GHJ",
        "BCDF-GHJKL",
        "ACDF-GHJK",
        "0CDF-GHJK",
        "\u0412CDF-GHJK",  # a Cyrillic letter that looks like B
        "BCDF-GHJ\u212a",  # the Kelvin sign, whose lower case is an ASCII k
        "BCDF-GHJ\uff2b",  # a wide K
        "\u017fCDF-GHJK",  # the long s, whose upper case is an ASCII S
        "BCDF-GHJK\u200b",
        "BCDF-GHJK" * 10_000,
    ],
    ids=lambda typed: ascii(typed)[:24],
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    """Letters that look like ours are not ours."""
    with pytest.raises(Invalid) as refusal:
        parse_user_code(typed)

    assert refusal.value.field == "code"


def test_each_kind_of_code_says_where_one_is_shown() -> None:
    """They look alike, and are asked for in different places."""
    for parse, hint in (
        (parse_user_code, "jitsudo login --slack"),
        (parse_link_code, "/jitsudo link"),
    ):
        assert parse("bcdf ghjk") == CODE
        with pytest.raises(Invalid, match=hint):
            parse("BCDF")


def test_a_new_code_is_a_code() -> None:
    """And not the one before."""
    codes = {new_code() for _ in range(100)}

    assert len(codes) == 100
    assert all(parse_user_code(code) == code for code in codes)


def test_no_letter_of_a_code_can_be_taken_for_another_sign() -> None:
    """Source: RFC 8628 section 6.1, a character set of twenty."""
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert not set(ALPHABET) & set("AEIOUY01258")
