"""Groups from several sources at once: everybody is in the union of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from typing_extensions import override

from core.domain.identity import GroupsFrom
from core.domain.principal import ADMINS_GROUP, AUDITORS_GROUP
from core.errors import DirectoryUnavailable
from core.ports import Directory
from core.vocabulary import GroupSource

RESERVED: Final = frozenset({ADMINS_GROUP, AUDITORS_GROUP})
"""Groups that make somebody powerful in jitsudo itself."""

_NOT_FROM_SLACK: Final = (
    "not counted: {groups}; a Slack user group makes nobody an admin or auditor "
    "unless JITSUDO_ADMIN_GROUPS_FROM_SLACK is set"
)


class CombinedDirectory(Directory):
    """Asks every source; while one cannot be read, nobody is in any group.

    A group that policy gives less to than to nobody is rare and real (`deny` for
    contractors), so half an answer is no answer.
    """

    def __init__(
        self,
        sources: Mapping[GroupSource, Directory],
        *,
        slack_makes_admins: bool = False,
    ) -> None:
        """Keep whom to ask, in order.

        Args:
            slack_makes_admins: whether the reserved groups may be Slack's.
        """
        self._sources = dict(sources)
        self._slack_makes_admins = slack_makes_admins

    @override
    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Return what each source says of a person, in the configured order.

        Raises:
            DirectoryUnavailable: naming the source that cannot be read.
        """
        explained: list[GroupsFrom] = []
        for source, directory in self._sources.items():
            try:
                answers = await directory.explain(email)
            except DirectoryUnavailable as error:
                raise _named(source, error) from error
            explained += [self._admitted(answer) for answer in answers]
        return tuple(explained)

    @override
    async def groups_of(self, email: str) -> frozenset[str]:
        """Return the union of a person's groups.

        Raises:
            DirectoryUnavailable: naming the source that cannot be read.
        """
        explained = await self.explain(email)
        return frozenset(group for each in explained for group in each.groups)

    @override
    async def knows(self, email: str) -> bool:
        """Tell whether a person is in any group of any source.

        Raises:
            DirectoryUnavailable: naming the source that cannot be read.
        """
        return bool(await self.groups_of(email))

    @override
    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return who is in a group by any source, in alphabetical order.

        Raises:
            DirectoryUnavailable: naming the source that cannot be read.
        """
        members: set[str] = set()
        for source, directory in self._sources.items():
            if self._is_barred(source, group):
                continue
            try:
                members.update(await directory.members_of(group))
            except DirectoryUnavailable as error:
                raise _named(source, error) from error
        return tuple(sorted(members))

    @override
    async def slack_handle_of(self, group: str) -> str | None:
        """Return the id of the group's Slack user group, by the first that knows.

        Raises:
            DirectoryUnavailable: naming the source that cannot be read.
        """
        for source, directory in self._sources.items():
            if self._is_barred(source, group):
                continue
            try:
                handle = await directory.slack_handle_of(group)
            except DirectoryUnavailable as error:
                raise _named(source, error) from error
            if handle is not None:
                return handle
        return None

    def _is_barred(self, source: GroupSource, group: str) -> bool:
        is_slacks = source is GroupSource.SLACK and not self._slack_makes_admins
        return is_slacks and group in RESERVED

    def _admitted(self, answer: GroupsFrom) -> GroupsFrom:
        barred = {g for g in answer.groups if self._is_barred(answer.source, g)}
        if not barred:
            return answer
        note = _NOT_FROM_SLACK.format(groups=", ".join(sorted(barred)))
        return replace(
            answer,
            groups=answer.groups - barred,
            note="; ".join(part for part in (answer.note, note) if part),
        )


def _named(source: GroupSource, error: DirectoryUnavailable) -> DirectoryUnavailable:
    return DirectoryUnavailable(why=f"{source.value}: {error.why}")
