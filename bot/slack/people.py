"""Who a person in Slack is: ids in, a verified e-mail out, or a refusal."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from bot.slack.client import SlackClient
from bot.slack.failures import SlackNotSent, SlackRefused
from bot.slack.fresh import FreshProfiles
from bot.slack.memory import Memory
from bot.slack.payloads import SlackPerson
from bot.slack.profiles import SlackProfile, Workspace
from bot.slack.verified import BOT, FOREIGN, SLACKBOT, Verified, is_ours, verified
from core.clock import Deadline
from core.domain.identity import SlackAccount
from core.errors import DeadlineExceeded, NotAuthenticated

ADDRESS_SECONDS: Final = 300.0
"""How long an e-mail's Slack id is remembered for mentions and messages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """Whom to mention or write to.

    Attributes:
        user_id: as Slack's methods take it in this workspace.
        account: by which jitsudo remembers them.
    """

    user_id: str
    account: SlackAccount


class People:
    """Resolves people by id, with flags that are seconds old; unknown means no."""

    def __init__(
        self,
        *,
        client: SlackClient,
        email_domains: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start knowing nobody, and no workspace until `belong` says which.

        Args:
            email_domains: whose addresses may act; empty where any may.
        """
        self._client = client
        self._email_domains = frozenset(email_domains)
        self._monotonic = monotonic
        self._workspace: Workspace | None = None
        self._profiles = FreshProfiles(client, monotonic=monotonic)
        self._addresses = Memory[Addressee | None](
            seconds=ADDRESS_SECONDS, monotonic=monotonic
        )

    def belong(self, workspace: Workspace) -> None:
        """Accept people of this workspace only."""
        self._workspace = workspace

    @property
    def workspace(self) -> Workspace | None:
        """Return whose people are accepted; None before Slack has said."""
        return self._workspace

    async def identify(self, person: SlackPerson, deadline: Deadline) -> Verified:
        """Return the account and the verified e-mail of a person.

        Whose account it is here is core's to say: `Jitsudo.recognise`.

        Raises:
            NotAuthenticated: they may not act here, and why.
            SlackFailed: Slack does not say who they are; nothing is decided.
            DeadlineExceeded: Slack did not say in time.
        """
        workspace = self._workspace
        if workspace is None:
            raise SlackNotSent(method="auth.test", why="not answered yet")
        if not is_ours(workspace, person.team_id, person.enterprise_id):
            raise NotAuthenticated(why=FOREIGN)
        if person.user_id in {SLACKBOT, workspace.bot_user_id}:
            raise NotAuthenticated(why=BOT)
        try:
            async with asyncio.timeout(deadline.remaining()):
                profile = await self._profiles.of(person.user_id)
        except TimeoutError as error:
            raise DeadlineExceeded from error
        except SlackRefused as error:
            raise NotAuthenticated(
                why=f"Slack does not know who you are ({error.error}); "
                "sign in on the terminal with `jitsudo login` instead"
            ) from error
        return verified(workspace, profile, email_domains=self._email_domains)

    async def user_id_of(self, email: str) -> str | None:
        """Return the Slack id of somebody of ours, to mention or write to them.

        Not for decisions: what it says may be minutes old.
        """
        found = await self.addressee_of(email)
        return None if found is None else found.user_id

    async def addressee_of(self, email: str) -> Addressee | None:
        """Return who has an e-mail in Slack, if they are one of ours; likewise."""
        workspace = self._workspace
        if workspace is None:
            raise SlackNotSent(
                method="auth.test", why="not answered yet", retry_after_seconds=1.0
            )
        if self._addresses.has(email):
            return self._addresses.get(email)
        asked_at = self._monotonic()
        profile = await self._client.profile_by_email(email)
        found = None if profile is None else self._addressee(workspace, profile, email)
        self._addresses.put(email, found, asked_at=asked_at)
        return found

    def _addressee(
        self, workspace: Workspace, profile: SlackProfile, email: str
    ) -> Addressee | None:
        try:
            person = verified(workspace, profile, email_domains=self._email_domains)
        except NotAuthenticated:
            return None
        if person.email != email:
            return None
        return Addressee(user_id=profile.id, account=person.account)
