"""Role assignments as Azure keeps them: one for each principal, role and scope.

Source:
    https://learn.microsoft.com/rest/api/authorization/role-assignments
"""

from dataclasses import dataclass
from typing import Any, Final

from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization.v2022_04_01.aio import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import (
    RoleAssignment,
    RoleAssignmentCreateParameters,
)

from core.providers.azure_errors import asking, code_of

_MISSING: Final = 404
_ELSEWHERE: Final = "SubscriptionNotFound"
"""Says that jitsudo signs in where the subscription is not, not what is in it."""


class AlreadyAssigned(Exception):
    """The principal has the role at the scope; nothing was changed."""


class PrincipalNotThere(Exception):
    """This part of Azure has not heard of the principal yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A person's role at a scope.

    Attributes:
        name: the assignment's id, a GUID.
        role: the path of the role's definition.
    """

    name: str
    scope: str
    role: str
    principal_id: str
    description: str

    def is_of_same(self, other: "Assignment") -> bool:
        """Tell whether it gives the same person the same role."""
        return self.principal_id.lower() == other.principal_id.lower() and _last(
            self.role
        ) == _last(other.role)

    @property
    def path(self) -> str:
        """Return what names it in all of Azure."""
        return path_of(self.scope, self.name)


class Assignments:
    """The role assignments of Azure Resource Manager."""

    def __init__(
        self,
        *,
        provider: str,
        client: AuthorizationManagementClient,
        options: dict[str, Any],
    ) -> None:
        """Keep what it needs.

        Args:
            options: go with every request.
        """
        self._provider = provider
        self._operations = client.role_assignments
        self._options = options

    async def get(self, scope: str, name: str) -> Assignment | None:
        """Return an assignment; None if it is not there.

        Raises:
            ProviderFailed: Azure does not say.
        """
        async with asking(self._provider):
            try:
                found = await self._operations.get(
                    scope.lstrip("/"), name, **self._options
                )
            except HttpResponseError as error:
                if _is_missing(error):
                    return None
                raise
        return _to_assignment(found)

    async def create(self, wanted: Assignment) -> None:
        """Assign a role to a person.

        Raises:
            AlreadyAssigned: by this or another assignment.
            PrincipalNotThere: a moment later it may be.
            ProviderFailed: it was not assigned, or nobody knows.
        """
        parameters = RoleAssignmentCreateParameters(
            role_definition_id=wanted.role,
            principal_id=wanted.principal_id,
            # Else Azure looks the principal up, in a copy that may be behind.
            principal_type="User",
            description=wanted.description,
        )
        async with asking(self._provider):
            try:
                await self._operations.create(
                    wanted.scope.lstrip("/"), wanted.name, parameters, **self._options
                )
            except HttpResponseError as error:
                match code_of(error):
                    case "RoleAssignmentExists":
                        raise AlreadyAssigned from error
                    case "PrincipalNotFound":
                        raise PrincipalNotThere from error
                    case _:
                        raise

    async def delete(self, scope: str, name: str) -> None:
        """Delete an assignment, or find that it is gone.

        Raises:
            ProviderFailed: it was not deleted, or nobody knows.
        """
        async with asking(self._provider):
            try:
                await self._operations.delete(scope.lstrip("/"), name, **self._options)
            except HttpResponseError as error:
                if not _is_missing(error):
                    raise

    async def at(self, scope: str) -> list[Assignment]:
        """Return every assignment at a scope itself; none if it is deleted.

        Raises:
            ProviderFailed: Azure does not say.
        """
        async with asking(self._provider):
            listed = self._operations.list_for_scope(
                scope.lstrip("/"), filter="atScope()", **self._options
            )
            try:
                found = [_to_assignment(item) async for item in listed]
            except HttpResponseError as error:
                if _is_missing(error):
                    return []
                raise
        return [one for one in found if one.scope.lower() == scope.lower()]


def path_of(scope: str, name: str) -> str:
    """Return what names an assignment in all of Azure."""
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"


def _last(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _is_missing(error: HttpResponseError) -> bool:
    return error.status_code == _MISSING and code_of(error) != _ELSEWHERE


def _to_assignment(found: RoleAssignment) -> Assignment:
    return Assignment(
        name=str(found.name or ""),
        scope=str(found.scope or ""),
        role=str(found.role_definition_id or ""),
        principal_id=str(found.principal_id or ""),
        description=str(found.description or ""),
    )
