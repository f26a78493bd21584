"""jitsudo's own credentials at Azure, of the kind that the settings name."""

from collections.abc import Mapping

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from core.errors import ConfigurationError
from core.providers.azure_settings import AzureSettings, CredentialKind


def to_credential(
    name: str, settings: AzureSettings, environment: Mapping[str, str]
) -> AsyncTokenCredential:
    """Return credentials that have no token yet; asks nobody.

    Args:
        name: the provider's, for the error.

    Raises:
        ConfigurationError: the secret is not where the settings say, or the
            machine lacks what this kind needs.
    """
    authority = settings.authority_host
    try:
        match settings.credential:
            case CredentialKind.DEFAULT:
                return DefaultAzureCredential(authority=authority)
            case CredentialKind.MANAGED_IDENTITY:
                return ManagedIdentityCredential(client_id=settings.client_id)
            case CredentialKind.WORKLOAD_IDENTITY:
                return WorkloadIdentityCredential(
                    tenant_id=settings.tenant_id,
                    client_id=settings.client_id,
                    authority=authority,
                )
            case CredentialKind.CLIENT_SECRET:
                return ClientSecretCredential(
                    str(settings.tenant_id),
                    str(settings.client_id),
                    _secret(settings, environment),
                    authority=authority,
                )
    except ValueError as error:
        raise ConfigurationError(
            setting=f"providers.{name}.credential", why=_first_line(error)
        ) from error


def name_of(settings: AzureSettings) -> str:
    """Return whose credentials they are, as far as the settings say."""
    kind = settings.credential.value.replace("_", " ")
    return kind if settings.client_id is None else f"{kind} of {settings.client_id}"


def _secret(settings: AzureSettings, environment: Mapping[str, str]) -> str:
    variable = settings.client_secret_variable or ""
    secret = environment.get(variable, "")
    if not secret:
        message = f"the environment variable {variable} holds no client secret"
        raise ValueError(message)
    return secret


def _first_line(error: ValueError) -> str:
    return (str(error).splitlines() or ["it cannot be used"])[0]
