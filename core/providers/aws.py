"""The provider `aws`: sessions of IAM roles, each ended on its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError
from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.duration import to_text
from core.errors import Invalid, ProviderFailed
from core.ports import Clock, CredentialProvider
from core.providers.aws_access import AwsAccess
from core.providers.aws_errors import aws_failures, code_of, text_of
from core.providers.aws_roles import RoleSessions
from core.providers.aws_settings import (
    ACCOUNT,
    LONGEST,
    ROLE_NAME,
    ROLE_NAME_LIMIT,
    SHORTEST,
    AwsSettings,
    RoleArn,
)
from core.providers.aws_tags import to_source_identity, to_tag

if TYPE_CHECKING:
    from types_aiobotocore_sts.type_defs import (
        AssumeRoleRequestTypeDef,
        AssumeRoleResponseTypeDef,
    )

_LATE: Final = timedelta(minutes=5)
"""How much later than asked a session may have begun whose answer was lost."""

_TRUST: Final = (
    "the role is missing, or its trust policy lacks jitsudo, sts:TagSession or "
    "the external id"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Handle:
    """What was granted: stays true when the settings change."""

    role: RoleArn
    until: datetime

    @classmethod
    def read(cls, text: str) -> "_Handle | None":
        arn, _, until = text.partition(" until ")
        try:
            return cls(role=RoleArn.parse(arn), until=datetime.fromisoformat(until))
        except ValueError:
            return None

    @override
    def __str__(self) -> str:
        return f"{self.role.text} until {self.until.isoformat()}"


class AwsProvider(CredentialProvider):
    """Assumes a role for a requester; AWS ends the session at its time.

    The session is named after the request, so that a second one for the same
    request is ended together with it.
    """

    def __init__(self, *, name: str, settings: AwsSettings, clock: Clock) -> None:
        """Prepare; nothing is connected before the first call."""
        self._name = name
        self._settings = settings
        self._clock = clock
        self._access = AwsAccess(
            region=settings.region, endpoint_url=settings.endpoint_url
        )
        self._sessions = RoleSessions(
            name=name, settings=settings, access=self._access, clock=clock
        )

    @property
    @override
    def name(self) -> str:
        """Return the name requests use."""
        return self._name

    @override
    def lane(self, requester: str, ask: Ask) -> str:
        """Return the role: IAM keeps one policy for all its sessions."""
        role = self._settings.role.filled(scope=ask.resource_scope, role=ask.role)
        # IAM tells no names apart by case.
        return f"aws:{role.text.lower()}"

    @override
    def validate(self, ask: Ask) -> None:
        """Refuse what is no role, no account, or no time that STS gives.

        Raises:
            Invalid: naming the field.
        """
        self._checked_role(role=ask.role, scope=ask.resource_scope)
        most = self._settings.max_duration
        if ask.duration < SHORTEST:
            why = f"is shorter than {to_text(SHORTEST)}, the least that AWS gives"
            raise Invalid(field="duration", why=why)
        if ask.duration > most:
            whose = "AWS gives" if most == LONGEST else "may be asked for here"
            why = f"is longer than {to_text(most)}, the most that {whose}"
            raise Invalid(field="duration", why=why)

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Assume the role, with a session that is named after the request.

        Raises:
            ProviderFailed: AWS refused, or its answer did not come.
        """
        role = self._role_of(order)
        await self._sessions.require_a_way(role)
        answer = await self._assume(role, order)
        # Counted by our own clock from after the answer: it then never says that
        # a session is over which AWS would still take.
        now = self._clock.now()
        until = now + timedelta(seconds=order.duration_seconds)
        keys = answer["Credentials"]
        return IssuedGrant(
            secrets=Secrets(
                variables={
                    "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                    "AWS_SESSION_TOKEN": keys["SessionToken"],
                    "AWS_DEFAULT_REGION": self._settings.region,
                    "AWS_REGION": self._settings.region,
                }
            ),
            issued_at=now,
            expires_at=until,
            handle=str(_Handle(role=role, until=until)),
        )

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Deny the session everything, unless AWS has ended it already.

        Raises:
            ProviderFailed: it may still be in force.
        """
        now = self._clock.now()
        granted = _Handle.read(handle)
        if granted is None:
            late = now + timedelta(seconds=order.duration_seconds) + _LATE
            granted = _Handle(role=self._role_of(order), until=late)
        if granted.until <= now:
            return
        await self._sessions.end(
            granted.role, _session_name(order), until=granted.until
        )

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the session's time runs and the role does not deny it.

        Raises:
            ProviderFailed: AWS does not say; it keeps no list of sessions.
        """
        granted = _Handle.read(handle)
        if granted is not None and granted.until <= self._clock.now():
            return False
        role = granted.role if granted is not None else self._role_of(order)
        if await self._sessions.is_ended(role, _session_name(order)):
            return False
        if granted is None:
            why = "AWS keeps no list of sessions; nobody knows whether there was one"
            raise ProviderFailed(provider=self._name, why=why)
        return True

    @override
    async def check(self) -> str:
        """Return the ARN of whom jitsudo is.

        Raises:
            ProviderFailed: AWS is not reached, or takes no credentials of ours.
        """
        with aws_failures(self._name, "sts:GetCallerIdentity"):
            async with self._access.sts() as sts:
                return (await sts.get_caller_identity())["Arn"]

    @override
    async def close(self) -> None:
        """Close nothing: each call closes what it opened."""

    def _checked_role(self, *, role: str, scope: str) -> RoleArn:
        if not ACCOUNT.fullmatch(scope):
            raise Invalid(field="scope", why="is no AWS account; write its 12 digits")
        if not ROLE_NAME.fullmatch(role):
            why = "is no name of an IAM role: letters, digits and _+=,.@- only"
            raise Invalid(field="role", why=why)
        found = self._settings.role.filled(scope=scope, role=role)
        if found.account != scope:
            why = f"is not {found.account}, the one account of this provider"
            raise Invalid(field="scope", why=why)
        if len(found.name) > ROLE_NAME_LIMIT:
            why = f"makes a role name of over {ROLE_NAME_LIMIT} characters"
            raise Invalid(field="role", why=why)
        if self._sessions.is_revoker(found):
            why = "is the role that ends sessions; nobody can ask for it"
            raise Invalid(field="role", why=why)
        return found

    def _role_of(self, order: GrantOrder) -> RoleArn:
        try:
            return self._checked_role(role=order.role, scope=order.resource_scope)
        except Invalid as error:
            why = f"the settings have changed since: {error.field} {error.why}"
            raise ProviderFailed(provider=self._name, why=why) from error

    async def _assume(
        self, role: RoleArn, order: GrantOrder
    ) -> "AssumeRoleResponseTypeDef":
        asked = self._asked(role, order)
        with aws_failures(self._name, "sts:AssumeRole", denied=_TRUST):
            async with self._access.sts() as sts:
                try:
                    return await sts.assume_role(**asked)
                except ClientError as error:
                    if code_of(error) == "ValidationError":
                        raise self._too_long(order, error) from error
                    if code_of(error) != "PackedPolicyTooLarge":
                        raise
                # The reason is in our own audit log; it must not cost the grant.
                asked["Tags"] = [tag for tag in asked["Tags"] if tag["Key"] != "Reason"]
                return await sts.assume_role(**asked)

    def _asked(self, role: RoleArn, order: GrantOrder) -> "AssumeRoleRequestTypeDef":
        asked: AssumeRoleRequestTypeDef = {
            "RoleArn": role.text,
            "RoleSessionName": _session_name(order),
            "DurationSeconds": order.duration_seconds,
            "Tags": [
                {"Key": "RequestID", "Value": order.request_id},
                {"Key": "UserIdentity", "Value": to_tag(order.requester, "-")},
                {"Key": "Reason", "Value": to_tag(order.reason, " ")},
            ],
        }
        if self._settings.external_id:
            asked["ExternalId"] = self._settings.external_id
        if self._settings.source_identity:
            asked["SourceIdentity"] = to_source_identity(order.requester)
        return asked

    def _too_long(self, order: GrantOrder, error: ClientError) -> ProviderFailed:
        length = to_text(timedelta(seconds=order.duration_seconds))
        return ProviderFailed(
            provider=self._name,
            why=f"AWS refused sts:AssumeRole for {length}; a role's own "
            "MaxSessionDuration (1h unless raised) is a limit, and so is 1h where "
            f"jitsudo runs with a role of its own: {text_of(error)}",
        )


def from_settings(
    name: str, settings: Mapping[str, object], clock: Clock
) -> AwsProvider:
    """Build the provider from its part of the settings file.

    Raises:
        pydantic.ValidationError: a setting cannot be.
    """
    return AwsProvider(
        name=name, settings=AwsSettings.model_validate(settings), clock=clock
    )


def _session_name(order: GrantOrder) -> str:
    """Return 38 characters that STS takes: ids are `req_` and a ULID."""
    return f"jitsudo-{order.request_id}"
