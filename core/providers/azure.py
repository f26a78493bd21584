"""The provider `azure`: a role at a scope, by an assignment that jitsudo removes."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.duration import to_text
from core.environment import read_environment
from core.errors import Invalid, ProviderFailed
from core.ports import Clock, CredentialProvider
from core.providers.azure_changes import PAUSES_SECONDS, AssignmentChanges
from core.providers.azure_credentials import name_of, to_credential
from core.providers.azure_names import (
    ASSIGNING_ROLES,
    subscription_of,
    to_lane,
    to_scope,
)
from core.providers.azure_orders import AssignmentOrders
from core.providers.azure_parts import Azure, to_azure
from core.providers.azure_settings import AzureSettings


class AzureProvider(CredentialProvider):
    """Assigns a role to a person, and deletes the assignment at the end.

    Azure keeps one assignment for each person, role and scope, so that requests
    for the same share it. Its id follows from the three, and its description
    says whose it is; one that is not ours is standing access, and is left alone.
    """

    def __init__(
        self,
        *,
        name: str,
        azure: Azure,
        clock: Clock,
        pauses: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        """Keep what it needs.

        Args:
            pauses: seconds between looks at what Azure has not heard of yet.
        """
        self._name = name
        self._azure = azure
        self._settings = azure.settings
        self._clock = clock
        self._orders = AssignmentOrders(provider=name, azure=azure)
        self._changes = AssignmentChanges(
            provider=name, assignments=azure.assignments, pauses=pauses
        )

    @property
    @override
    def name(self) -> str:
        """Return the name requests use."""
        return self._name

    @override
    def lane(self, requester: str, ask: Ask) -> str:
        """Return what every request for the same assignment shares."""
        scope = to_scope(ask.resource_scope)
        return to_lane(requester=requester, role=ask.role, scope=scope)

    @override
    def validate(self, ask: Ask) -> None:
        """Refuse what is no scope, is not allowed here, or lasts too long.

        Raises:
            Invalid: naming the field.
        """
        to_scope(ask.resource_scope)
        role = ask.role.casefold()
        allowed = {allowed.casefold() for allowed in self._settings.allowed_roles}
        if allowed and role not in allowed:
            raise Invalid(
                field="role", why=f"{ask.role} is not among the allowed roles"
            )
        if not allowed and role in ASSIGNING_ROLES:
            raise Invalid(
                field="role",
                why=f"{ask.role} can assign roles, so that no end would hold; "
                "only allowed_roles can let it be asked for",
            )
        longest = self._settings.max_duration
        if ask.duration > longest:
            raise Invalid(field="duration", why=f"is longer than {to_text(longest)}")

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Assign the role, or find that a request of the same lane did.

        Raises:
            ProviderFailed: it was not assigned, nobody knows, or the person has
                the role by somebody else's assignment.
        """
        wanted = await self._orders.wanted(order)
        try:
            found = await self._changes.make(wanted)
        except ProviderFailed:
            self._azure.roles.forget(wanted.scope, order.role)
            raise
        self._orders.recognise(order, found)
        now = self._clock.now()
        return IssuedGrant(
            secrets=_secrets(wanted.scope),
            issued_at=now,
            expires_at=now + timedelta(seconds=order.duration_seconds),
            handle=wanted.path,
        )

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Delete the assignment and read that it is gone; leave a shared one.

        Raises:
            ProviderFailed: it may still be there.
        """
        if order.is_shared:
            return
        for scope, name in await self._orders.ours(order, handle):
            await self._changes.remove(scope, name)

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the assignment is there.

        Raises:
            ProviderFailed: Azure does not say.
        """
        for scope, name in await self._orders.ours(order, handle):
            if await self._azure.assignments.get(scope, name) is not None:
                return True
        return False

    @override
    async def check(self) -> str:
        """Return whose credentials they are, and how many subscriptions they see.

        Raises:
            ProviderFailed: Azure or Graph cannot be reached, or does not take them.
        """
        await self._azure.people.can_read()
        reply = await self._azure.manager.read(
            "/subscriptions", {"api-version": "2022-12-01"}
        )
        seen = len(reply.get("value", ()))
        return f"{name_of(self._settings)}, sees {seen} subscriptions"

    @override
    async def close(self) -> None:
        """Close every connection."""
        await self._azure.close()


def _secrets(scope: str) -> Secrets:
    """Return what the person's own login at Azure needs; there is no secret in it."""
    subscription = subscription_of(scope)
    known = {} if subscription is None else {"AZURE_SUBSCRIPTION_ID": subscription}
    return Secrets(variables=known)


def from_settings(
    name: str, settings: Mapping[str, object], clock: Clock
) -> AzureProvider:
    """Return the provider that a part of the settings file describes.

    Raises:
        pydantic.ValidationError: a setting cannot be.
        ConfigurationError: jitsudo's own credentials cannot be had that way.
    """
    own = AzureSettings.model_validate(settings)
    credential = to_credential(name, own, read_environment())
    azure = to_azure(name=name, settings=own, credential=credential, clock=clock)
    return AzureProvider(name=name, azure=azure, clock=clock)
