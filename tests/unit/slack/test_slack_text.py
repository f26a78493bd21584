"""Escaping, clipping and spelling."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text import (
    clip,
    date_token,
    escape,
    inline,
    length,
    ordinal,
    spoken,
    to_sentence,
    visible,
)
from tests.support.builders import NOON


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_clipping_keeps_the_limit_and_no_half_entity(text: str, limit: int) -> None:
    """However it is cut, Slack finds every entity whole."""
    clipped = clip(escape(text), limit)

    assert length(clipped) <= limit
    remainder = clipped
    for entity in ("&amp;", "&lt;", "&gt;"):
        remainder = remainder.replace(entity, "")
    assert "&" not in remainder
    assert "<" not in remainder


@given(st.text())
def test_what_is_escaped_can_be_read_back(text: str) -> None:
    """Escaping changes how a text is written, not what it says."""
    said = escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    assert said == visible(text)


def test_emoji_count_as_slack_counts_them() -> None:
    """JavaScript counts UTF-16 units; a limit must hold by that count too."""
    assert length("\U0001f680") == 2
    assert length(clip("\U0001f680" * 100, 10)) <= 10


def test_marks_of_direction_and_zero_width_go() -> None:
    """Nothing may look like what it is not."""
    assert visible("a\u202eb\u200bc\ufeffd\x00e\r\nf\ud800") == "abcd e\nf\ufffd"
    assert inline("a\n\n <b>\t&") == "a &lt;b&gt; &amp;"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(hours=1), "1\u00a0h"),
        (timedelta(minutes=90), "1\u00a0h 30\u00a0min"),
        (timedelta(seconds=45), "45\u00a0s"),
        (timedelta(days=2), "48\u00a0h"),
        (timedelta(0), "0\u00a0s"),
    ],
)
def test_durations_are_said_as_people_say_them(duration: timedelta, text: str) -> None:
    """Hours, minutes and seconds, those that there are."""
    assert spoken(duration) == text


def test_places_in_a_row_are_spelled_right() -> None:
    """Eleventh to thirteenth are the exceptions."""
    spelled = [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 111)]

    assert spelled == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "111th",
    ]


def test_a_time_is_shown_in_the_readers_own_zone() -> None:
    """The fallback says UTC, for clients that know no date tokens."""
    assert date_token(NOON) == (
        "<!date^1774008000^{date_short_pretty} {time}|2026-03-20 12:00 UTC>"
    )


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("is blank; say why", "This is blank; say why."),
        ("has 65 characters", "This has 65 characters."),
        ("must be longer than nothing", "This must be longer than nothing."),
        ("'aws' is not one of: local", "'aws' is not one of: local."),
        (
            "policy requires one; say why you approve this",
            "Policy requires one; say why you approve this.",
        ),
        ("it is.", "It is."),
    ],
)
def test_what_marks_an_input_is_a_sentence(why: str, sentence: str) -> None:
    """Below an input nothing else says what the words are about."""
    assert to_sentence(why) == sentence
