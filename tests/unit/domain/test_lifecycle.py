"""The state machine, against the table of the design and over every pair."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.lifecycle import FINAL_STATES, TRANSITIONS, next_state, wrong_state
from core.errors import WrongState
from core.vocabulary import RequestEvent, RequestState
from tests.support.builders import a_request

DESIGNED = {
    ("PENDING", "approve"): "APPROVED",
    ("PENDING", "deny"): "REJECTED",
    ("PENDING", "withdraw"): "REVOKED",
    ("PENDING", "lapse"): "EXPIRED",
    ("APPROVED", "activate"): "ACTIVE",
    ("APPROVED", "abandon"): "REVOKED",
    ("APPROVED", "revoke"): "REVOKED",
    ("ACTIVE", "revoke"): "REVOKED",
    ("ACTIVE", "expire"): "EXPIRED",
}
"""DESIGN section 3, typed once more on purpose."""

PAIRS = list(itertools.product(RequestState, RequestEvent))


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_moves_as_designed_or_is_refused(
    state: RequestState, event: RequestEvent
) -> None:
    """What the design's table has is done; everything else names both states."""
    request = a_request(state=state)
    designed = DESIGNED.get((state.value, event.value))

    if designed is not None:
        assert next_state(request, event) == designed
        return
    with pytest.raises(WrongState) as refused:
        next_state(request, event)
    assert refused.value.actual == state.value
    assert refused.value.request_id == request.id
    possible = {start for start, possible in DESIGNED if possible == event.value}
    assert set(refused.value.expected.split(" or ")) == possible


def test_the_table_has_nothing_more() -> None:
    """Nobody adds a move without the design."""
    moves = {(s.value, e.value): t.value for (s, e), t in TRANSITIONS.items()}

    assert moves == DESIGNED


def test_final_states_are_those_that_nothing_leaves() -> None:
    """A state without a way out is final, and no other."""
    left = {start for start, _ in TRANSITIONS}

    assert frozenset(RequestState) - left == FINAL_STATES


@given(st.lists(st.sampled_from(RequestEvent), max_size=8))
def test_a_final_state_is_never_left(events: list[RequestEvent]) -> None:
    """Whatever happens in whatever order, an end is an end."""
    state = RequestState.PENDING
    for event in events:
        try:
            moved = next_state(a_request(state=state), event)
        except WrongState:
            continue
        assert state not in FINAL_STATES
        state = moved


@given(st.lists(st.sampled_from(RequestEvent), max_size=8))
def test_nothing_is_active_without_approval(events: list[RequestEvent]) -> None:
    """There is one way to ACTIVE, and it leads through approve and activate."""
    state = RequestState.PENDING
    done = []
    for event in events:
        try:
            state = next_state(a_request(state=state), event)
        except WrongState:
            continue
        done.append(event)
        if state is RequestState.ACTIVE:
            assert done == [RequestEvent.APPROVE, RequestEvent.ACTIVATE]


def test_a_refusal_names_who_and_when() -> None:
    """The loser of a race reads who was faster."""
    request = a_request(state=RequestState.REJECTED)
    object.__setattr__(request, "decided_by", "bob@example.com")
    object.__setattr__(request, "decided_at", request.created_at)

    refusal = wrong_state(request, RequestEvent.APPROVE)

    assert str(refusal) == (
        f"request {request.id} is REJECTED, not PENDING "
        "(by bob@example.com, 2026-03-20 12:00 UTC)"
    )


@pytest.mark.parametrize("state", RequestState)
def test_only_a_pending_request_lapses_and_at_its_very_time(
    state: RequestState,
) -> None:
    """At `lapses_at` it is over, a microsecond before it is not."""
    request = a_request(state=state)
    at = request.lapses_at

    assert request.has_lapsed(at) is (state is RequestState.PENDING)
    assert not request.has_lapsed(at.replace(microsecond=0) - (at.resolution))
