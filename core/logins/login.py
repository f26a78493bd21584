"""What a stored login is, and what a profile may be called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from typing_extensions import override

from core.errors import Invalid

HOME_VARIABLE: Final = "JITSUDO_HOME"
"""Moves `~/.jitsudo`."""

DEFAULT_PROFILE: Final = "default"
"""The profile that is used when none is named."""

_PROFILE_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class LoginKind(Enum):
    """How somebody signed in, which decides how the login ends and goes on."""

    TOKEN = "token"  # noqa: S105 - a kind's name
    OIDC = "oidc"
    SLACK = "slack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """One stored login; its token is for its server and no other.

    Attributes:
        expires_at: until when the token is valid; None if nobody said.
        is_demo: whether a demo wrote it, so that a demo may replace it.
        refresh_token: gets the next token from the issuer; empty if there is none.
        issuer: the identity provider that signed the person in; empty if none did.
        client_id: who the terminal is to that issuer.
        discovery_url: where the issuer's document is; empty for the usual place.
        ca_file: how the server is reached: with `client_cert` and `client_key`,
            absolute paths or empty.
    """

    server: str
    token: str
    email: str = ""
    expires_at: datetime | None = None
    is_demo: bool = False
    kind: LoginKind = LoginKind.TOKEN
    refresh_token: str = ""
    issuer: str = ""
    client_id: str = ""
    discovery_url: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""

    @property
    def can_renew(self) -> bool:
        """Tell whether the issuer may be asked for the next token."""
        return bool(self.refresh_token and self.issuer and self.client_id)

    @override
    def __repr__(self) -> str:
        """Show who and where, and neither of the tokens."""
        return f"Login({self.email} at {self.server})"


def home_directory(environment: Mapping[str, str]) -> Path:
    """Return where the terminal keeps its files, without making it."""
    named = environment.get(HOME_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".jitsudo"


def checked_profile(name: str) -> str:
    """Return `name` if it can name a profile.

    Raises:
        Invalid: it has anything but letters, digits, dot, dash and underscore.
    """
    if not _PROFILE_PATTERN.fullmatch(name):
        raise Invalid(
            field="profile",
            why="use up to 64 letters, digits, dots, dashes and underscores",
        )
    return name
