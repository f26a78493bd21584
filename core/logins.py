"""Stored logins: who the terminal is to which server, one per profile."""

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import yaml
from typing_extensions import override

from core.errors import ConfigurationError, Invalid

HOME_VARIABLE: Final = "JITSUDO_HOME"
"""Moves `~/.jitsudo`."""

DEFAULT_PROFILE: Final = "default"
"""The profile that is used when none is named."""

_FILE: Final = "credentials"
_LOCK: Final = "credentials.lock"
_OURS: Final = frozenset({_FILE, _LOCK, "config.yaml"})
"""A directory with anything else is somebody's own: its mode is left alone."""

_PROFILE_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REQUIRED: Final = ("server_url", "token")
_KNOWN: Final = frozenset({*_REQUIRED, "email", "expires_at", "demo"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """One stored login; its token is for its server and no other.

    Attributes:
        expires_at: until when the token is valid; None if nobody said.
        is_demo: whether a demo wrote it, so that a demo may replace it.
    """

    server: str
    token: str
    email: str = ""
    expires_at: datetime | None = None
    is_demo: bool = False

    @override
    def __repr__(self) -> str:
        """Show everything but the token."""
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


class Logins:
    """The file of stored logins, readable by its owner alone."""

    def __init__(self, home: Path) -> None:
        """Keep the logins in `home`, which is made when the first is stored."""
        self._home = home
        self._path = home / _FILE

    @property
    def path(self) -> Path:
        """Return the file's place, for messages."""
        return self._path

    def all(self) -> dict[str, Login]:
        """Return every stored login by its profile; empty without a file.

        Raises:
            ConfigurationError: the file cannot be read, or is not ours.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise self._broken(why=f"cannot be read ({error})") from error
        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise self._broken(why="is not YAML") from error
        return self._from_document(document)

    def get(self, profile: str) -> Login | None:
        """Return one stored login.

        Raises:
            ConfigurationError: as `all`.
        """
        return self.all().get(profile)

    def store(self, profile: str, login: Login) -> None:
        """Store a login; it replaces the profile's former one.

        Raises:
            Invalid: the name cannot name a profile.
            ConfigurationError: the file cannot be read or written.
        """
        checked_profile(profile)
        with self._locked():
            self._write({**self.all(), profile: login})

    def store_demo(self, logins: Mapping[str, Login]) -> tuple[str, ...]:
        """Store a demo's logins, marked as such, beside everybody else's.

        Returns:
            The profiles that were left alone, because they are `default` or
            hold a login that is no demo's.

        Raises:
            ConfigurationError: the file cannot be read or written.
        """
        with self._locked():
            stored = self.all()
            refused = tuple(
                name
                for name in logins
                if name == DEFAULT_PROFILE
                or (name in stored and not stored[name].is_demo)
            )
            for name, login in logins.items():
                if name not in refused:
                    checked_profile(name)
                    stored[name] = Login(
                        server=login.server,
                        token=login.token,
                        email=login.email,
                        expires_at=login.expires_at,
                        is_demo=True,
                    )
            self._write(stored)
        return refused

    def remove_demo(self, logins: Mapping[str, Login]) -> None:
        """Forget a demo's logins that are still the ones it stored.

        A profile that holds another token or server by now, or a login that is
        no demo's, is left alone.

        Raises:
            ConfigurationError: the file cannot be read or written.
        """
        if not self._path.exists():
            return
        with self._locked():
            stored = self.all()
            kept = {
                name: login
                for name, login in stored.items()
                if not (
                    login.is_demo
                    and name in logins
                    and login.server == logins[name].server
                    and login.token == logins[name].token
                )
            }
            if len(kept) < len(stored):
                self._write(kept)

    def remove(self, profile: str) -> Login | None:
        """Forget a login; return it, or None if there was none.

        Raises:
            ConfigurationError: the file cannot be read or written.
        """
        if not self._path.exists():
            return None
        with self._locked():
            stored = self.all()
            login = stored.pop(profile, None)
            if login is not None:
                self._write(stored)
        return login

    def _from_document(self, document: object) -> dict[str, Login]:
        match document:
            case None:
                return {}
            case {"profiles": None, **rest} if not rest:
                return {}
            case {"profiles": dict(profiles), **rest} if not rest:
                return {
                    str(name): self._from_entry(str(name), entry)
                    for name, entry in profiles.items()
                }
            case _:
                raise self._broken(why="has to hold `profiles:` and nothing else")

    def _from_entry(self, name: str, entry: object) -> Login:
        if not isinstance(entry, dict) or not set(entry) <= _KNOWN:
            raise self._broken(why=f"has no login in profile {name!r}")
        if any(not isinstance(entry.get(key), str) for key in _REQUIRED):
            raise self._broken(why=f"profile {name!r} needs server_url and token")
        return Login(
            server=entry["server_url"],
            token=entry["token"],
            email=str(entry.get("email", "")),
            expires_at=self._moment(name, entry.get("expires_at")),
            is_demo=entry.get("demo") is True,
        )

    def _moment(self, name: str, value: object) -> datetime | None:
        if value is None:
            return None
        try:
            moment = (
                value
                if isinstance(value, datetime)
                else datetime.fromisoformat(str(value))
            )
        except ValueError as error:
            raise self._broken(
                why=f"profile {name!r} has no time in expires_at"
            ) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _broken(self, *, why: str) -> ConfigurationError:
        return ConfigurationError(
            setting=str(self._path),
            why=f"{why}; mend it, or remove it and run `jitsudo login` again",
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two processes from overwriting each other's logins."""
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _OURS.issuperset(entry.name for entry in self._home.iterdir()):
                self._home.chmod(0o700)
            descriptor = os.open(self._home / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, logins: Mapping[str, Login]) -> None:
        """Replace the file in one step; whoever reads sees the old or the new."""
        document = {"profiles": {n: _to_entry(login) for n, login in logins.items()}}
        try:
            descriptor, name = tempfile.mkstemp(dir=self._home, prefix=f".{_FILE}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    yaml.safe_dump(document, file, sort_keys=False)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            setting=str(self._path),
            why=f"cannot be written ({error}); make it yours, or set {HOME_VARIABLE}",
        )


def _to_entry(login: Login) -> dict[str, object]:
    entry: dict[str, object] = {"server_url": login.server, "token": login.token}
    if login.email:
        entry["email"] = login.email
    if login.expires_at is not None:
        entry["expires_at"] = login.expires_at.isoformat()
    if login.is_demo:
        entry["demo"] = True
    return entry
