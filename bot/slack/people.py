"""Who a person in Slack is: ids in, a verified e-mail out, or a refusal."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from bot.slack.client import SlackClient
from bot.slack.failures import SlackNotSent, SlackRefused
from bot.slack.memory import Memory
from bot.slack.payloads import SlackPerson
from bot.slack.profiles import SlackProfile, Workspace
from core.clock import Deadline
from core.domain.principal import normalise_email
from core.errors import DeadlineExceeded, Invalid, NotAuthenticated

FLAGS_SECONDS: Final = 10.0
"""How old the flags of a decision may be; the design allows 30 seconds."""

ADDRESS_SECONDS: Final = 300.0
"""How long an e-mail's Slack id is remembered for mentions and messages."""

SLACKBOT: Final = "USLACKBOT"
"""Slackbot says of itself that it is no bot. Source: docs.slack.dev, user object."""


class People:
    """Resolves people by id, with flags that are seconds old; unknown means no."""

    def __init__(
        self,
        *,
        client: SlackClient,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start knowing nobody, and no workspace until `belong` says which."""
        self._client = client
        self._monotonic = monotonic
        self._workspace: Workspace | None = None
        self._profiles = Memory[SlackProfile](
            seconds=FLAGS_SECONDS, monotonic=monotonic
        )
        self._addresses = Memory[str | None](
            seconds=ADDRESS_SECONDS, monotonic=monotonic
        )

    def belong(self, workspace: Workspace) -> None:
        """Accept people of this workspace only."""
        self._workspace = workspace

    @property
    def workspace(self) -> Workspace | None:
        """Return whose people are accepted; None before Slack has said."""
        return self._workspace

    async def identify(self, person: SlackPerson, deadline: Deadline) -> str:
        """Return the verified e-mail of a person.

        Raises:
            NotAuthenticated: they may not act here, and why.
            SlackFailed: Slack does not say who they are; nothing is decided.
            DeadlineExceeded: Slack did not say in time.
        """
        workspace = self._workspace
        if workspace is None:
            raise SlackNotSent(method="auth.test", why="not answered yet")
        if not _is_ours(workspace, person.team_id, person.enterprise_id):
            raise NotAuthenticated(why=_FOREIGN)
        if person.user_id in {SLACKBOT, workspace.bot_user_id}:
            raise NotAuthenticated(why=_BOT)
        try:
            async with asyncio.timeout(deadline.remaining()):
                profile = await self._profile(person.user_id)
        except TimeoutError as error:
            raise DeadlineExceeded from error
        except SlackRefused as error:
            raise NotAuthenticated(
                why=f"Slack does not know who you are ({error.error}); "
                "sign in on the terminal with `jitsudo login` instead"
            ) from error
        return verified_email(workspace, profile)

    async def user_id_of(self, email: str) -> str | None:
        """Return the Slack id of somebody of ours, to mention or write to them.

        Not for decisions: what it says may be minutes old.
        """
        workspace = self._workspace
        if workspace is None:
            raise SlackNotSent(
                method="auth.test", why="not answered yet", retry_after_seconds=1.0
            )
        if self._addresses.has(email):
            return self._addresses.get(email)
        asked_at = self._monotonic()
        profile = await self._client.profile_by_email(email)
        user_id = None
        if profile is not None:
            try:
                if verified_email(workspace, profile) == email:
                    user_id = profile.id
            except NotAuthenticated:
                user_id = None
        self._addresses.put(email, user_id, asked_at=asked_at)
        return user_id

    async def _profile(self, user_id: str) -> SlackProfile:
        if self._profiles.has(user_id):
            return self._profiles.get(user_id)
        asked_at = self._monotonic()
        profile = await self._client.profile(user_id)
        if profile.id != user_id:
            raise SlackRefused(method="users.info", error="answered_somebody_else")
        self._profiles.put(user_id, profile, asked_at=asked_at)
        return profile


_FOREIGN: Final = (
    "you belong to another company's Slack workspace; only members of this one "
    "can use jitsudo"
)
_BOT: Final = "you are a bot; a person has to do this"


def verified_email(workspace: Workspace, profile: SlackProfile) -> str:
    """Return the e-mail of somebody who may act.

    A flag that is missing counts against the person.

    Raises:
        NotAuthenticated: they may not, and why.
    """
    enterprise_id = profile.enterprise_user.enterprise_id
    if profile.is_stranger or not _is_ours(
        workspace, profile.team_id or "", enterprise_id
    ):
        raise NotAuthenticated(why=_FOREIGN)
    if profile.deleted is not False:
        raise NotAuthenticated(why="your Slack account is deactivated")
    if (
        profile.id == SLACKBOT
        or profile.is_bot is not False
        or profile.is_workflow_bot
        or profile.is_connector_bot
    ):
        raise NotAuthenticated(why=_BOT)
    if profile.is_restricted is not False or profile.is_ultra_restricted is not False:
        raise NotAuthenticated(
            why="you are a guest in this workspace; only full members can use jitsudo"
        )
    if profile.is_email_confirmed is not True or profile.is_invited_user:
        raise NotAuthenticated(
            why="your e-mail address is not confirmed in Slack; confirm it in your "
            "Slack account settings, then try again"
        )
    if not profile.profile.email:
        raise NotAuthenticated(
            why="Slack shows no e-mail address for you; ask an admin of the "
            "workspace to set it, or use the terminal"
        )
    try:
        return normalise_email(profile.profile.email)
    except Invalid as error:
        raise NotAuthenticated(
            why="the e-mail address that Slack has for you is not a plain one; "
            "ask an admin of the workspace to correct it"
        ) from error


def _is_ours(workspace: Workspace, team_id: str, enterprise_id: str | None) -> bool:
    """Tell whether team and enterprise are those of the installation.

    On Enterprise Grid an app installed for the whole organisation serves every
    workspace of it; otherwise exactly one workspace is ours.
    """
    if workspace.is_enterprise_install and workspace.enterprise_id is not None:
        return enterprise_id == workspace.enterprise_id
    return team_id == workspace.team_id
