"""What calls of Identity Center look like: parameters, pages, operations."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from tests.support.clouds.aws_gate import Call, Refusal

_PAGE: Final = 2

Key = tuple[str, str, str]
"""Account, permission set's ARN, user's id."""

_ASSIGNMENT: Final = (
    "InstanceArn TargetId TargetType PermissionSetArn PrincipalType PrincipalId"
)
PARAMETERS: Final = {
    "ListInstances": "",
    "ListPermissionSets": "InstanceArn",
    "DescribePermissionSet": "InstanceArn PermissionSetArn",
    "ListAccountAssignments": "InstanceArn AccountId PermissionSetArn",
    "CreateAccountAssignment": _ASSIGNMENT,
    "DeleteAccountAssignment": _ASSIGNMENT,
    "ListAccountAssignmentCreationStatus": "InstanceArn",
    "DescribeAccountAssignmentCreationStatus": (
        "InstanceArn AccountAssignmentCreationRequestId"
    ),
    "DescribeAccountAssignmentDeletionStatus": (
        "InstanceArn AccountAssignmentDeletionRequestId"
    ),
    "GetUserId": "IdentityStoreId AlternateIdentifier",
}
"""What each operation has to be given; a token for the next page may come too."""


@dataclass(kw_only=True, slots=True)
class Operation:
    """A change that takes a while; each look brings it nearer to its end."""

    is_creation: bool
    key: Key
    created: float
    looks_left: int
    status: str = "IN_PROGRESS"
    reason: str = ""
    id: str = field(default_factory=lambda: str(uuid4()))


def to_status(operation: Operation) -> dict[str, object]:
    """Return what AWS says of an operation."""
    account, permission_set, user = operation.key
    return {
        "Status": operation.status,
        "RequestId": operation.id,
        "TargetId": account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": permission_set,
        "PrincipalType": "USER",
        "PrincipalId": user,
        "CreatedDate": operation.created,
        **({"FailureReason": operation.reason} if operation.reason else {}),
    }


def to_page(name: str, items: list[Any], given: dict[str, Any]) -> dict[str, object]:
    """Return two items a page, so that nobody reads the first one alone."""
    start = int(given.get("NextToken", "0"))
    page: dict[str, object] = {name: items[start : start + _PAGE]}
    if start + _PAGE < len(items):
        page["NextToken"] = str(start + _PAGE)
    return page


def check_parameters(call: Call) -> None:
    """Refuse a call that AWS does not know, or not so."""
    if call.operation not in PARAMETERS:
        raise Refusal(code="UnknownOperationException", message=call.operation)
    given = set(call.parameters) - {"NextToken"}
    if given != set(PARAMETERS[call.operation].split()):
        raise Refusal(
            code="ValidationException", message=f"parameters: {sorted(given)}"
        )
