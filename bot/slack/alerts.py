"""What is said besides card and outcome: an end that is near, an open review."""

from bot.slack.blocks import Message, mrkdwn, section
from bot.slack.standing import asked_for, person
from bot.slack.text import FALLBACK_LIMIT, clip, date_token, inline
from core.domain.request import ElevationRequest


def ending_soon(request: ElevationRequest) -> Message:
    """Return what the requester reads five minutes before the end, and after it."""
    what = inline(asked_for(request))
    if not request.is_in_force or request.expires_at is None:
        line = f"Your *{what}* has ended, or is ending."
    else:
        line = (
            f"⏳ Your *{what}* ends {date_token(request.expires_at)}. "
            f"For longer: `jitsudo extend {request.id} --duration 1h`"
        )
    block_id = f"{request.id}:v{request.version}:warning"
    return Message(
        text=clip(line, FALLBACK_LIMIT), blocks=(section(mrkdwn(line), block_id),)
    )


def review_due(request: ElevationRequest) -> Message | None:
    """Return what the thread reads while a review is open; None once it is closed."""
    if not request.needs_review:
        return None
    line = (
        f"🔎 {person(request.requester)} broke the glass, and nobody has reviewed it "
        f"yet: `jitsudo review {request.id} --note <what you found>`"
    ).replace("<what you found>", "&lt;what you found&gt;")
    block_id = f"{request.id}:v{request.version}:reminder"
    return Message(
        text=clip(line, FALLBACK_LIMIT), blocks=(section(mrkdwn(line), block_id),)
    )
