"""The provider `gcp`: a role in a project, by a binding that ends by itself."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from typing_extensions import override

from core.domain.grant import GrantOrder, IssuedGrant, Secrets
from core.domain.request import Ask
from core.duration import to_text
from core.errors import Invalid, ProviderFailed
from core.ports import Clock, CredentialProvider
from core.providers.gcp_api import ResourceManager
from core.providers.gcp_changes import PAUSES_SECONDS, PolicyChanges
from core.providers.gcp_credentials import load_credentials, name_of
from core.providers.gcp_names import (
    POLICY_ROLES,
    to_grantable_role,
    to_member,
    to_project,
)
from core.providers.gcp_policy import (
    Binding,
    Policy,
    end_of,
    titled,
    with_binding,
    without,
)
from core.providers.gcp_settings import GcpSettings

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""How far a binding of ours may end after what it could, by clocks that differ."""


class GcpProvider(CredentialProvider):
    """Adds one conditional binding per request to a project's policy.

    Its title names the request and is the mark of what is ours. Google ends it
    by its condition; the end takes it out as well, so that nothing is left.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: GcpSettings,
        api: ResourceManager,
        clock: Clock,
        pauses: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        """Keep what it needs.

        Args:
            pauses: seconds before each try to write a policy.
        """
        self._name = name
        self._settings = settings
        self._api = api
        self._changes = PolicyChanges(provider=name, api=api, pauses=pauses)
        self._clock = clock

    @property
    @override
    def name(self) -> str:
        """Return the name requests use."""
        return self._name

    @override
    def lane(self, requester: str, ask: Ask) -> None:
        """Return None: each request has a binding of its own.

        All share the project's one policy, but its etag refuses a write that
        another came before, and the write is done again. A lane per project would
        have an urgent end wait behind a grant that hangs.
        """

    @override
    def validate(self, ask: Ask) -> None:
        """Refuse what Google would not give with an end, or is not allowed here.

        Raises:
            Invalid: naming the field.
        """
        project = to_project(ask.resource_scope)
        role = to_grantable_role(ask.role, project=project)
        allowed = self._settings.allowed_roles
        if allowed and role not in allowed:
            raise Invalid(field="role", why=f"{role} is not among the allowed roles")
        if not allowed and role in POLICY_ROLES:
            raise Invalid(
                field="role",
                why=f"{role} can change the policy itself, so that no end would hold; "
                "only allowed_roles can let it be asked for",
            )
        longest = self._settings.max_duration
        if ask.duration > longest:
            raise Invalid(field="duration", why=f"is longer than {to_text(longest)}")

    @override
    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Add the binding, or return the one that is there for this request.

        Raises:
            ProviderFailed: it was not added, or nobody knows.
        """
        binding = self._binding(order)
        titles = frozenset({binding.title})
        project = self._project(order)
        edit = partial(self._granted, order, binding)
        policy = await self._changes.make(project, edit, adding=binding)
        for record in titled(policy, titles):
            end = end_of(record)
            if end is not None and binding.is_in(record):
                return IssuedGrant(
                    secrets=_secrets(project),
                    issued_at=end - timedelta(seconds=order.duration_seconds),
                    expires_at=end,
                    handle=binding.title,
                )
        raise self._failed(
            why="Google took the binding, but its answer does not have it"
        )

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """Take the binding out, also after its end, and read that it is gone.

        Raises:
            ProviderFailed: it may still be there.
        """
        project, titles = self._project(order), self._titles(order, handle)

        def edit(policy: Policy) -> Policy | None:
            return without(policy, titles) if titled(policy, titles) else None

        await self._changes.make(project, edit)
        if titled(await self._api.policy(project), titles):
            raise self._failed(why="Google took the change, but still has the binding")

    @override
    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the binding is there and its end has not come.

        Raises:
            ProviderFailed: Google does not say.
        """
        policy = await self._api.policy(self._project(order))
        now = self._clock.now()
        ours = titled(policy, self._titles(order, handle))
        ends = (end_of(record) for record in ours)
        return any(end is not None and now < end for end in ends)

    @override
    async def check(self) -> str:
        """Return whose credentials they are, and a project that they see.

        Raises:
            ProviderFailed: Google cannot be reached, or does not take them.
        """
        project = await self._api.any_project()
        credentials = self._api.credentials
        who = "somebody" if credentials is None else name_of(credentials)
        return f"{who}, sees {project or 'no project yet'}"

    @override
    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def _granted(
        self, order: GrantOrder, binding: Binding, policy: Policy
    ) -> Policy | None:
        """Return the policy with the binding; None if it has it already.

        One whose end has come before anybody heard of it is made anew.

        Raises:
            ProviderFailed: the title is there, on something else.
        """
        for record in titled(policy, frozenset({binding.title})):
            end = end_of(record)
            latest = binding.ends_at + _CLOCKS_DIFFER
            if end is None or end > latest or not binding.is_in(record):
                raise self._failed(
                    why=f"a binding titled {binding.title} is in the policy of "
                    f"{order.resource_scope} and says something else; take it out"
                )
            if end > self._clock.now():
                return None
        return with_binding(policy, binding)

    def _binding(self, order: GrantOrder) -> Binding:
        """Return the binding that an order is for, its end counted from now."""
        try:
            role = to_grantable_role(order.role, project=self._project(order))
            member = to_member(order.requester)
        except Invalid as error:
            raise self._failed(why=str(error)) from error
        end = self._clock.now() + timedelta(seconds=order.duration_seconds)
        return Binding(
            title=self._title(order),
            role=role,
            member=member,
            ends_at=end.replace(microsecond=0),
        )

    def _project(self, order: GrantOrder) -> str:
        try:
            return to_project(order.resource_scope)
        except Invalid as error:
            raise self._failed(why=str(error)) from error

    def _title(self, order: GrantOrder) -> str:
        return f"{self._settings.condition_title_prefix}-{order.request_id}"

    def _titles(self, order: GrantOrder, handle: str) -> frozenset[str]:
        """Return the title, also the one from before the prefix was changed."""
        is_its_own = handle.endswith(f"-{order.request_id}")
        return frozenset({self._title(order), *([handle] if is_its_own else [])})

    def _failed(self, *, why: str) -> ProviderFailed:
        return ProviderFailed(provider=self._name, why=why)


def _secrets(project: str) -> Secrets:
    """Return what the person's own login at Google needs; there is no secret in it."""
    names = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
    return Secrets(variables=dict.fromkeys(names, project))


def from_settings(
    name: str, settings: Mapping[str, object], clock: Clock
) -> GcpProvider:
    """Return the provider that a part of the settings file describes.

    Raises:
        pydantic.ValidationError: a setting cannot be.
    """
    own = GcpSettings.model_validate(settings)
    load = partial(
        load_credentials,
        provider=name,
        key_file=own.service_account_file,
        impersonate=own.impersonate_service_account,
    )
    api = ResourceManager(provider=name, endpoint=own.endpoint, load=load)
    return GcpProvider(name=name, settings=own, api=api, clock=clock)
