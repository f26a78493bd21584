"""The provider `aws-identity-center` before a small, strict Identity Center."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from aiohttp import web
from typing_extensions import override

from core.domain.request import Ask
from core.providers.aws_identity_center import IdentityCenterProvider, from_settings
from tests.support.builders import ALICE, BOB, FrozenClock, an_ask
from tests.support.clouds.aws_gate import Call, Gate, Refusal, to_json
from tests.support.clouds.cloud import Cloud, Trouble
from tests.support.clouds.identity_center_parts import (
    Key,
    Operation,
    check_parameters,
    to_page,
    to_status,
)

INSTANCE: Final = "arn:aws:sso:::instance/ssoins-7223a1b2c3d4e5f6"
DIRECTORY: Final = "d-9067012345"
ACCOUNT: Final = "222222222222"


class IdentityCenterCloud(Cloud):
    """One instance, alice and bob in its directory, and three permission sets."""

    def __init__(self, gate: Gate, **settings: object) -> None:
        """Build the provider before an open gate."""
        self.clock = FrozenClock()
        self.gate = gate
        self.instances = [INSTANCE]
        self.permission_sets = {
            _permission_set(n): name
            for n, name in enumerate(["billing", "read-only", "infra-admin"])
        }
        self.people = {"user-0": (ALICE, ALICE), "user-1": ("bob.b", BOB)}
        self.assignments: set[Key] = set()
        self.operations: dict[str, Operation] = {}
        self.looks = 1
        self.failure = ""
        given = {"region": "eu-central-1", "endpoint_url": gate.url, **settings}
        self._provider = from_settings("aws-identity-center", given, self.clock)

    @property
    @override
    def provider(self) -> IdentityCenterProvider:
        """Return the provider."""
        return self._provider

    @property
    @override
    def ask(self) -> Ask:
        """Return a permission set that is on the second page."""
        return an_ask(provider="aws-identity-center", resource_scope=ACCOUNT)

    @override
    async def grants_of(self, requester: str) -> int:
        """Return how many assignments a person has."""
        mine = {id_ for id_, names in self.people.items() if requester in names}
        return sum(user in mine for _, _, user in self.assignments)

    @override
    def trouble(self, kind: Trouble, *, calls: int = 1) -> None:
        """Make the next calls end so."""
        self.gate.trouble(kind, calls=calls)

    @property
    def key(self) -> Key:
        """Return alice's assignment of what can be asked for."""
        return (ACCOUNT, _permission_set(2), "user-0")

    def assign_by_hand(self, *, ago: timedelta) -> None:
        """Let an admin have assigned to alice what can be asked for."""
        done = Operation(
            is_creation=True,
            key=self.key,
            created=time.time() - ago.total_seconds(),
            looks_left=0,
            status="SUCCEEDED",
        )
        self.operations[done.id] = done
        self.assignments.add(self.key)

    def finish(self) -> None:
        """Let everything that is begun be done."""
        for operation in self.operations.values():
            self._end(operation)

    async def answer(self, call: Call) -> web.Response:
        """Answer as the two services do, or refuse."""
        check_parameters(call)
        given = call.parameters
        if given.get("InstanceArn") not in {None, *self.instances}:
            raise Refusal(
                code="ResourceNotFoundException", message="INSTANCE not found"
            )
        return to_json(_ANSWERS[call.operation](self, given))

    def _list_instances(self, given: dict[str, Any]) -> object:
        found = [
            {"InstanceArn": arn, "IdentityStoreId": DIRECTORY} for arn in self.instances
        ]
        return to_page("Instances", found, given)

    def _list_permission_sets(self, given: dict[str, Any]) -> object:
        return to_page("PermissionSets", list(self.permission_sets), given)

    def _describe_permission_set(self, given: dict[str, Any]) -> object:
        arn = self._checked_permission_set(given)
        return {
            "PermissionSet": {
                "PermissionSetArn": arn,
                "Name": self.permission_sets[arn],
                "SessionDuration": "PT1H",
            }
        }

    def _list_assignments(self, given: dict[str, Any]) -> object:
        arn = self._checked_permission_set(given)
        others = [
            {"PrincipalType": "GROUP", "PrincipalId": f"group-{n}"} for n in range(3)
        ]
        mine = [
            {"PrincipalType": "USER", "PrincipalId": user}
            for account, permission_set, user in sorted(self.assignments)
            if (account, permission_set) == (given["AccountId"], arn)
        ]
        return to_page("AccountAssignments", others + mine, given)

    def _create(self, given: dict[str, Any]) -> object:
        operation = self._begin(given, is_creation=True)
        return {"AccountAssignmentCreationStatus": to_status(operation)}

    def _delete(self, given: dict[str, Any]) -> object:
        if self._key(given) not in self.assignments:
            raise Refusal(
                code="ResourceNotFoundException", message="ASSIGNMENT not found"
            )
        operation = self._begin(given, is_creation=False)
        return {"AccountAssignmentDeletionStatus": to_status(operation)}

    def _begin(self, given: dict[str, Any], *, is_creation: bool) -> Operation:
        key = self._key(given)
        for other in self.operations.values():
            if other.key == key and other.status == "IN_PROGRESS":
                message = "There is a conflicting operation in process"
                raise Refusal(code="ConflictException", message=message)
        operation = Operation(
            is_creation=is_creation,
            key=key,
            created=time.time(),
            looks_left=self.looks,
        )
        self.operations[operation.id] = operation
        return operation

    def _list_creations(self, given: dict[str, Any]) -> object:
        found = [
            {
                "Status": operation.status,
                "RequestId": operation.id,
                "CreatedDate": operation.created,
            }
            for operation in self.operations.values()
            if operation.is_creation
        ]
        return to_page("AccountAssignmentsCreationStatus", found, given)

    def _describe_creation(self, given: dict[str, Any]) -> object:
        operation = self._look(given["AccountAssignmentCreationRequestId"])
        return {"AccountAssignmentCreationStatus": to_status(operation)}

    def _describe_deletion(self, given: dict[str, Any]) -> object:
        operation = self._look(given["AccountAssignmentDeletionRequestId"])
        return {"AccountAssignmentDeletionStatus": to_status(operation)}

    def _look(self, operation_id: str) -> Operation:
        if operation_id not in self.operations:
            raise Refusal(
                code="ResourceNotFoundException", message="OPERATION not found"
            )
        operation = self.operations[operation_id]
        operation.looks_left -= 1
        if operation.looks_left < 0:
            self._end(operation)
        return operation

    def _end(self, operation: Operation) -> None:
        if operation.status != "IN_PROGRESS":
            return
        if self.failure:
            operation.status, operation.reason = "FAILED", self.failure
            return
        operation.status = "SUCCEEDED"
        if operation.is_creation:
            self.assignments.add(operation.key)
        else:
            self.assignments.discard(operation.key)

    def _user_id(self, given: dict[str, Any]) -> object:
        wanted = given["AlternateIdentifier"]["UniqueAttribute"]
        position = ["userName", "emails.value"].index(wanted["AttributePath"])
        for id_, names in self.people.items():
            if names[position] == wanted["AttributeValue"]:
                return {"UserId": id_, "IdentityStoreId": DIRECTORY}
        raise Refusal(
            code="ResourceNotFoundException",
            message="USER not found.",
            ResourceType="USER",
        )

    def _checked_permission_set(self, given: dict[str, Any]) -> str:
        arn = str(given["PermissionSetArn"])
        if arn not in self.permission_sets:
            raise Refusal(
                code="ResourceNotFoundException", message="PERMISSION_SET not found"
            )
        return arn

    def _key(self, given: dict[str, Any]) -> Key:
        if (given["TargetType"], given["PrincipalType"]) != ("AWS_ACCOUNT", "USER"):
            raise Refusal(code="ValidationException", message="unknown type")
        if given["PrincipalId"] not in self.people:
            raise Refusal(
                code="ResourceNotFoundException", message="PRINCIPAL not found"
            )
        arn = self._checked_permission_set(given)
        return (given["TargetId"], arn, given["PrincipalId"])


_ANSWERS: Final[dict[str, Callable[[IdentityCenterCloud, dict[str, Any]], object]]] = {
    "ListInstances": IdentityCenterCloud._list_instances,
    "ListPermissionSets": IdentityCenterCloud._list_permission_sets,
    "DescribePermissionSet": IdentityCenterCloud._describe_permission_set,
    "ListAccountAssignments": IdentityCenterCloud._list_assignments,
    "CreateAccountAssignment": IdentityCenterCloud._create,
    "DeleteAccountAssignment": IdentityCenterCloud._delete,
    "ListAccountAssignmentCreationStatus": IdentityCenterCloud._list_creations,
    "DescribeAccountAssignmentCreationStatus": IdentityCenterCloud._describe_creation,
    "DescribeAccountAssignmentDeletionStatus": IdentityCenterCloud._describe_deletion,
    "GetUserId": IdentityCenterCloud._user_id,
}


@asynccontextmanager
async def identity_center_cloud(
    **settings: object,
) -> AsyncIterator[IdentityCenterCloud]:
    """Yield the provider `aws-identity-center`, with nothing assigned."""
    opened: list[IdentityCenterCloud] = []

    async def answering(call: Call) -> web.Response:
        return await opened[0].answer(call)

    async with Gate(answering).serving() as gate:
        opened.append(IdentityCenterCloud(gate, **settings))
        yield opened[0]


def _permission_set(number: int) -> str:
    return INSTANCE.replace("instance", "permissionSet", 1) + f"/ps-{number:016}"
