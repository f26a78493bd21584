"""Finds role definitions at a scope, by name or id, and remembers them a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient

from core.ports import Clock
from core.providers.azure_errors import Unknown, asking, code_of
from core.providers.azure_names import is_role_id

REMEMBERED: Final = timedelta(minutes=5)
"""How long a definition is taken for what it was; they change rarely."""

_MISSING: Final = "RoleDefinitionDoesNotExist"


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleDefinition:
    """A role that can be assigned.

    Attributes:
        path: what an assignment refers to.
        id: the last part of it, the same in every subscription.
    """

    path: str
    id: str


class RoleDefinitions:
    """The role definitions of Azure Resource Manager."""

    def __init__(
        self,
        *,
        provider: str,
        client: AuthorizationManagementClient,
        clock: Clock,
        options: dict[str, Any],
    ) -> None:
        """Keep what it needs.

        Args:
            options: go with every request.
        """
        self._provider = provider
        self._client = client
        self._clock = clock
        self._options = options
        self._known: dict[tuple[str, str], tuple[datetime, RoleDefinition]] = {}

    async def find(self, scope: str, role: str) -> RoleDefinition:
        """Return the one role of that name or id at a scope.

        Args:
            scope: full, as in `to_scope`.

        Raises:
            Unknown: there is none, or more than one.
            ProviderFailed: Azure does not say.
        """
        key = (scope.lower(), role.casefold())
        now = self._clock.now()
        known = self._known.get(key)
        if known is not None and now < known[0]:
            return known[1]
        found = [
            RoleDefinition(path=definition.id, id=definition.name)
            for definition in await self._read(scope, role)
            if _is_called(definition, role)
        ]
        if len(found) != 1:
            what = "more than one role" if found else "no role"
            raise Unknown(why=f"there is {what} {role} at {scope}")
        self._known[key] = (now + REMEMBERED, found[0])
        return found[0]

    def forget(self, scope: str, role: str) -> None:
        """Read it anew the next time: it is not what it was."""
        self._known.pop((scope.lower(), role.casefold()), None)

    async def _read(self, scope: str, role: str) -> list[Any]:
        definitions, at = self._client.role_definitions, scope.lstrip("/")
        async with asking(self._provider):
            if is_role_id(role):
                try:
                    return [await definitions.get(at, role.lower(), **self._options)]
                except HttpResponseError as error:
                    if code_of(error) == _MISSING:
                        return []
                    raise
            name = role.replace("'", "''")
            listed = definitions.list(
                at, filter=f"roleName eq '{name}'", **self._options
            )
            return [definition async for definition in listed]


def _is_called(definition: Any, role: str) -> bool:
    """Tell whether a definition is the one; the filter is not believed."""
    name = definition.name if is_role_id(role) else definition.role_name
    return bool(name and definition.id) and name.casefold() == role.casefold()
