"""Directories and workplaces that say what a test tells them to."""

from collections.abc import Mapping

from typing_extensions import override

from core.domain.identity import GroupsFrom
from core.errors import DirectoryUnavailable, SlackFailed
from core.ports import Directory, Workplace
from core.vocabulary import GroupSource


class ScriptedDirectory(Directory):
    """Groups by name; refuses while `failure` is set.

    `guests` are people whom it has, and who are in no group.
    """

    def __init__(
        self, source: GroupSource, members: Mapping[str, list[str]] | None = None
    ) -> None:
        """Answer as `source`."""
        self.source = source
        self.members = dict(members or {})
        self.handles: dict[str, str] = {}
        self.guests: set[str] = set()
        self.failure: str | None = None

    @override
    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Return the groups that name the person."""
        groups = await self.groups_of(email)
        is_guest = email in self.guests
        return (GroupsFrom(source=self.source, groups=groups, has_person=is_guest),)

    @override
    async def groups_of(self, email: str) -> frozenset[str]:
        """Return the groups that name the person."""
        self._check()
        return frozenset(g for g, members in self.members.items() if email in members)

    @override
    async def knows(self, email: str) -> bool:
        """Tell whether a group names the person."""
        return bool(await self.groups_of(email))

    @override
    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return who is named."""
        self._check()
        return tuple(sorted(self.members.get(group, [])))

    @override
    async def slack_handle_of(self, group: str) -> str | None:
        """Return the handle that was set."""
        self._check()
        return self.handles.get(group)

    def _check(self) -> None:
        if self.failure is not None:
            raise DirectoryUnavailable(why=self.failure)


class ScriptedWorkplace(Workplace):
    """Knows who cannot act, and which channels are closed; fails when told to."""

    def __init__(self) -> None:
        """Let everybody act everywhere."""
        self.unreachable: dict[str, str] = {}
        self.unpostable: dict[str | None, str] = {}
        self.is_down = False
        self.asked: list[str] = []

    @override
    async def why_unreachable(self, email: str) -> str | None:
        """Return what the test said."""
        self.asked.append(email)
        self._check()
        return self.unreachable.get(email)

    @override
    async def why_unpostable(self, channel: str | None) -> str | None:
        """Return what the test said."""
        self._check()
        return self.unpostable.get(channel)

    def _check(self) -> None:
        if self.is_down:
            raise SlackFailed(method="users.info", why="not reached")
