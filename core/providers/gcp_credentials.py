"""jitsudo's own credentials at Google: loaded from where the settings say."""

from pathlib import Path
from typing import Final

import google.auth
from google.auth import impersonated_credentials
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import service_account

from core.errors import ProviderFailed

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)


def load_credentials(
    *, provider: str, key_file: Path | None, impersonate: str | None
) -> Credentials:
    """Return credentials that have no token yet; reads files, may ask this machine.

    It blocks: on a machine of Google's it asks the metadata server.

    Raises:
        ProviderFailed: there are none, or the file holds none.
    """
    source = (
        _of_this_machine(provider) if key_file is None else _of_key(provider, key_file)
    )
    if impersonate is None:
        return source
    return impersonated_credentials.Credentials(
        source_credentials=source,
        target_principal=impersonate,
        target_scopes=list(SCOPES),
    )


def name_of(credentials: Credentials) -> str:
    """Return whose credentials they are, as far as they say."""
    email = getattr(credentials, "service_account_email", None)
    return str(email) if email else "application default credentials"


def _of_this_machine(provider: str) -> Credentials:
    try:
        found, _ = google.auth.default(scopes=list(SCOPES))
    except GoogleAuthError as error:
        raise ProviderFailed(
            provider=provider,
            why="no application default credentials can be had; set "
            "service_account_file, or run where Google provides them",
        ) from error
    return found


def _of_key(provider: str, key_file: Path) -> Credentials:
    try:
        found: Credentials = service_account.Credentials.from_service_account_file(
            str(key_file), scopes=list(SCOPES)
        )
    except (GoogleAuthError, ValueError) as error:
        raise ProviderFailed(
            provider=provider,
            why="service_account_file holds no key of a service account",
        ) from error
    except OSError as error:
        raise ProviderFailed(
            provider=provider,
            why=f"service_account_file cannot be read: {error.strerror}",
        ) from error
    return found
