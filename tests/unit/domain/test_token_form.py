"""Bearer tokens: the form of their secret, and when they are valid."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.token import (
    ENTROPY_BYTES,
    Token,
    digest_of,
    is_well_formed,
    secret_from,
)
from core.vocabulary import TokenScope
from tests.support.builders import ALICE, ERIN, NOON

ROOT: Final = Path(__file__).parents[3]

TOKEN = Token(
    id="tok_1",
    digest="d" * 64,
    email=ALICE,
    scopes=frozenset({TokenScope.READ}),
    created_at=NOON,
    created_by=ERIN,
    expires_at=NOON + timedelta(hours=1),
)


def test_a_secret_has_the_form_that_scanners_know() -> None:
    """Prefix, 32 characters of base 32, seven of checksum."""
    assert secret_from(bytes(ENTROPY_BYTES)) == "jit_" + "a" * 32 + "ab11777"


@given(st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES))
def test_every_secret_is_well_formed(entropy: bytes) -> None:
    """What we hand out is what we accept."""
    assert is_well_formed(secret_from(entropy))


@given(st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES))
def test_the_documented_expression_finds_every_secret(entropy: bytes) -> None:
    """What operators give their scanners, wherever the secret stands in a text."""
    (line,) = [
        line
        for line in (ROOT / "docs/operating.md").read_text("utf-8").splitlines()
        if line.startswith(r"\bjit_")
    ]
    secret = secret_from(entropy)

    for text in (secret, f"JITSUDO_TOKEN={secret}\n", f'"{secret}",', f"({secret})"):
        assert re.findall(line, text) == [secret]
    for text in (secret[:-1], secret.upper(), f"x{secret}", f"{secret}0"):
        assert re.findall(line, text) == []


@given(
    st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES),
    st.integers(min_value=0, max_value=42),
    st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789_"),
)
def test_one_wrong_character_is_a_typing_error(
    entropy: bytes, position: int, character: str
) -> None:
    """The checksum finds it before the database is asked."""
    secret = secret_from(entropy)
    typed = secret[:position] + character + secret[position + 1 :]

    assert is_well_formed(typed) is (typed == secret)


@pytest.mark.parametrize(
    "text", ["", "jit_", "jit_abc", "xoxb-1-2", "Bearer jit_", "jit_\ud800", "é" * 43]
)
def test_nothing_else_is_a_secret(text: str) -> None:
    """Short, foreign, half a character: no, and no crash."""
    assert not is_well_formed(text)


@pytest.mark.parametrize("length", [0, 19, 21])
def test_a_secret_needs_all_its_entropy(length: int) -> None:
    """A shorter secret would be a weaker one."""
    with pytest.raises(ValueError, match="entropy"):
        secret_from(bytes(length))


def test_what_is_stored_does_not_hold_the_secret() -> None:
    """A digest is 64 hexadecimal digits and differs for every secret."""
    one, other = (secret_from(secrets.token_bytes(ENTROPY_BYTES)) for _ in range(2))

    assert digest_of(one) != digest_of(other)
    assert len(digest_of(one)) == 64
    assert one[4:36] not in digest_of(one)


def test_a_token_is_valid_until_it_expires_or_is_revoked() -> None:
    """At its end it is over, a microsecond before it is not."""
    end = TOKEN.expires_at

    assert TOKEN.is_valid(end - end.resolution)
    assert not TOKEN.is_valid(end)
    assert not replace(TOKEN, revoked_at=NOON).is_valid(NOON)
