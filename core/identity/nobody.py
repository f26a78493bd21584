"""The directory where there are no groups to be had: it cannot be read."""

from typing import Final, NoReturn

from typing_extensions import override

from core.domain.identity import GroupsFrom
from core.errors import DirectoryUnavailable
from core.ports import Directory

NOT_CONFIGURED: Final = (
    "no groups are configured; set JITSUDO_GROUPS_FILE to a groups.yaml"
)
NO_SLACK: Final = (
    "groups come from Slack, which only a server with Slack's settings asks; "
    "use such a server, or take slack out of JITSUDO_GROUPS_FROM"
)


class NobodyKnown(Directory):
    """Refuses every question, so that an installation without groups grants nothing."""

    def __init__(self, *, why: str = NOT_CONFIGURED) -> None:
        """Keep what to say.

        Args:
            why: what is missing, and what to do.
        """
        self._why = why

    @override
    async def groups_of(self, email: str) -> frozenset[str]:
        """Refuse."""
        self._refuse()

    @override
    async def knows(self, email: str) -> bool:
        """Refuse."""
        self._refuse()

    @override
    async def members_of(self, group: str) -> tuple[str, ...]:
        """Refuse."""
        self._refuse()

    @override
    async def slack_handle_of(self, group: str) -> str | None:
        """Refuse."""
        self._refuse()

    @override
    async def explain(self, email: str) -> tuple[GroupsFrom, ...]:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise DirectoryUnavailable(why=self._why)
