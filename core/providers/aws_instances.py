"""Finds what people name in Identity Center: instance, person, permission set."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from core.errors import ProviderFailed
from core.providers.aws_errors import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_aiobotocore_identitystore.client import IdentityStoreClient
    from types_aiobotocore_sso_admin.client import SSOAdminClient

NOT_FOUND: Final = "ResourceNotFoundException"

_IDENTIFIERS: Final = ("userName", "emails.value")
"""The unique attributes of a user. Source: Identity Store API, GetUserId."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """One Identity Center and its directory."""

    arn: str
    identity_store_id: str


class Instances:
    """Remembers what cannot change: a permission set's name, by its ARN."""

    def __init__(
        self, *, name: str, instance_arn: str | None, identity_store_id: str | None
    ) -> None:
        """Keep what the settings say.

        Args:
            name: the provider's, for errors.
            instance_arn: None where AWS is to be asked for the only one.
        """
        self._name = name
        self._instance: Instance | None = None
        if instance_arn is not None and identity_store_id is not None:
            self._instance = Instance(
                arn=instance_arn, identity_store_id=identity_store_id
            )
        self._names: dict[str, str] = {}

    async def instance(self, admin: "SSOAdminClient") -> Instance:
        """Return the instance that the settings name, or the only one there is.

        Raises:
            ProviderFailed: there is none, or there are several.
        """
        if self._instance is not None:
            return self._instance
        pages = admin.get_paginator("list_instances").paginate()
        found = [each async for page in pages for each in page["Instances"]]
        if len(found) != 1:
            count = len(found) or "no"
            raise ProviderFailed(
                provider=self._name,
                why=f"{count} Identity Centers are in sight; look at region, or set "
                "instance_arn and identity_store_id",
            )
        self._instance = Instance(
            arn=found[0]["InstanceArn"], identity_store_id=found[0]["IdentityStoreId"]
        )
        return self._instance

    async def user_id(
        self, people: "IdentityStoreClient", instance: Instance, email: str
    ) -> str | None:
        """Return the id of the person with this user name or e-mail, if any.

        Raises:
            ProviderFailed: one person has it as user name, another one as e-mail.
        """
        # A JSON document, which a string is; the stubs know of mappings alone.
        value = cast("Mapping[str, Any]", email)
        found = set()
        for path in _IDENTIFIERS:
            try:
                answer = await people.get_user_id(
                    IdentityStoreId=instance.identity_store_id,
                    AlternateIdentifier={
                        "UniqueAttribute": {
                            "AttributePath": path,
                            "AttributeValue": value,
                        }
                    },
                )
            except ClientError as error:
                if not _is_no_user(error):
                    raise
            else:
                found.add(answer["UserId"])
        if len(found) > 1:
            raise ProviderFailed(
                provider=self._name,
                why=f"{email} is one person's user name and another one's e-mail in "
                "Identity Center; change one of them",
            )
        return found.pop() if found else None

    async def permission_set(
        self, admin: "SSOAdminClient", instance: Instance, name: str
    ) -> str | None:
        """Return the ARN of the permission set with exactly this name, if any.

        AWS lists ARNs alone; each is asked for its name once in a process, so
        that a call which ran out of time leaves less to the next.

        Raises:
            ProviderFailed: several have the name.
        """
        pages = admin.get_paginator("list_permission_sets").paginate(
            InstanceArn=instance.arn
        )
        arns = [arn async for page in pages for arn in page["PermissionSets"]]
        for arn in arns:
            if arn not in self._names:
                answer = await admin.describe_permission_set(
                    InstanceArn=instance.arn, PermissionSetArn=arn
                )
                self._names[arn] = answer["PermissionSet"]["Name"]
        found = [arn for arn in arns if self._names[arn] == name]
        if len(found) > 1:
            why = f"{len(found)} permission sets are called {name}; rename all but one"
            raise ProviderFailed(provider=self._name, why=why)
        return found[0] if found else None


def _is_no_user(error: ClientError) -> bool:
    """Tell a person who is not there from a directory that is not."""
    kind = error.response.get("ResourceType", "USER")
    return code_of(error) == NOT_FOUND and kind == "USER"
