"""Durations as people type and read them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.request import MAX_DURATION, checked_ask
from core.duration import parse_duration, to_text
from core.errors import Invalid
from tests.support.builders import an_ask


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("1h30m", 5400),
        ("7d", 604_800),
        ("1d2h3m4s", 93_784),
        (" 2H ", 7200),
        ("90s", 90),
        ("0h5m", 300),
    ],
)
def test_spellings_are_read(text: str, seconds: int) -> None:
    """Units from large to small, in any case, blanks around."""
    assert parse_duration("duration", text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "0h",
        "0d0h0m0s",
        "-1h",
        "1",
        "h",
        "1m1h",
        "1h 30m",
        "1.5h",
        "1e3s",
        "\uff11h",
        "\u0663m",
        "99999999h",
        "1w",
        "\x001h",
        "1h\n2",
        "—1h",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    """Nothing, less than nothing, foreign digits, floats, other units."""
    with pytest.raises(Invalid) as refused:
        parse_duration("duration", text)

    assert refused.value.field == "duration"


def test_an_absurd_duration_parses_but_cannot_be_asked_for() -> None:
    """`9999999h` is a duration; nobody gets one of a thousand years."""
    duration = parse_duration("duration", "9999999h")

    with pytest.raises(Invalid, match="30 days"):
        checked_ask(an_ask(duration=duration))


@pytest.mark.parametrize(
    "duration",
    [
        timedelta(0),
        timedelta(seconds=-1),
        timedelta(milliseconds=1500),
        MAX_DURATION + timedelta(seconds=1),
    ],
)
def test_what_cannot_be_asked_for(duration: timedelta) -> None:
    """A grant lasts whole seconds, at least one, at most thirty days."""
    with pytest.raises(Invalid) as refused:
        checked_ask(an_ask(duration=duration))

    assert refused.value.field == "duration"


@pytest.mark.parametrize("seconds", [1, 60 * 60 * 24 * 30])
def test_the_shortest_and_the_longest_can_be_asked_for(seconds: int) -> None:
    """Both ends are inside."""
    duration = timedelta(seconds=seconds)

    assert checked_ask(an_ask(duration=duration)).duration == duration


@given(st.integers(min_value=1, max_value=60 * 60 * 24 * 400))
def test_what_is_written_reads_as_the_same(seconds: int) -> None:
    """A card's duration can be typed into a terminal."""
    duration = timedelta(seconds=seconds)

    assert parse_duration("duration", to_text(duration)) == duration


@given(st.text(max_size=12))
def test_nothing_typed_raises_anything_but_invalid(text: str) -> None:
    """No input is a bug."""
    try:
        duration = parse_duration("duration", text)
    except Invalid:
        return

    assert duration > timedelta(0)
