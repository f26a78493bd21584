"""Changes of role assignments, which not every part of Azure hears of at once."""

import asyncio
from collections.abc import Sequence
from typing import Final

from core.errors import ProviderFailed
from core.providers.azure_assignments import (
    AlreadyAssigned,
    Assignment,
    Assignments,
    PrincipalNotThere,
)

PAUSES_SECONDS: Final = (1.0, 2.0, 4.0)
"""Between looks at what one part of Azure has heard and another has not yet."""


class AssignmentChanges:
    """Makes assignments and removes them, and knows afterwards that it is so."""

    def __init__(
        self, *, provider: str, assignments: Assignments, pauses: Sequence[float]
    ) -> None:
        """Keep what it needs.

        Args:
            provider: the name that failures carry.
            pauses: seconds between looks.
        """
        self._provider = provider
        self._assignments = assignments
        self._pauses = pauses

    async def make(self, wanted: Assignment) -> Assignment:
        """Return the assignment of the wanted id, made now or before.

        It is not looked for first: a read may still have one that was deleted.

        Raises:
            ProviderFailed: it was not made, nobody knows, or there is another one
                of the same role.
        """
        for pause in (*self._pauses, None):
            try:
                await self._assignments.create(wanted)
            except AlreadyAssigned as error:
                found = await self._assignments.get(wanted.scope, wanted.name)
                if found is None:
                    raise self._failed(why=await self._in_the_way(wanted)) from error
                return found
            except PrincipalNotThere as error:
                if pause is None:
                    raise self._failed(
                        why="the person's account is too new for Azure to assign a "
                        "role to; it is tried again"
                    ) from error
                await asyncio.sleep(pause)
            else:
                break
        return wanted

    async def remove(self, scope: str, name: str) -> None:
        """Delete an assignment and read that it is gone.

        Raises:
            ProviderFailed: it may still be there.
        """
        await self._assignments.delete(scope, name)
        for pause in (*self._pauses, None):
            if await self._assignments.get(scope, name) is None:
                return
            if pause is not None:
                await asyncio.sleep(pause)
        raise self._failed(why="Azure took the end, but still has the assignment")

    async def _in_the_way(self, wanted: Assignment) -> str:
        """Return whose assignment of the role there is, as far as it says."""
        for one in await self._assignments.at(wanted.scope):
            if one.is_of_same(wanted):
                said = one.description[:120] or "nothing"
                return (
                    "this person has this role there already, by an assignment that is "
                    f"not this request's and stays; its description says: {said}"
                )
        return "this person has this role there already, outside jitsudo"

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._provider, why=why)
