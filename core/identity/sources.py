"""Builds the directory of an installation from what its settings name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.identity.combined import CombinedDirectory
from core.identity.groups_file import GroupsFile
from core.identity.nobody import NO_SLACK, NobodyKnown
from core.identity.signed_in import SignedInGroups
from core.ports import Clock, Directory, Store
from core.settings import CoreSettings
from core.vocabulary import GroupSource

LOOKUPS: Final = 200
SLACK_LOOKUPS: Final = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSources:
    """Where groups come from.

    Attributes:
        directory: who is in which group, by all of them.
        each: the same by each source alone, to find the one that fails.
    """

    directory: Directory
    each: Mapping[GroupSource, Directory]

    @property
    def most_lookups(self) -> int:
        """Return of how many people groups may be asked one after the other.

        Slack allows few calls a minute, and decisions need them too.
        """
        return SLACK_LOOKUPS if GroupSource.SLACK in self.each else LOOKUPS


def open_sources(
    settings: CoreSettings,
    *,
    store: Store,
    clock: Clock,
    slack_groups: Directory | None,
) -> GroupSources:
    """Return the sources that the settings name; nobody is known without any.

    Args:
        slack_groups: the front end's; None in a process without Slack, where that
            source refuses.
    """
    each: dict[GroupSource, Directory] = {}
    for source in settings.group_sources:
        match source:
            case GroupSource.FILE if settings.groups_file is not None:
                each[source] = GroupsFile(settings.groups_file)
            case GroupSource.FILE:
                each[source] = NobodyKnown()
            case GroupSource.SLACK:
                each[source] = slack_groups or NobodyKnown(why=NO_SLACK)
            case GroupSource.OIDC:
                each[source] = SignedInGroups(
                    store=store, clock=clock, max_age=settings.oidc_groups_max_age
                )
    if not each:
        return GroupSources(directory=NobodyKnown(), each={})
    if list(each) == [GroupSource.FILE]:
        return GroupSources(directory=each[GroupSource.FILE], each=each)
    combined = CombinedDirectory(
        each, slack_makes_admins=settings.admin_groups_from_slack
    )
    return GroupSources(directory=combined, each=each)
