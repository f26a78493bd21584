"""A place where a request is shown, and what is known of the message there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.vocabulary import RequestId, SurfacePurpose, SurfaceState

DEFAULT_CHANNEL: Final = "default"
"""The destination of a card for which policy named no channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """One message per (request, purpose, destination).

    Attributes:
        destination: a channel for a card, an e-mail for a DM, `v<version>` for
            a line in the thread, `<channel id>:<ts>` for an adopted duplicate.
        channel_id: Slack's channel id of the message, once it is known.
        ts: Slack's timestamp and id of the message, as text, once known.
        desired_version: the newest request version that should be shown.
        rendered_version: the version shown; 0 before the first post.
        delivery_id: marks the last attempt, to find it again in Slack.
        attempts: tries since the last success.
        error: Slack's word for why it is parked or ambiguous; empty if neither.
    """

    id: int
    request_id: RequestId
    purpose: SurfacePurpose
    destination: str
    desired_version: int
    rendered_version: int = 0
    state: SurfaceState = SurfaceState.PENDING
    channel_id: str | None = None
    ts: str | None = None
    delivery_id: str | None = None
    attempts: int = 0
    attempted_at: datetime | None = None
    error: str = ""
