"""The stand-in's people, roles and role assignments, as strict as Azure about them.

Source:
    https://learn.microsoft.com/rest/api/authorization/role-assignments/create
"""

from typing import Any, Final

from tests.support.builders import ALICE, BOB

SUBSCRIPTION: Final = "0b1f6471-1bf0-4dda-aec3-111122223333"
SCOPE: Final = f"/subscriptions/{SUBSCRIPTION}"
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
PEOPLE: Final = {ALICE: "a11ce000-0000-4000-8000-000000000001"}
PEOPLE[BOB] = "b0b00000-0000-4000-8000-000000000002"

_FIELDS: Final = {"roleDefinitionId", "principalId", "principalType", "description"}


class Refused(Exception):
    """The stand-in's answer when it does not do what was asked."""

    def __init__(self, status: int, code: str, message: str = "As it says.") -> None:
        """Keep what the answer says."""
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)


class Directory:
    """Accounts, by object id."""

    def __init__(self) -> None:
        """Begin with alice and bob."""
        self.accounts: Final[dict[str, dict[str, Any]]] = {}
        for email, oid in PEOPLE.items():
            self.add(oid, name=email, mail=email)

    def add(
        self, oid: str, *, name: str, mail: str | None, is_enabled: bool | None = True
    ) -> None:
        """Add an account."""
        self.accounts[oid] = {
            "id": oid,
            "userPrincipalName": name,
            "mail": mail,
            "accountEnabled": is_enabled,
        }

    def called(self, name: str) -> dict[str, Any]:
        """Return the account of a name, or id."""
        for account in self.accounts.values():
            if name.lower() in {account["userPrincipalName"].lower(), account["id"]}:
                return account
        raise Refused(404, "Request_ResourceNotFound")

    def of_mail(self, mail: str) -> list[dict[str, Any]]:
        """Return the accounts of a mail address."""
        return [
            account
            for account in self.accounts.values()
            if (account["mail"] or "").lower() == mail.lower()
        ]


class Access:
    """Role definitions and assignments; one for each person, role and scope."""

    def __init__(self, directory: Directory) -> None:
        """Begin with one subscription and two roles."""
        self._directory = directory
        self.scopes: Final = {
            SCOPE,
            f"{SCOPE}/resourceGroups/shop",
            "/providers/Microsoft.Management/managementGroups/acme",
        }
        self.roles: Final = [
            (READER, "Reader"),
            ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
        ]
        self.assignments: Final[dict[str, dict[str, str]]] = {}
        self.unheard_of = 0
        """How many more times a principal is not found."""
        self.lags = 0
        """How many more times a deleted assignment is still read."""
        self.lists_nothing = False
        """Whether lists have not heard of any assignment yet."""
        self.refusal: Refused | None = None
        """What a change is answered with, whatever it is."""
        self._deleted: Final[dict[str, dict[str, str]]] = {}

    def definitions(self, scope: str, name: str | None = None) -> list[dict[str, Any]]:
        """Return the definitions at a scope."""
        self._expect_scope(scope)
        kind = "Microsoft.Authorization/roleDefinitions"
        return [
            {
                "id": f"{scope}/providers/{kind}/{oid}",
                "name": oid,
                "type": kind,
                "properties": {"roleName": role, "type": "BuiltInRole"},
            }
            for oid, role in self.roles
            if name is None or role.lower() == name.lower()
        ]

    def assign(self, scope: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an assignment; the role in effect may be there only once."""
        self._expect_scope(scope)
        wanted = dict(body["properties"])
        if set(body) != {"properties"} or set(wanted) != _FIELDS:
            raise Refused(400, "InvalidRequestContent")
        role = wanted["roleDefinitionId"].rpartition("/")[2]
        if role not in {oid for oid, _ in self.roles}:
            raise Refused(404, "RoleDefinitionDoesNotExist")
        if self.unheard_of or wanted["principalId"] not in self._directory.accounts:
            self.unheard_of -= 1
            raise Refused(400, "PrincipalNotFound")
        wanted["scope"] = scope
        for other in self.assignments.values():
            if _in_effect(other) == _in_effect(wanted):
                message = "The role assignment already exists."
                raise Refused(409, "RoleAssignmentExists", message)
        if name in self.assignments:
            raise Refused(400, "RoleAssignmentUpdateNotPermitted")
        self.assignments[name] = wanted
        return self.shown(name, wanted)

    def read(self, scope: str, name: str) -> dict[str, Any]:
        """Return an assignment, also a deleted one while this lags behind."""
        self._expect_scope(scope)
        if name in self._deleted and self.lags:
            self.lags -= 1
            return self.shown(name, self._deleted[name])
        found = self.assignments.get(name)
        if found is None or found["scope"].lower() != scope.lower():
            raise Refused(404, "RoleAssignmentNotFound")
        return self.shown(name, found)

    def delete(self, scope: str, name: str) -> dict[str, Any] | None:
        """Delete an assignment; None if there is none."""
        self._expect_scope(scope)
        found = self.assignments.pop(name, None)
        if found is None:
            return None
        self._deleted[name] = found
        return self.shown(name, found)

    def at_or_above(self, scope: str) -> list[dict[str, Any]]:
        """Return the assignments that are in effect at a scope."""
        self._expect_scope(scope)
        if self.lists_nothing:
            return []
        return [
            self.shown(name, found)
            for name, found in self.assignments.items()
            if f"{scope}/".lower().startswith(f"{found['scope']}/".lower())
        ]

    def shown(self, name: str, found: dict[str, str]) -> dict[str, Any]:
        """Return an assignment as the API shows it."""
        kind = "Microsoft.Authorization/roleAssignments"
        return {
            "id": f"{found['scope']}/providers/{kind}/{name}",
            "name": name,
            "type": kind,
            "properties": found,
        }

    def _expect_scope(self, scope: str) -> None:
        if scope.lower() in {known.lower() for known in self.scopes}:
            return
        if "/resourcegroups/" in scope.lower():
            raise Refused(404, "ResourceGroupNotFound")
        raise Refused(404, "SubscriptionNotFound")


def _in_effect(found: dict[str, str]) -> tuple[str, str, str]:
    role = found["roleDefinitionId"].rpartition("/")[2]
    return found["principalId"].lower(), role.lower(), found["scope"].lower()
