"""What an order means in Azure: which assignment it is for, and whether it is ours."""

from core.domain.grant import GrantOrder
from core.errors import Invalid, ProviderFailed
from core.providers.azure_assignments import Assignment, path_of
from core.providers.azure_errors import Unknown
from core.providers.azure_graph import Account
from core.providers.azure_names import (
    assignment_name,
    description_of,
    is_described,
    to_lane,
    to_scope,
)
from core.providers.azure_parts import Azure


class AssignmentOrders:
    """Reads from Azure what an order's role and requester are there."""

    def __init__(self, *, provider: str, azure: Azure) -> None:
        """Keep what it needs.

        Args:
            provider: the name that failures carry.
        """
        self._name = provider
        self._azure = azure
        self._mark = azure.settings.mark

    async def wanted(self, order: GrantOrder) -> Assignment:
        """Return the assignment that an order is for, of an enabled account.

        Raises:
            ProviderFailed: there is not one such account and one such role, or
                Azure does not say.
        """
        try:
            account = await self._azure.people.find(order.requester)
            wanted = await self._wanted(order, account)
        except Unknown as error:
            raise self._failed(why=error.why) from error
        self._expect_enabled(order, account)
        return wanted

    def recognise(self, order: GrantOrder, found: Assignment) -> None:
        """Take an assignment with our id for ours, if it still says so.

        Raises:
            ProviderFailed: somebody wrote over its description.
        """
        mark, lane = self._mark, self._lane(order)
        if not is_described(found.description, mark=mark, lane=lane):
            raise self._failed(
                why="the description of an assignment of jitsudo's was changed; put it "
                f"back or delete {found.name}; it says: {found.description[:120]}"
            )

    async def ours(self, order: GrantOrder, handle: str) -> set[tuple[str, str]]:
        """Return scope and id of what was assigned, or may have been.

        The handle is believed, whatever the assignment says by now. Without one,
        those that say they are the lane's, and the one that would have been made:
        a list may not have it yet.
        """
        scope = self._scope(order)
        name = handle.rpartition("/")[2]
        if name and handle == path_of(scope, name):
            return {(scope, name)}
        mark, lane = self._mark, self._lane(order)
        listed = await self._azure.assignments.at(scope)
        ours = {
            (scope, one.name)
            for one in listed
            if is_described(one.description, mark=mark, lane=lane)
        }
        try:
            account = await self._azure.people.find(order.requester)
            wanted = await self._wanted(order, account)
        except Unknown:
            return ours
        return ours | {(scope, wanted.name)}

    async def _wanted(self, order: GrantOrder, account: Account) -> Assignment:
        """Return the assignment that an order is for, whether it is there or not.

        Raises:
            Unknown: there is not one role of that name.
        """
        scope, lane, mark = self._scope(order), self._lane(order), self._mark
        role = await self._azure.roles.find(scope, order.role)
        name = assignment_name(
            mark=mark, lane=lane, role_id=role.id, principal_id=account.id
        )
        return Assignment(
            name=name,
            scope=scope,
            role=role.path,
            principal_id=account.id,
            description=description_of(
                mark=mark, lane=lane, request_id=order.request_id
            ),
        )

    def _expect_enabled(self, order: GrantOrder, account: Account) -> None:
        if account.is_enabled:
            return
        who = f"the account of {order.requester}"
        if account.is_enabled is None:
            raise self._failed(
                why=f"Graph does not say whether {who} is enabled; jitsudo's "
                "application needs User.Read.All"
            )
        raise self._failed(why=f"{who} is switched off")

    def _lane(self, order: GrantOrder) -> str:
        scope = self._scope(order)
        return to_lane(requester=order.requester, role=order.role, scope=scope)

    def _scope(self, order: GrantOrder) -> str:
        try:
            return to_scope(order.resource_scope)
        except Invalid as error:
            raise self._failed(why=str(error)) from error

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._name, why=why)
