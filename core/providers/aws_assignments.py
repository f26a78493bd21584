"""Creates, deletes and looks for assignments, waiting for AWS to have done it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from core.errors import ProviderFailed
from core.providers.aws_errors import code_of
from core.providers.aws_instances import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from types_aiobotocore_identitystore.client import IdentityStoreClient
    from types_aiobotocore_sso_admin.client import SSOAdminClient
    from types_aiobotocore_sso_admin.literals import (
        PrincipalTypeType,
        TargetTypeType,
    )
    from types_aiobotocore_sso_admin.type_defs import (
        AccountAssignmentOperationStatusTypeDef,
        CreateAccountAssignmentRequestTypeDef,
    )

PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0)
"""Seconds between looks at a change that AWS is at work on; 13 in all."""

_REASON_LIMIT: Final = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A permission set in an account for a person, in AWS's ids.

    Attributes:
        role: the permission set's name, for people.
    """

    instance_arn: str
    account: str
    permission_set: str
    user_id: str
    role: str = ""

    def to_handle(self) -> str:
        """Return the ids, so that the end needs no names that may change."""
        ids = (self.instance_arn, self.account, self.permission_set, self.user_id)
        return " ".join(ids)

    @classmethod
    def from_handle(cls, handle: str) -> "Assignment | None":
        """Return what was granted; None for a handle that was lost."""
        match handle.split():
            case [instance_arn, account, permission_set, user_id]:
                return cls(
                    instance_arn=instance_arn,
                    account=account,
                    permission_set=permission_set,
                    user_id=user_id,
                )
            case _:
                return None

    def is_in(self, status: "AccountAssignmentOperationStatusTypeDef") -> bool:
        """Tell whether this is what an operation was about."""
        return (
            status.get("TargetId") == self.account
            and status.get("PermissionSetArn") == self.permission_set
            and status.get("PrincipalType") == "USER"
            and status.get("PrincipalId") == self.user_id
        )

    def to_request(self) -> "CreateAccountAssignmentRequestTypeDef":
        """Return the arguments that create or delete it."""
        target: TargetTypeType = "AWS_ACCOUNT"
        principal: PrincipalTypeType = "USER"
        return {
            "InstanceArn": self.instance_arn,
            "TargetId": self.account,
            "TargetType": target,
            "PermissionSetArn": self.permission_set,
            "PrincipalType": principal,
            "PrincipalId": self.user_id,
        }


class Assignments:
    """Assignments as AWS has them, while its two clients are open."""

    def __init__(
        self, *, name: str, admin: "SSOAdminClient", people: "IdentityStoreClient"
    ) -> None:
        """Keep the clients; whoever opened them closes them.

        Args:
            name: the provider's, for errors.
        """
        self._name = name
        self.admin = admin
        self.people = people

    async def exists(self, wanted: Assignment) -> bool:
        """Tell whether the person has it, other than by a group."""
        pages = self.admin.get_paginator("list_account_assignments").paginate(
            InstanceArn=wanted.instance_arn,
            AccountId=wanted.account,
            PermissionSetArn=wanted.permission_set,
        )
        try:
            async for page in pages:
                for found in page["AccountAssignments"]:
                    is_person = found.get("PrincipalType") == "USER"
                    if is_person and found.get("PrincipalId") == wanted.user_id:
                        return True
        except ClientError as error:
            # A permission set that was deleted is assigned to nobody.
            if code_of(error) != NOT_FOUND:
                raise
        return False

    async def create(self, wanted: Assignment) -> None:
        """Create it; returns when AWS has.

        Raises:
            ProviderFailed: AWS could not, or is still at work.
        """
        answer = await self.admin.create_account_assignment(**wanted.to_request())
        begun = answer["AccountAssignmentCreationStatus"]
        ended = await self._settle(begun, self._creation(wanted), "assigning")
        if ended["Status"] != "SUCCEEDED":
            raise self._failed(ended, verb="assign")

    async def delete(self, unwanted: Assignment) -> None:
        """Delete it; returns when AWS shows it no more.

        Raises:
            ProviderFailed: AWS could not, or is still at work.
        """
        try:
            answer = await self.admin.delete_account_assignment(**unwanted.to_request())
        except ClientError as error:
            if code_of(error) != NOT_FOUND:
                raise
            return
        begun = answer["AccountAssignmentDeletionStatus"]
        ended = await self._settle(begun, self._deletion(unwanted), "removing")
        if not await self.exists(unwanted):
            return
        if ended["Status"] == "FAILED":
            raise self._failed(ended, verb="remove")
        why = "AWS has removed the assignment and still lists it; it is looked at again"
        raise ProviderFailed(provider=self._name, why=why)

    async def was_created(self, wanted: Assignment, *, since: datetime) -> bool:
        """Tell whether AWS created it after a moment; waits for one that is begun.

        Raises:
            ProviderFailed: AWS is still at work on it.
        """
        created = False
        async for begun in self._creations(wanted, since):
            ended = await self._settle(begun, self._creation(wanted), "assigning")
            created = created or ended["Status"] == "SUCCEEDED"
        return created

    async def _creations(
        self, wanted: Assignment, since: datetime
    ) -> "AsyncIterator[AccountAssignmentOperationStatusTypeDef]":
        pages = self.admin.get_paginator(
            "list_account_assignment_creation_status"
        ).paginate(InstanceArn=wanted.instance_arn)
        look = self._creation(wanted)
        async for page in pages:
            for listed in page["AccountAssignmentsCreationStatus"]:
                if listed["Status"] == "FAILED" or listed["CreatedDate"] < since:
                    continue
                told = await look(listed["RequestId"])
                if wanted.is_in(told):
                    yield told

    def _creation(
        self, wanted: Assignment
    ) -> "Callable[[str], Awaitable[AccountAssignmentOperationStatusTypeDef]]":
        async def look(
            operation: str,
        ) -> "AccountAssignmentOperationStatusTypeDef":
            answer = await self.admin.describe_account_assignment_creation_status(
                InstanceArn=wanted.instance_arn,
                AccountAssignmentCreationRequestId=operation,
            )
            return answer["AccountAssignmentCreationStatus"]

        return look

    def _deletion(
        self, unwanted: Assignment
    ) -> "Callable[[str], Awaitable[AccountAssignmentOperationStatusTypeDef]]":
        async def look(
            operation: str,
        ) -> "AccountAssignmentOperationStatusTypeDef":
            answer = await self.admin.describe_account_assignment_deletion_status(
                InstanceArn=unwanted.instance_arn,
                AccountAssignmentDeletionRequestId=operation,
            )
            return answer["AccountAssignmentDeletionStatus"]

        return look

    async def _settle(
        self,
        status: "AccountAssignmentOperationStatusTypeDef",
        look: "Callable[[str], Awaitable[AccountAssignmentOperationStatusTypeDef]]",
        doing: str,
    ) -> "AccountAssignmentOperationStatusTypeDef":
        """Return how an operation ended.

        Raises:
            ProviderFailed: it has not, in the time that a call has.
        """
        for pause in PAUSES:
            if status["Status"] != "IN_PROGRESS":
                return status
            await asyncio.sleep(pause)
            status = await look(status["RequestId"])
        if status["Status"] != "IN_PROGRESS":
            return status
        why = f"AWS is still {doing} the permission set; it is looked at again"
        raise ProviderFailed(provider=self._name, why=why)

    def _failed(
        self, status: "AccountAssignmentOperationStatusTypeDef", *, verb: str
    ) -> ProviderFailed:
        reason = status.get("FailureReason", "no reason given")[:_REASON_LIMIT]
        why = f"AWS could not {verb} the permission set: {reason}"
        return ProviderFailed(provider=self._name, why=why)
