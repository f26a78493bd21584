"""Which channels may be written to: ours, with the bot in them, not shared."""

import re
import time
from collections.abc import Callable
from typing import Final

from bot.slack.client import SlackClient
from bot.slack.failures import SlackRefused
from bot.slack.memory import Memory
from bot.slack.profiles import ChannelFacts
from core.domain.surface import DEFAULT_CHANNEL

FACTS_SECONDS: Final = 300.0
"""How long it is believed that a channel is not shared."""

CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{2,}")
"""Source: docs.slack.dev, conversation object; names have no capitals."""

SHARED: Final = "shared_channel"
NOT_A_MEMBER: Final = "not_in_channel"


class Channels:
    """Turns the destination of a card into the id of a channel it may go to."""

    def __init__(
        self,
        *,
        client: SlackClient,
        default: str,
        allow_shared: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing of any channel yet.

        Args:
            default: the id or name of the configured channel.
            allow_shared: whether another company may read along.
        """
        self._client = client
        self._default = default
        self._allow_shared = allow_shared
        self._monotonic = monotonic
        self._known = Memory[ChannelFacts](seconds=FACTS_SECONDS, monotonic=monotonic)

    async def admit(self, destination: str) -> str:
        """Return the id of a channel that may be written to.

        Args:
            destination: an id, a name with or without `#`, or `DEFAULT_CHANNEL`.

        Raises:
            SlackRefused: it may not, and what to do.
            SlackFailed: Slack does not say.
        """
        name = self._named(destination)
        facts = await self._facts(name)
        if (facts.is_ext_shared or facts.is_pending_ext_shared) and (
            not self._allow_shared
        ):
            raise SlackRefused(
                method="conversations.info",
                error=SHARED,
                detail=f"{name} is shared with another company; use another channel "
                "or set JITSUDO_SLACK_ALLOW_SHARED_CHANNELS=true",
            )
        return facts.id

    async def check(self, destination: str = DEFAULT_CHANNEL) -> str:
        """Return what a channel is, if cards can go there.

        Args:
            destination: as for `admit`; the configured one unless it is given.

        Raises:
            SlackRefused: they cannot, and what to do.
            SlackFailed: Slack does not say.
        """
        name = self._named(destination)
        await self.admit(destination)
        facts = await self._facts(name)
        if facts.is_archived or not facts.is_member:
            self._known.drop(name)  # whoever mends it shall not wait to see that
        if facts.is_archived:
            raise SlackRefused(
                method="conversations.info",
                error="is_archived",
                detail=f"{name} is archived; unarchive it or use another",
            )
        if not facts.is_member:
            raise SlackRefused(
                method="conversations.info",
                error=NOT_A_MEMBER,
                detail=f"invite the bot: type /invite @jitsudo in {name}",
            )
        return f"#{facts.name} ({facts.id})" if facts.name else facts.id

    def _named(self, destination: str) -> str:
        return self._default if destination == DEFAULT_CHANNEL else destination

    def forget(self) -> None:
        """Ask again next time."""
        self._known.clear()

    async def _facts(self, name: str) -> ChannelFacts:
        if self._known.has(name):
            return self._known.get(name)
        asked_at = self._monotonic()
        facts = await self._ask(name)
        self._known.put(name, facts, asked_at=asked_at)
        return facts

    async def _ask(self, name: str) -> ChannelFacts:
        if CHANNEL_ID.fullmatch(name):
            return await self._client.channel(name)
        facts = await self._client.channel_named(name.removeprefix("#"))
        if facts is None:
            raise SlackRefused(
                method="conversations.list",
                error="channel_not_found",
                detail=f"there is no channel {name!r} that the bot can see; invite "
                "it there, or write the channel's id",
            )
        return facts
