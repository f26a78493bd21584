"""The provider `aws-identity-center`: permission sets assigned for a while."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override
from ulid import ULID

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.duration import to_text
from core.errors import Invalid, ProviderFailed
from core.ports import Clock, CredentialProvider
from core.providers.aws_access import AwsAccess
from core.providers.aws_assignments import Assignment, Assignments
from core.providers.aws_errors import aws_failures
from core.providers.aws_instances import Instances
from core.providers.aws_settings import ACCOUNT, ROLE_NAME, EndpointUrl, Region
from core.settings import Duration

PERMISSION_SET_LIMIT: Final = 32
"""Characters in a permission set's name. Source: SSO Admin API reference."""

_SKEW: Final = timedelta(seconds=30)
"""How far AWS's clock and ours may be apart."""


class IdentityCenterSettings(BaseModel):
    """The part `providers: {aws-identity-center: …}` of the settings file.

    Attributes:
        region: where Identity Center lives; it has one.
        instance_arn: which instance, where credentials of ours see several.
        identity_store_id: the directory of that instance.
        start_url: the access portal, for the requester's tools.
        endpoint_url: instead of AWS's own addresses, for tests.
        max_duration: asks for longer are refused; None leaves it to policy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Region
    instance_arn: Annotated[
        str | None, Field(pattern=r"^arn:aws[a-z-]*:sso:::instance/[A-Za-z0-9.-]+$")
    ] = None
    identity_store_id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = (
        None
    )
    start_url: Annotated[str | None, Field(pattern=r"^https://[^\s]+$")] = None
    endpoint_url: EndpointUrl | None = None
    max_duration: Annotated[Duration | None, Field(gt=timedelta(0))] = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.instance_arn is None) is not (self.identity_store_id is None):
            message = "set instance_arn and identity_store_id together, or neither"
            raise ValueError(message)
        return self


class IdentityCenterProvider(CredentialProvider):
    """Assigns a permission set in an account to a person, and takes it back.

    AWS keeps one assignment for (person, permission set, account) and no mark on
    it. What tells ours from a standing one is the handle; where that was lost,
    the list of creations that AWS keeps: ours is younger than its request.
    """

    def __init__(
        self, *, name: str, settings: IdentityCenterSettings, clock: Clock
    ) -> None:
        """Prepare; nothing is connected before the first call."""
        self._name = name
        self._settings = settings
        self._clock = clock
        self._access = AwsAccess(
            region=settings.region, endpoint_url=settings.endpoint_url
        )
        self._instances = Instances(
            name=name,
            instance_arn=settings.instance_arn,
            identity_store_id=settings.identity_store_id,
        )

    @property
    @override
    def name(self) -> str:
        """Return the name requests use."""
        return self._name

    @override
    def lane(self, requester: str, ask: Ask) -> str:
        """Return the assignment, which every request for it shares."""
        return f"aws-identity-center:{requester}|{ask.role}|{ask.resource_scope}"

    @override
    def validate(self, ask: Ask) -> None:
        """Refuse what is no account, no permission set, or too long.

        Raises:
            Invalid: naming the field.
        """
        if not ACCOUNT.fullmatch(ask.resource_scope):
            raise Invalid(field="scope", why="is no AWS account; write its 12 digits")
        name = ask.role
        if not ROLE_NAME.fullmatch(name) or len(name) > PERMISSION_SET_LIMIT:
            why = "is no permission set's name: up to 32 letters, digits and _+=,.@-"
            raise Invalid(field="role", why=why)
        most = self._settings.max_duration
        if most is not None and ask.duration > most:
            why = f"is longer than {to_text(most)}, the most that may be asked for here"
            raise Invalid(field="duration", why=why)

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Create the assignment, or find that it is there for a request of ours.

        Raises:
            ProviderFailed: it is not assigned; or it was before, by others.
        """
        async with self._assignments("assigning a permission set") as assignments:
            wanted = await self._find(assignments, order)
            is_ours = order.is_shared or (
                order.attempt > 1
                and await assignments.was_created(wanted, since=_asked_at(order))
            )
            if not await assignments.exists(wanted):
                await assignments.create(wanted)
            elif not is_ours:
                raise self._is_standing(order)
        now = self._clock.now()
        return IssuedGrant(
            secrets=self._hints(wanted),
            issued_at=now,
            expires_at=now + timedelta(seconds=order.duration_seconds),
            handle=wanted.to_handle(),
        )

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Delete the assignment, unless another request still has it.

        Raises:
            ProviderFailed: it may still be there.
        """
        if order.is_shared:
            return
        async with self._assignments("taking a permission set back") as assignments:
            granted = Assignment.from_handle(handle)
            if granted is None:
                granted = await self._lost(assignments, order)
            if granted is not None and await assignments.exists(granted):
                await assignments.delete(granted)

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the assignment is there, and for a request of ours.

        Raises:
            ProviderFailed: AWS does not say.
        """
        async with self._assignments("looking at assignments") as assignments:
            granted = Assignment.from_handle(handle)
            if granted is None:
                granted = await self._lost(assignments, order)
            return granted is not None and await assignments.exists(granted)

    @override
    async def check(self) -> str:
        """Return the Identity Center that is managed.

        Raises:
            ProviderFailed: it is not reached, or not ours to manage.
        """
        async with self._assignments("looking at Identity Center") as assignments:
            instance = await self._instances.instance(assignments.admin)
        return f"{instance.arn} with directory {instance.identity_store_id}"

    @override
    async def close(self) -> None:
        """Close nothing: each call closes what it opened."""

    @asynccontextmanager
    async def _assignments(self, doing: str) -> AsyncIterator[Assignments]:
        with aws_failures(
            self._name, doing, denied="see the permissions in docs/providers.md"
        ):
            async with (
                self._access.sso_admin() as admin,
                self._access.identity_store() as people,
            ):
                yield Assignments(name=self._name, admin=admin, people=people)

    async def _find(self, assignments: Assignments, order: GrantOrder) -> Assignment:
        """Return what is asked for, in AWS's ids.

        Raises:
            ProviderFailed: there is no such person or permission set.
        """
        found = await self._look_up(assignments, order)
        if isinstance(found, str):
            raise ProviderFailed(provider=self._name, why=found)
        return found

    async def _look_up(
        self, assignments: Assignments, order: GrantOrder
    ) -> Assignment | str:
        """Return what is asked for, or what is not there."""
        instance = await self._instances.instance(assignments.admin)
        user_id = await self._instances.user_id(
            assignments.people, instance, order.requester
        )
        if user_id is None:
            return (
                f"nobody in Identity Center has the user name or e-mail "
                f"{order.requester}; add them, or mend how they are spelt there"
            )
        arn = await self._instances.permission_set(
            assignments.admin, instance, order.role
        )
        if arn is None:
            return f"there is no permission set {order.role} in Identity Center"
        return Assignment(
            instance_arn=instance.arn,
            account=order.resource_scope,
            permission_set=arn,
            user_id=user_id,
            role=order.role,
        )

    def _is_standing(self, order: GrantOrder) -> ProviderFailed:
        return ProviderFailed(
            provider=self._name,
            why=f"{order.requester} has {order.role} in {order.resource_scope} "
            "already, assigned outside jitsudo; it is left as it is, and nothing is "
            "granted. Remove that assignment, or let this request be given up",
        )

    async def _lost(
        self, assignments: Assignments, order: GrantOrder
    ) -> Assignment | None:
        """Return what a call whose answer never came has made, if it made any."""
        found = await self._look_up(assignments, order)
        if isinstance(found, str):
            return None
        is_ours = await assignments.was_created(found, since=_asked_at(order))
        return found if is_ours else None

    def _hints(self, granted: Assignment) -> Secrets:
        variables = {
            "AWS_SSO_ACCOUNT_ID": granted.account,
            "AWS_SSO_ROLE_NAME": granted.role,
            "AWS_SSO_REGION": self._settings.region,
        }
        if self._settings.start_url is not None:
            variables["AWS_SSO_START_URL"] = self._settings.start_url
        return Secrets(variables=variables)


def from_settings(
    name: str, settings: Mapping[str, object], clock: Clock
) -> IdentityCenterProvider:
    """Build the provider from its part of the settings file.

    Raises:
        pydantic.ValidationError: a setting cannot be.
    """
    return IdentityCenterProvider(
        name=name,
        settings=IdentityCenterSettings.model_validate(settings),
        clock=clock,
    )


def _asked_at(order: GrantOrder) -> datetime:
    """Return when the request was made, which its id says, or a little earlier."""
    return ULID.from_str(order.request_id.removeprefix("req_")).datetime - _SKEW
