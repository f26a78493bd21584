"""What is said besides card and outcome: an end that is near, an open review."""

from bot.slack.blocks import Block, Message, actions, mrkdwn, section
from bot.slack.cards import Ping
from bot.slack.offers import extend_button
from bot.slack.standing import asked_for, grant_line, person
from bot.slack.text import FALLBACK_LIMIT, clip, date_token, inline
from core.domain.request import ElevationRequest


def ending_soon(request: ElevationRequest) -> Message:
    """Return what the requester reads five minutes before the end, and after it."""
    what = inline(asked_for(request))
    prefix = f"{request.id}:v{request.version}"
    if not request.is_in_force or request.expires_at is None:
        line = f"Your *{what}*: {grant_line(request)}"
        return _message(line, f"{prefix}:warning")
    line = (
        f"⏳ Your *{what}* ends {date_token(request.expires_at)}.\n"
        f"For longer press Extend, or type `jitsudo extend {request.id} --duration 1h`"
    )
    buttons = actions([extend_button(request)], f"{prefix}:warning-buttons")
    return _message(line, f"{prefix}:warning", buttons)


def review_due(request: ElevationRequest, ping: Ping | None) -> Message | None:
    """Return what the thread reads while a review is open; None once it is closed.

    Args:
        ping: whom it calls; a reminder is a message of its own.
    """
    if not request.needs_review:
        return None
    called = " ".join(ping.mentions) if ping is not None else ""
    line = (
        f"🔎 {person(request.requester)} broke the glass, and nobody has reviewed it "
        "yet: press *Review* on the card, or "
        f'`jitsudo review {request.id} --note "…"`'
    )
    if called:
        line = f"{called}\n{line}"
    return _message(line, f"{request.id}:v{request.version}:reminder")


def _message(line: str, block_id: str, *more: Block) -> Message:
    blocks = (section(mrkdwn(line), block_id), *more)
    return Message(text=clip(line, FALLBACK_LIMIT), blocks=blocks)
