"""What there is to press: on a card and in messages, by where the request stands.

Nothing here decides who may. Everybody sees the same buttons; core answers.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bot.slack import ids
from bot.slack.blocks import Block, button, confirmation
from bot.slack.standing import asked_for, is_open
from bot.slack.text import CONFIRM_TEXT_LIMIT, length, one_line, spoken
from core.domain.request import ElevationRequest
from core.vocabulary import GrantStatus


def offered(request: ElevationRequest, now: datetime) -> list[Block]:
    """Return the buttons of a card; none where there is nothing to do."""
    if is_open(request, now):
        return [_approve(request), _deny(request)]
    buttons = [make(request) for make in _OFFERED.get(request.grant_status, ())]
    return [_review(request), *buttons] if request.needs_review else buttons


def revoke_button(request: ElevationRequest) -> Block:
    """Return the button that ends a grant, after a form."""
    return button("Revoke", action_id=ids.REVOKE, value=request.id, style="danger")


def extend_button(request: ElevationRequest) -> Block:
    """Return the button that asks for more time, after a form."""
    return button("Extend", action_id=ids.EXTEND, value=request.id, style="primary")


def _review(request: ElevationRequest) -> Block:
    return button("Review", action_id=ids.REVIEW, value=request.id, style="primary")


def _approve(request: ElevationRequest) -> Block:
    # With a comment to type, the modal repeats what the question would ask.
    ask_first = None if request.routing.require_comment else _before_approval(request)
    return button(
        "Approve",
        action_id=ids.APPROVE,
        value=request.id,
        style="primary",
        confirm=ask_first,
    )


def _deny(request: ElevationRequest) -> Block:
    return button("Deny", action_id=ids.DENY, value=request.id, style="danger")


def _retry(request: ElevationRequest) -> Block:
    return button("Retry", action_id=ids.RETRY, value=request.id)


def _give_up(request: ElevationRequest) -> Block:
    text = f"{request.requester} will not get {asked_for(request)}."
    return button(
        "Give up",
        action_id=ids.GIVE_UP,
        value=request.id,
        style="danger",
        confirm=confirmation(
            title="Stop trying?",
            text=_fitting(text, f"{_who(request)} will not get what is on the card."),
            confirm="Give up",
            deny="Keep trying",
            style="danger",
        ),
    )


def _before_approval(request: ElevationRequest) -> Block:
    """Return the question before an approval; it repeats the facts or points."""
    span = spoken(request.ask.duration)
    text = f"{request.requester} gets {asked_for(request)} for {span}."
    return confirmation(
        title="Approve this request?",
        text=_fitting(
            text, f"{_who(request)} gets role and scope exactly as on the card."
        ),
        confirm="Approve",
        deny="Not now",
    )


def _fitting(text: str, instead: str) -> str:
    """Return `text`, or where Slack would cut it what points at the card."""
    return text if length(text) <= CONFIRM_TEXT_LIMIT else instead


def _who(request: ElevationRequest) -> str:
    return one_line(request.requester)[:200]


_OFFERED: Final[
    Mapping[GrantStatus, tuple[Callable[[ElevationRequest], Block], ...]]
] = MappingProxyType(
    {
        GrantStatus.ISSUING: (revoke_button,),
        GrantStatus.FAILED: (_retry, _give_up),
        GrantStatus.ACTIVE: (revoke_button,),
        GrantStatus.REVOKE_FAILED: (_retry,),
    }
)
"""By how the credentials stand; an open review has its button whatever they do."""
