"""What every delivery from Slack passes before a listener sees it."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.slack.desk import ACT_SECONDS
from bot.slack.errors import UNEXPECTED
from core.clock import Deadline
from core.errors import Invalid

DEADLINE: Final = "jitsudo_deadline"
"""The context's key for the one deadline of a delivery."""

MATCHED: Final = "jitsudo_matched"
"""The context's key for whether a listener took the delivery."""

_log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    """Attach the middleware and the error listener to `app`."""
    app.use(start_deadline)
    app.error(answer_unexpected)


async def start_deadline(
    context: AsyncBoltContext, next_: Callable[[], Awaitable[None]]
) -> None:
    """Start the one deadline of this delivery."""
    context[DEADLINE] = Deadline(seconds=ACT_SECONDS)
    await next_()


def deadline_of(context: AsyncBoltContext) -> Deadline:
    """Return the deadline that `start_deadline` started."""
    deadline = context.get(DEADLINE)
    if isinstance(deadline, Deadline):
        return deadline
    return Deadline(seconds=ACT_SECONDS)


async def matched(
    context: AsyncBoltContext, next_: Callable[[], Awaitable[None]]
) -> None:
    """Note that a listener took this delivery; middleware of every listener."""
    context[MATCHED] = True
    await next_()


async def answer_unexpected(
    error: Exception, body: dict[str, object], context: AsyncBoltContext
) -> BoltResponse:
    """Answer for what no listener foresaw; Bolt calls this before an ack only.

    A button or modal of another version is acknowledged with nothing, a payload
    that is none is the sender's mistake, anything else is ours and is said so. A
    listener that took the delivery and did not acknowledge it in time is ours
    too: what came of it is not known, and silence would mean that all is well.
    """
    is_late = context.get(MATCHED, False)
    if isinstance(error, BoltUnhandledRequestError) and not is_late:
        _log.warning("delivery_unknown", type=str(body.get("type"))[:40])
        return BoltResponse(status=200, body="")
    if isinstance(error, Invalid):
        _log.warning("delivery_malformed", field=error.field, why=error.why)
        return BoltResponse(status=400, body="")
    _log.error("delivery_failed", exc_info=error)
    if "command" in body:
        return BoltResponse(status=200, body=UNEXPECTED)
    return BoltResponse(status=500, body="")  # Slack marks the button or the modal
