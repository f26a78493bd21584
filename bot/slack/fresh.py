"""Profiles by id, asked for again when they are too old to decide by."""

from collections.abc import Callable
from typing import Final

from bot.slack.client import SlackClient
from bot.slack.failures import SlackRefused
from bot.slack.memory import Memory
from bot.slack.profiles import SlackProfile

FLAGS_SECONDS: Final = 10.0
"""How old the flags of a decision may be; the design allows 30 seconds."""


class FreshProfiles:
    """Remembers what users.info said for as long as it may be decided by."""

    def __init__(self, client: SlackClient, *, monotonic: Callable[[], float]) -> None:
        """Know nobody yet."""
        self._client = client
        self._monotonic = monotonic
        self._known = Memory[SlackProfile](seconds=FLAGS_SECONDS, monotonic=monotonic)

    async def of(self, user_id: str) -> SlackProfile:
        """Return the profile behind an id.

        Raises:
            SlackFailed: Slack does not say, or answered with somebody else's.
        """
        if not self._known.has(user_id):
            asked_at = self._monotonic()
            profile = await self._client.profile(user_id)
            if profile.id != user_id:
                raise SlackRefused(method="users.info", error="answered_somebody_else")
            self._known.put(user_id, profile, asked_at=asked_at)
        return self._known.get(user_id)
