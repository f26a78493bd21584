"""People in Slack by e-mail, for groups and for looking: ids, then fresh flags."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from bot.slack.client import SlackClient
from bot.slack.failures import SlackRefused
from bot.slack.fresh import FreshProfiles
from bot.slack.memory import Memory
from bot.slack.people import ADDRESS_SECONDS
from bot.slack.profiles import Workspace
from bot.slack.verified import verified
from core.errors import NotAuthenticated

_GONE: Final = frozenset({"user_not_found", "users_not_found", "user_not_visible"})


class OutsideClient(SlackClient):
    """The Web API for what core asks of Slack, beside what the front end calls."""

    async def user_groups(self, workspace: Workspace) -> Mapping[str, Any]:
        """Return the answer of usergroups.list: enabled groups with their members."""
        params = {"include_users": "true", "include_disabled": "false"}
        if workspace.is_enterprise_install:
            params["team_id"] = workspace.team_id
        answer, _ = await self._call(
            self._interactive, "usergroups.list", http_verb="GET", params=params
        )
        return answer


class Accounts:
    """Finds accounts; an e-mail's id may be minutes old, flags are seconds old.

    Every method may raise the `SlackFailed`s of `bot.slack.failures`.
    """

    def __init__(
        self,
        *,
        client: OutsideClient,
        email_domains: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nobody yet.

        Args:
            email_domains: whose addresses may act; empty where any may.
        """
        self._client = client
        self._email_domains = frozenset(email_domains)
        self._monotonic = monotonic
        self._workspace: Workspace | None = None
        self._ids = Memory[str | None](seconds=ADDRESS_SECONDS, monotonic=monotonic)
        self._profiles = FreshProfiles(client, monotonic=monotonic)

    async def workspace(self) -> Workspace:
        """Return whose token we hold; asked once."""
        if self._workspace is None:
            self._workspace = await self._client.auth_test()
        return self._workspace

    async def id_of(self, email: str) -> str | None:
        """Return the id of the full member with an e-mail; None if there is none.

        Raises:
            NotAuthenticated: there is somebody, who may not act; and why.
        """
        user_id = await self._known_id(email)
        if user_id is None:
            return None
        if await self.email_of(user_id) != email:
            self._ids.drop(email)  # they have another address by now
            return None
        return user_id

    async def email_of(self, user_id: str) -> str | None:
        """Return the verified e-mail behind an id; None if there is nobody.

        Raises:
            NotAuthenticated: there is somebody, who may not act; and why.
        """
        workspace = await self.workspace()
        try:
            profile = await self._profiles.of(user_id)
        except SlackRefused as error:
            if error.error in _GONE:
                return None
            raise
        return verified(workspace, profile, email_domains=self._email_domains).email

    async def _known_id(self, email: str) -> str | None:
        if not self._ids.has(email):
            asked_at = self._monotonic()
            profile = await self._client.profile_by_email(email)
            user_id = None if profile is None else profile.id
            self._ids.put(email, user_id, asked_at=asked_at)
        return self._ids.get(email)


def is_somebody(error: NotAuthenticated) -> str:
    """Return why somebody in Slack may not act, as others read it."""
    return f"Slack tells them: {error.why}"
