"""What Azure answers when it does not do what was asked, in one line each.

Source:
    https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DeserializationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError

from core.errors import ProviderFailed

REQUEST_SECONDS: Final = 8.0
"""The longest that one request may take; a call to the provider has a few."""

_SAID_LIMIT: Final = 160
"""Characters of Azure's own sentence that are kept."""

_ENTRA: Final = re.compile(r"AADSTS[0-9]+")

_MEANINGS: Final = {
    "AuthorizationFailed": "jitsudo may not do that at this scope; docs/providers.md "
    "has the role it needs",
    "Authorization_RequestDenied": "jitsudo may not look people up; its application "
    "needs User.Read.All in Microsoft Graph, with admin consent",
    "RoleAssignmentLimitExceeded": "the subscription has as many role assignments as "
    "Azure allows; delete old ones",
    "ScopeLocked": "a lock on the scope keeps role assignments from being deleted; "
    "remove the lock",
    "SubscriptionNotFound": "there is no such subscription, or not in the tenant that "
    "jitsudo signs in to",
    "ResourceGroupNotFound": "there is no such resource group",
    "RoleDefinitionDoesNotExist": "there is no such role at this scope any more",
}
"""By Azure's error code, what to do about it."""


class Unknown(Exception):
    """Azure answered that there is not exactly one of what was looked for."""

    def __init__(self, *, why: str) -> None:
        """Say what there is not."""
        self.why = why
        super().__init__(why)


@asynccontextmanager
async def asking(provider: str) -> AsyncIterator[None]:
    """Bound a request, and turn whatever the client raises into one failure.

    Raises:
        ProviderFailed: instead of every error of the client, and of time.
    """
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            yield
    except TimeoutError as error:
        why = "Azure did not answer in time; nobody knows whether it was done"
        raise ProviderFailed(provider=provider, why=why) from error
    except (AzureError, DeserializationError) as error:
        raise ProviderFailed(provider=provider, why=why_not(error)) from error


def code_of(error: HttpResponseError) -> str:
    """Return Azure's own code for an error answer; empty if it has none."""
    return str(getattr(error.error, "code", "") or "")


def why_not(error: Exception) -> str:
    """Return what an error means, and what to do about it."""
    match error:
        case CredentialUnavailableError():
            return "no credentials for Azure can be had here; set credential"
        case ClientAuthenticationError():
            return _why_unknown(error)
        case HttpResponseError():
            return _why_refused(error)
        case ServiceRequestError():
            return "Azure cannot be reached"
        case ServiceResponseError():
            return "the connection to Azure broke; nobody knows whether it was done"
        case _:
            return "Azure's answer cannot be read"


def _why_unknown(error: ClientAuthenticationError) -> str:
    """Return why jitsudo is not taken for itself; Entra's text stays out."""
    entra = _ENTRA.search(str(error.message))
    if entra is not None or error.response is None:
        code = entra[0] if entra else "no reason given"
        return (
            f"Entra gives jitsudo no token ({code}); check its client id, and whether "
            "its secret has expired"
        )
    return (
        "Azure does not take jitsudo's credentials "
        f"({code_of(error) or 'status 401'}); check that its application is enabled"
    )


def _why_refused(error: HttpResponseError) -> str:
    code = code_of(error)
    if code in _MEANINGS:
        return _MEANINGS[code]
    if error.status_code == 429:  # noqa: PLR2004  # Too Many Requests
        return "Azure asks to slow down; it is tried again"
    said = str(getattr(error.error, "message", "") or "no reason given")
    return f"Azure answered {error.status_code} {code}: {said[:_SAID_LIMIT]}"
