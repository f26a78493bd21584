"""What Slack lends to core: its user groups, and whether people can be reached."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from typing_extensions import override

from bot.settings import SlackSettings
from bot.slack.accounts import Accounts, OutsideClient, is_somebody
from bot.slack.channels import Channels
from bot.slack.failures import SlackRefused
from bot.slack.pacing import Bucket, Pacer, Urgency
from bot.slack.usergroups import SlackUserGroups
from core.domain.surface import DEFAULT_CHANNEL
from core.errors import NotAuthenticated
from core.ports import Outside, Workplace

LOOKS_PER_SECOND: Final = 0.5
LOOKS_AT_ONCE: Final = 10
"""Of a tier 3 method that a decision may need too: 50 calls a minute."""


class SlackWorkplace(Workplace):
    """Says who could act in Slack, and where a card could go; asks slowly."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        channels: Channels,
        is_paced: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep whom to ask.

        Args:
            is_paced: whether looks are spread, to leave room for decisions.
        """
        self._accounts = accounts
        self._channels = channels
        self._is_paced = is_paced
        self._sleep = sleep
        self._bucket = Bucket(
            per_second=LOOKS_PER_SECOND, burst=LOOKS_AT_ONCE, clock=monotonic
        )

    @override
    async def why_unreachable(self, email: str) -> str | None:
        """Return why a person cannot act in Slack; None if they can.

        Raises:
            SlackFailed: Slack does not say.
        """
        if self._is_paced:
            while (wait := self._bucket.wait(Urgency.FIRST)) > 0:
                await self._sleep(wait)
            self._bucket.take()
        try:
            user_id = await self._accounts.id_of(email)
        except NotAuthenticated as error:
            return is_somebody(error)
        return "Slack has no member with this e-mail" if user_id is None else None

    @override
    async def why_unpostable(self, channel: str | None) -> str | None:
        """Return why no card can go to a channel; None if it can.

        Raises:
            SlackFailed: Slack does not say.
        """
        # Whoever has just put the app out of a channel, or into it, asks about now.
        self._channels.forget()
        try:
            await self._channels.check(channel or DEFAULT_CHANNEL)
        except SlackRefused as error:
            return error.why
        return None


@asynccontextmanager
async def open_outside(settings: SlackSettings | None) -> AsyncIterator[Outside]:
    """Open what core asks of Slack; nothing is called before core asks.

    Its calls are few and its own, so that what the front end remembers for a click
    and what core remembers for a group do not depend on each other.

    Args:
        settings: None where there is no Slack.
    """
    if settings is None:
        yield Outside()
        return
    client = OutsideClient(
        api_url=settings.api_url,
        bot_token=settings.bot_token.get_secret_value(),
        response_base=settings.response_base,
        pacer=Pacer(is_on=settings.pacing),
    )
    accounts = Accounts(client=client, email_domains=settings.email_domains)
    channels = Channels(
        client=client,
        default=settings.channel,
        allow_shared=settings.allow_shared_channels,
    )
    await client.open()
    try:
        yield Outside(
            slack_groups=SlackUserGroups(client=client, accounts=accounts),
            workplace=SlackWorkplace(
                accounts=accounts, channels=channels, is_paced=settings.pacing
            ),
        )
    finally:
        await client.close()
