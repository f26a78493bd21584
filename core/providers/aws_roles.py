"""Ends sessions of a role early, by the role's own policy, in its own account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from core.errors import ProviderFailed
from core.ports import Clock
from core.providers.aws_access import AwsAccess
from core.providers.aws_errors import aws_failures, code_of
from core.providers.aws_revocations import POLICY_NAME, SIZE_LIMIT, EndedSessions
from core.providers.aws_settings import AwsSettings, RoleArn

if TYPE_CHECKING:
    from types_aiobotocore_iam.client import IAMClient
    from types_aiobotocore_sts.type_defs import (
        AssumeRoleRequestTypeDef,
        CredentialsTypeDef,
    )

_REVOKER_SESSION: Final = "jitsudo-revoker"
_REVOKER_SECONDS: Final = 900
_LOOKS: Final = 4
_PAUSE_SECONDS: Final = 1.0
"""How often, and how far apart, a policy is read back: IAM takes a moment."""

_NO_SUCH: Final = "NoSuchEntity"


class RoleSessions:
    """Denies sessions of roles everything, one by one, and knows which.

    IAM has no compare-and-set: only one job at a time may be here for a role,
    which the provider's lanes see to. Reading is eventually consistent, so what
    this process wrote last is added to what it reads.
    """

    def __init__(
        self, *, name: str, settings: AwsSettings, access: AwsAccess, clock: Clock
    ) -> None:
        """Keep what is needed.

        Args:
            name: the provider's, for errors.
        """
        self._name = name
        self._settings = settings
        self._access = access
        self._clock = clock
        self._written: dict[str, EndedSessions] = {}
        self._own_account = ""

    def is_revoker(self, role: RoleArn) -> bool:
        """Tell whether a role is the one that may write the others' policies."""
        template = self._settings.revoker
        if template is None:
            return False
        revoker = template.filled(scope=role.account, role="")
        # IAM finds roles by name alone, in any case.
        return revoker.name.lower() == role.name.lower()

    async def require_a_way(self, role: RoleArn) -> None:
        """Make sure that our credentials are of the role's account, if they count.

        Raises:
            ProviderFailed: a session of this role could not be ended.
        """
        if self._settings.revoker is not None:
            return
        if not self._own_account:
            with aws_failures(self._name, "sts:GetCallerIdentity"):
                async with self._access.sts() as sts:
                    identity = await sts.get_caller_identity()
            self._own_account = identity["Account"]
        if self._own_account != role.account:
            raise ProviderFailed(
                provider=self._name,
                why=f"jitsudo's own credentials are of account {self._own_account}, "
                f"the role is in {role.account}; set revoker_role_arn_template, "
                "without which a session there cannot be ended early",
            )

    async def end(self, role: RoleArn, session: str, *, until: datetime) -> None:
        """Deny a session everything; returns when IAM shows that.

        Args:
            session: the session's name.
            until: its natural end, or later.

        Raises:
            ProviderFailed: it may still be able to do something.
        """
        async with self._iam(role) as iam:
            role_id = await self._id_of(iam, role)
            if role_id is None:
                return
            userid = f"{role_id}:{session}"
            found = await self._read(iam, role)
            if found.holds(userid, until=until):
                return
            known = found.and_with(self._written.get(role.text, EndedSessions()))
            wanted = known.and_session(userid, until=until)
            wanted = wanted.without_past(self._clock.now())
            await self._write(iam, role, wanted, until=until)
            self._written[role.text] = wanted
            await self._confirm(iam, role, userid, until=until)

    async def is_ended(self, role: RoleArn, session: str) -> bool:
        """Tell whether a session is denied everything, or its role is gone.

        Raises:
            ProviderFailed: IAM does not say.
        """
        async with self._iam(role) as iam:
            role_id = await self._id_of(iam, role)
            if role_id is None:
                return True
            ended = await self._read(iam, role)
        return f"{role_id}:{session}" in ended.until

    @asynccontextmanager
    async def _iam(self, role: RoleArn) -> AsyncIterator["IAMClient"]:
        await self.require_a_way(role)
        keys = await self._revoker_keys(role)
        with aws_failures(
            self._name,
            f"iam calls on the role {role.name}",
            denied="see the permissions of the revoker in docs/providers.md",
        ):
            async with self._access.iam(keys) as iam:
                yield iam

    async def _revoker_keys(self, role: RoleArn) -> "CredentialsTypeDef | None":
        template = self._settings.revoker
        if template is None:
            return None
        revoker = template.filled(scope=role.account, role="")
        asked: AssumeRoleRequestTypeDef = {
            "RoleArn": revoker.text,
            "RoleSessionName": _REVOKER_SESSION,
            "DurationSeconds": _REVOKER_SECONDS,
        }
        if self._settings.external_id:
            asked["ExternalId"] = self._settings.external_id
        with aws_failures(
            self._name,
            "sts:AssumeRole of the revoker",
            denied=f"does {revoker.text} exist, and trust jitsudo?",
        ):
            async with self._access.sts() as sts:
                return (await sts.assume_role(**asked))["Credentials"]

    async def _id_of(self, iam: "IAMClient", role: RoleArn) -> str | None:
        """Return the role's unique id; None if it is gone, and its sessions too."""
        try:
            found = (await iam.get_role(RoleName=role.name))["Role"]
        except ClientError as error:
            if code_of(error) == _NO_SUCH:
                return None
            raise
        if found["Arn"].lower() != role.text.lower():
            raise ProviderFailed(
                provider=self._name,
                why=f"the role {role.name} is {found['Arn']} and not {role.text}; "
                "mend role_arn_template or the revoker's account",
            )
        return found["RoleId"]

    async def _read(self, iam: "IAMClient", role: RoleArn) -> EndedSessions:
        try:
            answer = await iam.get_role_policy(
                RoleName=role.name, PolicyName=POLICY_NAME
            )
        except ClientError as error:
            if code_of(error) == _NO_SUCH:
                return EndedSessions()
            raise
        try:
            return EndedSessions.from_document(answer["PolicyDocument"])
        except ValueError as error:
            raise ProviderFailed(
                provider=self._name,
                why=f"the inline policy {POLICY_NAME} of the role {role.name} cannot "
                f"be read: {error}; take out what is not jitsudo's",
            ) from error

    async def _write(
        self, iam: "IAMClient", role: RoleArn, ended: EndedSessions, *, until: datetime
    ) -> None:
        text = ended.to_text()
        try:
            if len(text) > SIZE_LIMIT:
                raise self._full(role, until)
            await iam.put_role_policy(
                RoleName=role.name, PolicyName=POLICY_NAME, PolicyDocument=text
            )
        except ClientError as error:
            if code_of(error) == "LimitExceeded":
                raise self._full(role, until) from error
            raise

    async def _confirm(
        self, iam: "IAMClient", role: RoleArn, userid: str, *, until: datetime
    ) -> None:
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(_PAUSE_SECONDS)
            if (await self._read(iam, role)).holds(userid, until=until):
                return
        raise ProviderFailed(
            provider=self._name,
            why=f"IAM does not show the end on the role {role.name} yet; "
            "it is looked at again",
        )

    def _full(self, role: RoleArn, until: datetime) -> ProviderFailed:
        return ProviderFailed(
            provider=self._name,
            why=f"the inline policies of the role {role.name} are full "
            f"({SIZE_LIMIT} characters); the session ends by itself at "
            f"{until:%Y-%m-%dT%H:%MZ}; to end it now, remove other inline policies "
            "or revoke all sessions of the role in the AWS console",
        )
