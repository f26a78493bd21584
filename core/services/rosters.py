"""Who is in which group and could act, as found out within one look."""

import asyncio
import time
from typing import Final

from core.clock import Deadline
from core.domain.principal import Principal
from core.errors import DependencyError
from core.ports import Directory, Outside, Store
from core.services.links import is_signed_in
from core.services.people import People

MOST_ASKED: Final = 100
"""Most people of whom the workplace is asked in one look; the rest is believed."""

_ENOUGH: Final = "Slack was asked about enough people for one look"

_NO_SLACK: Final = (
    "without Slack here nobody is notified, and who can act there is not known"
)


class Roster:
    """Remembers what one look has found, and asks the workplace sparingly.

    Never used inside a transaction: the workplace is reached over the network.
    """

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        people: People,
        outside: Outside,
        needs_link: bool,
        seconds: float,
    ) -> None:
        """Know nobody yet; `is_whole` until something is not answered.

        Args:
            needs_link: whether somebody without a linked account cannot act.
            seconds: how long the workplace may be asked, all questions together.
        """
        self._store = store
        self._directory = directory
        self._people = people
        self._workplace = outside.workplace
        self._needs_link = needs_link
        self._ends = time.monotonic() + seconds
        self._left = MOST_ASKED
        self._members: dict[str, tuple[str, ...]] = {}
        self._principals: dict[str, Principal] = {}
        self._why_not: dict[str, str | None] = {}
        self._unpostable: dict[str | None, str | None] = {}
        self._unknown: dict[str, None] = {}
        self.is_whole = True

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what could not be found out, in the order in which it was tried."""
        return tuple(self._unknown)

    async def members(self, group: str) -> tuple[str, ...]:
        """Return who is in a group, in alphabetical order; empty if unknown.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        if group not in self._members:
            self._members[group] = await self._directory.members_of(group)
        return self._members[group]

    async def principal(self, email: str, deadline: Deadline | None) -> Principal:
        """Return a person as known now.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        if email not in self._principals:
            person = await self._people.principal(email, deadline)
            self._principals[email] = person
        return self._principals[email]

    async def why_not(self, email: str, deadline: Deadline | None) -> str | None:
        """Return why a person cannot act; None if they can, or nobody says.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        if email not in self._why_not:
            self._why_not[email] = await self._look_up(email, deadline)
        return self._why_not[email]

    async def why_unpostable(self, channel: str | None) -> str | None:
        """Return why no card can go to a channel; None if it can, or nobody says."""
        if channel not in self._unpostable:
            self._unpostable[channel] = await self._ask_about_channel(channel)
        return self._unpostable[channel]

    async def _look_up(self, email: str, deadline: Deadline | None) -> str | None:
        person = await self.principal(email, deadline)
        if person.is_disabled:
            return "is disabled"
        if not person.is_known:
            return person.advice or "is in no group any more"
        if self._needs_link:
            async with self._store.snapshot(deadline) as uow:
                link = await uow.links.of_email(email)
            if link is None:
                return "has no linked Slack account"
            if not is_signed_in(link):
                return "has not linked their Slack account to a sign-in"
        return await self._ask_about(email)

    async def _ask_about(self, email: str) -> str | None:
        if self._workplace is None:
            self._unknown[_NO_SLACK] = None
            return None
        if self._left <= 0 or time.monotonic() >= self._ends:
            self._note(_ENOUGH)
            return None
        self._left -= 1
        try:
            async with asyncio.timeout(self._ends - time.monotonic()):
                return await self._workplace.why_unreachable(email)
        except TimeoutError:
            self._note(_ENOUGH)
        except DependencyError as error:
            self._note(f"who can act in Slack is not known: {error}")
        return None

    async def _ask_about_channel(self, channel: str | None) -> str | None:
        if self._workplace is None:
            return None
        name = channel or "the configured channel"
        try:
            async with asyncio.timeout(max(0.0, self._ends - time.monotonic())):
                return await self._workplace.why_unpostable(channel)
        except TimeoutError:
            self._note(f"Slack did not say in time if {name} is open")
        except DependencyError as error:
            self._note(f"whether {name} is open is not known: {error}")
        return None

    def _note(self, unanswered: str) -> None:
        """Keep what was asked and not answered; nobody is taken for gone by it."""
        self._unknown[unanswered] = None
        self.is_whole = False
