"""The state machine, as one table; `docs/lifecycle.md` draws it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.domain.request import ElevationRequest
from core.errors import WrongState
from core.vocabulary import RequestEvent, RequestState

_S = RequestState
_E = RequestEvent

TRANSITIONS: Final[Mapping[tuple[RequestState, RequestEvent], RequestState]] = (
    MappingProxyType(
        {
            (_S.PENDING, _E.APPROVE): _S.APPROVED,
            (_S.PENDING, _E.DENY): _S.REJECTED,
            (_S.PENDING, _E.WITHDRAW): _S.REVOKED,
            (_S.PENDING, _E.LAPSE): _S.EXPIRED,
            (_S.APPROVED, _E.ACTIVATE): _S.ACTIVE,
            (_S.APPROVED, _E.ABANDON): _S.REVOKED,
            (_S.APPROVED, _E.REVOKE): _S.REVOKED,
            (_S.ACTIVE, _E.REVOKE): _S.REVOKED,
            (_S.ACTIVE, _E.EXPIRE): _S.EXPIRED,
        }
    )
)
"""Every legal move. A pair that is absent is refused."""

FINAL_STATES: Final = frozenset({_S.REJECTED, _S.EXPIRED, _S.REVOKED})


def next_state(request: ElevationRequest, event: RequestEvent) -> RequestState:
    """Return where `event` takes `request`.

    Raises:
        WrongState: the pair is not in `TRANSITIONS`; names the states from which
            the event is possible, and who brought the present one about.
    """
    target = TRANSITIONS.get((request.state, event))
    if target is None:
        raise wrong_state(request, event)
    return target


def wrong_state(request: ElevationRequest, event: RequestEvent) -> WrongState:
    """Return the refusal of `event` in the request's present state."""
    expected = " or ".join(
        state.value for state, possible in TRANSITIONS if possible is event
    )
    return WrongState(
        request_id=request.id,
        expected=expected,
        actual=request.state.value,
        by=request.ended_by or request.decided_by,
        at=request.ended_at or request.decided_at,
    )
