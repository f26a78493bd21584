"""Codes of terminals, names of machines, and what a sign-in may become."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.identity import SignIn
from core.domain.sign_in import (
    CONFIRM_WORD,
    HOST_LIMIT,
    INTERVAL_SECONDS,
    LIFETIME,
    PollOutcome,
    check_typed,
    claimed_host,
    confirmed,
    digest_of_device,
    polled,
    refused,
    words_to_type,
)
from core.errors import Invalid, NotAllowed
from core.vocabulary import SignInState
from tests.support.builders import ALICE, BOB, NOON

CODE = "BCDFGHJK"

SIGN_IN = SignIn(
    digest="d" * 64,
    user_code=CODE,
    host="laptop",
    address="192.0.2.7",
    state=SignInState.WAITING,
    created_at=NOON,
    expires_at=NOON + LIFETIME,
    interval_seconds=INTERVAL_SECONDS,
)


def in_state(state: SignInState, *, by: str | None = ALICE) -> SignIn:
    """Return a sign-in in a state."""
    if state is SignInState.WAITING:
        return SIGN_IN
    return replace(SIGN_IN, state=state, email=by, settled_at=NOON)


@pytest.mark.parametrize(
    "typed", ["", "x", "a" * 42, "a" * 44, "é" * 43, "a" * 42 + "="]
)
def test_what_is_no_device_code_is_not_looked_up(typed: str) -> None:
    """The database is not asked for what cannot be there."""
    assert digest_of_device(typed) is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("laptop", "laptop"),
        ("", ""),
        ("  alices \t laptop\n", "alices laptop"),
        ("lap\u202etop\u200b", "laptop"),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("one\r\ntwo\u2028three", "one two three"),
        ("<!channel> *bold* <@U1>", "<!channel> *bold* <@U1>"),
        ("\ud800x", "x"),
        ("x" * 10_000, "x" * HOST_LIMIT),
        ("\u202e" * 10_000, ""),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_a_name_that_a_machine_claims_is_one_short_line(said: str, kept: str) -> None:
    """What cannot be seen is gone; markup stays and is escaped where it is shown."""
    assert claimed_host(said) == kept


@given(st.text(max_size=200))
def test_a_claimed_name_is_the_same_when_it_is_claimed_again(said: str) -> None:
    """And never longer than a name may be, whatever was sent."""
    kept = claimed_host(said)

    assert claimed_host(kept) == kept
    assert len(kept) <= HOST_LIMIT
    assert kept.isprintable() or not kept


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("laptop", "laptop"),
        ("alices-mac.local", "alices-mac.local"),
        ("my laptop", "my laptop"),
        ("", CONFIRM_WORD),
        ("-", CONFIRM_WORD),
        ("Zoë", CONFIRM_WORD),
        ("l\u0430ptop", CONFIRM_WORD),
        ("<!channel>", CONFIRM_WORD),
        ("`laptop`", CONFIRM_WORD),
    ],
    ids=ascii,
)
def test_only_a_name_that_can_be_typed_has_to_be(host: str, words: str) -> None:
    """Else it is a word that everybody can type."""
    assert words_to_type(host) == words
    check_typed(host, words)
    check_typed(host, f"  {words.upper()} ")


def test_what_a_keyboard_makes_of_a_dash_counts_as_one() -> None:
    """Phones turn two hyphens into a long dash."""
    check_typed("alices--mac", "alices\u2014mac")


@pytest.mark.parametrize("typed", ["", " ", "yes", "lap", "laptop2", "confirm"])
def test_another_name_does_not_confirm(typed: str) -> None:
    """Nor does the word, where there is a name."""
    with pytest.raises(Invalid) as refusal:
        check_typed("laptop", typed)

    assert refusal.value.field == "machine"


@pytest.mark.parametrize("state", list(SignInState))
@pytest.mark.parametrize("by", [ALICE, BOB])
def test_only_who_confirmed_may_confirm_again(state: SignInState, by: str) -> None:
    """A refusal is final, for everybody."""
    before = in_state(state)
    may = state is SignInState.WAITING or (
        by == ALICE and state is not SignInState.REFUSED
    )
    if not may:
        with pytest.raises(NotAllowed):
            confirmed(before, by=by, now=NOON)
        return

    after = confirmed(before, by=by, now=NOON)

    assert after.email == by
    assert state is SignInState.WAITING or after == before


@pytest.mark.parametrize("state", list(SignInState))
@pytest.mark.parametrize("by", [ALICE, BOB])
def test_a_refusal_is_possible_until_there_is_a_token(
    state: SignInState, by: str
) -> None:
    """Nobody undoes what another person confirmed."""
    before = in_state(state)
    may = state in {SignInState.WAITING, SignInState.REFUSED} or (
        by == ALICE and state is SignInState.CONFIRMED
    )
    if not may:
        with pytest.raises(NotAllowed):
            refused(before, by=by, now=NOON)
        return

    assert refused(before, by=by, now=NOON).state is SignInState.REFUSED


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (SignInState.WAITING, PollOutcome.PENDING),
        (SignInState.CONFIRMED, PollOutcome.READY),
        (SignInState.REFUSED, PollOutcome.REFUSED),
        (SignInState.USED, PollOutcome.UNKNOWN),
    ],
)
def test_a_terminal_hears_where_its_sign_in_stands(
    state: SignInState, outcome: PollOutcome
) -> None:
    """And once the time is over, that; a used code is worth nothing at any time."""
    assert polled(in_state(state), NOON)[1] is outcome
    late = polled(in_state(state), NOON + LIFETIME)[1]
    is_used = state is SignInState.USED
    assert late is (PollOutcome.UNKNOWN if is_used else PollOutcome.EXPIRED)


def test_a_terminal_that_hurries_has_to_wait_longer_each_time() -> None:
    """Five seconds more, and what it asked for is not told."""
    first, _ = polled(in_state(SignInState.CONFIRMED), NOON)
    waiting = replace(first, state=SignInState.CONFIRMED)
    soon = NOON + timedelta(seconds=3.9)

    second, outcome = polled(waiting, soon)
    third, again = polled(second, soon + timedelta(seconds=8.9))
    _, patient = polled(third, soon + timedelta(seconds=8.9 + 15))

    assert (outcome, second.interval_seconds) == (PollOutcome.TOO_SOON, 10)
    assert (again, third.interval_seconds) == (PollOutcome.TOO_SOON, 15)
    assert patient is PollOutcome.READY


def test_a_question_that_was_faster_on_its_way_is_not_too_soon() -> None:
    """The road is not equally long each time."""
    first, _ = polled(SIGN_IN, NOON)

    _, outcome = polled(first, NOON + timedelta(seconds=4.2))

    assert outcome is PollOutcome.PENDING
