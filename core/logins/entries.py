"""A login as an entry of the file, and back."""

from datetime import UTC, datetime
from typing import Final

from core.logins.login import Login, LoginKind

_REQUIRED: Final = ("server_url", "token")
_TEXTS: Final = (
    "email",
    "refresh_token",
    "issuer",
    "client_id",
    "discovery_url",
    "ca_file",
    "client_cert",
    "client_key",
)
"""Optional, and called the same in a `Login`."""
_KNOWN: Final = frozenset({*_REQUIRED, *_TEXTS, "expires_at", "demo", "kind"})


class OddEntry(Exception):
    """What is there is no login; the sentence goes on after the file's name."""


def from_entry(name: str, entry: object) -> Login:
    """Return the login of a profile.

    Raises:
        OddEntry: it is none.
    """
    if not isinstance(entry, dict) or not set(entry) <= _KNOWN:
        message = f"has no login in profile {name!r}"
        raise OddEntry(message)
    if any(not isinstance(entry.get(key), str) for key in _REQUIRED):
        message = f"profile {name!r} needs server_url and token"
        raise OddEntry(message)
    return Login(
        server=entry["server_url"],
        token=entry["token"],
        expires_at=_moment(name, entry.get("expires_at")),
        is_demo=entry.get("demo") is True,
        kind=_kind(name, entry.get("kind", LoginKind.TOKEN.value)),
        **{key: str(entry.get(key, "")) for key in _TEXTS},
    )


def to_entry(login: Login) -> dict[str, object]:
    """Return what is written of a login; nothing that says nothing."""
    entry: dict[str, object] = {"server_url": login.server, "token": login.token}
    entry |= {key: text for key in _TEXTS if (text := getattr(login, key))}
    if login.expires_at is not None:
        entry["expires_at"] = login.expires_at.isoformat()
    if login.is_demo:
        entry["demo"] = True
    if login.kind is not LoginKind.TOKEN:
        entry["kind"] = login.kind.value
    return entry


def _kind(name: str, value: object) -> LoginKind:
    try:
        return LoginKind(value)
    except ValueError as error:
        message = f"profile {name!r} has a kind that this version does not know"
        raise OddEntry(message) from error


def _moment(name: str, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = (
            value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        )
    except ValueError as error:
        message = f"profile {name!r} has no time in expires_at"
        raise OddEntry(message) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
