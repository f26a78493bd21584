"""Whom the first post of a card calls."""

from typing import Final

import structlog

from bot.slack.cards import Ping
from bot.slack.failures import SlackNotSent
from bot.slack.people import People
from bot.slack.ports import JitsudoPort
from core.domain.request import ElevationRequest
from core.errors import DirectoryUnavailable, SlackFailed

MEMBERS_CALLED: Final = 10
"""Most people mentioned one by one; a Slack user group has no such limit."""

_log = structlog.get_logger()


class Pings:
    """Finds the Slack user groups and people that policy wants called."""

    def __init__(self, *, jitsudo: JitsudoPort, people: People) -> None:
        """Keep whom to ask."""
        self._jitsudo = jitsudo
        self._people = people

    async def of(self, request: ElevationRequest) -> Ping:
        """Return whom to call; why nobody, if nobody can be.

        Where the glass was broken those are all who were not asked: also whoever
        may approve without being notified otherwise.

        Raises:
            SlackNotSent: Slack does not say who they are just now.
        """
        groups = _called(request)
        if not groups:
            return Ping(why_nobody="policy names nobody to call")
        try:
            handles, emails = await self._members(groups)
        except DirectoryUnavailable as error:
            _log.warning("nobody_pinged", error=error.code, why=error.why)
            return Ping(why_nobody="the groups cannot be read")
        emails.discard(request.requester)
        people = await self._found(sorted(emails))
        mentions = [f"<!subteam^{handle}>" for handle in handles]
        mentions += [f"<@{user_id}>" for user_id in people]
        if not mentions:
            return Ping(why_nobody=f"nobody of {', '.join(groups)} is known in Slack")
        return Ping(mentions=tuple(mentions))

    async def _members(self, groups: tuple[str, ...]) -> tuple[list[str], set[str]]:
        """Return user groups' ids, and e-mails of groups that have none."""
        handles: list[str] = []
        emails: set[str] = set()
        for group in groups:
            handle = await self._jitsudo.directory.slack_handle_of(group)
            if handle is not None and handle.isalnum():
                handles.append(handle)
            else:
                emails.update(await self._jitsudo.directory.members_of(group))
        return handles, emails

    async def _found(self, emails: list[str]) -> list[str]:
        found: list[str] = []
        for email in emails:
            if len(found) >= MEMBERS_CALLED:
                break
            try:
                user_id = await self._people.user_id_of(email)
            except SlackNotSent:
                raise
            except SlackFailed as error:
                _log.warning("person_not_found", method=error.method, why=error.why)
                continue
            if user_id is not None:
                found.append(user_id)
        return found


def _called(request: ElevationRequest) -> tuple[str, ...]:
    routing = request.routing
    if not request.ask.break_glass:
        return routing.notify_groups
    return tuple(sorted({*routing.approver_groups, *routing.notify_groups}))
