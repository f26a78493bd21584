"""The settings of the provider `azure`."""

from datetime import timedelta
from enum import Enum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.providers.endpoints import Endpoint
from core.settings import Duration

_DEFAULT_LONGEST: Final = timedelta(hours=12)


class CredentialKind(Enum):
    """Where jitsudo's own credentials come from."""

    DEFAULT = "default"
    """Whatever the machine offers, as Azure's own tools look for it."""
    CLIENT_SECRET = "client_secret"  # noqa: S105  # names a kind, holds nothing
    """A registered application's secret, from a variable that is named."""
    WORKLOAD_IDENTITY = "workload_identity"
    """A Kubernetes service account that Entra trusts."""
    MANAGED_IDENTITY = "managed_identity"
    """The identity of the machine itself."""


_TAKES_TENANT: Final = {CredentialKind.CLIENT_SECRET, CredentialKind.WORKLOAD_IDENTITY}


class AzureSettings(BaseModel):
    """What the provider needs to know.

    Attributes:
        max_duration: longer requests are refused when they are made.
        allowed_roles: the only roles that can be asked for, by name or id, as they
            are listed; without any, all but those that can assign roles.
        mark: begins the description of every assignment of ours. Two installations
            that assign in the same tenant need different ones.
        client_secret_variable: the environment variable that holds the secret.
        authority_host: Entra; another one in a sovereign cloud, as the next two.
        arm_endpoint: the root of Azure Resource Manager.
        graph_endpoint: the root of Microsoft Graph.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_duration: Duration = Field(default=_DEFAULT_LONGEST, gt=timedelta(0))
    allowed_roles: tuple[str, ...] = ()
    mark: str = Field(default="jitsudo", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
    credential: CredentialKind = CredentialKind.DEFAULT
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret_variable: str | None = None
    authority_host: Endpoint = "https://login.microsoftonline.com"
    arm_endpoint: Endpoint = "https://management.azure.com"
    graph_endpoint: Endpoint = "https://graph.microsoft.com"

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        """Refuse settings that this kind of credential would not look at."""
        kind = self.credential
        secret_parts = (self.tenant_id, self.client_id, self.client_secret_variable)
        if kind is CredentialKind.CLIENT_SECRET:
            if None in secret_parts:
                message = (
                    "credential: client_secret needs tenant_id, client_id and "
                    "client_secret_variable"
                )
                raise ValueError(message)
        elif self.client_secret_variable is not None:
            message = "client_secret_variable is for credential: client_secret"
            raise ValueError(message)
        if self.tenant_id is not None and kind not in _TAKES_TENANT:
            message = f"tenant_id means nothing with credential: {kind.value}"
            raise ValueError(message)
        if self.client_id is not None and kind is CredentialKind.DEFAULT:
            message = "client_id needs credential: to say of what kind it is"
            raise ValueError(message)
        return self
