"""The directory of an installation without groups: it cannot be read."""

from typing import NoReturn

from typing_extensions import override

from core.errors import DirectoryUnavailable
from core.ports import Directory


class NobodyKnown(Directory):
    """Refuses every question, so that a fresh installation grants nothing."""

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

    @staticmethod
    def _refuse() -> NoReturn:
        raise DirectoryUnavailable(
            why="no groups are configured; set JITSUDO_GROUPS_FILE to a groups.yaml"
        )
