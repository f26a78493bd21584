"""The file of stored logins: private, locked while written, replaced whole."""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.errors import ConfigurationError
from core.logins.entries import OddEntry, from_entry, to_entry
from core.logins.login import DEFAULT_PROFILE, HOME_VARIABLE, Login, checked_profile

_FILE: Final = "credentials"
_LOCK: Final = "credentials.lock"
_OURS: Final = frozenset({_FILE, _LOCK, "config.yaml"})
"""A directory with anything else is somebody's own: its mode is left alone."""


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
            self._tighten()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise self._broken(why=f"cannot be read ({error})") from error
        import yaml  # noqa: PLC0415 - loads slowly; without a file there is no need

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
                    stored[name] = replace(login, is_demo=True)
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

    def renew(self, profile: str, renewed: Callable[[Login | None], Login]) -> Login:
        """Replace a login by what `renewed` makes of it, and return that.

        Nobody else stores anything meanwhile, so that a refresh token is used
        by one process at a time.

        Args:
            renewed: gets the login as it is now; what it raises changes nothing.

        Raises:
            ConfigurationError: the file cannot be read or written.
        """
        with self._locked():
            stored = self.all()
            made = renewed(stored.get(profile))
            if made != stored.get(profile):
                self._write({**stored, profile: made})
        return made

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

    def _tighten(self) -> None:
        """Take the file away from everybody else, whoever made it so."""
        if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            with contextlib.suppress(PermissionError):
                self._path.chmod(0o600)

    def _from_document(self, document: object) -> dict[str, Login]:
        match document:
            case None:
                return {}
            case {"profiles": None, **rest} if not rest:
                return {}
            case {"profiles": dict(profiles), **rest} if not rest:
                try:
                    return {
                        str(name): from_entry(str(name), entry)
                        for name, entry in profiles.items()
                    }
                except OddEntry as odd:
                    raise self._broken(why=str(odd)) from odd
            case _:
                raise self._broken(why="has to hold `profiles:` and nothing else")

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
        import yaml  # noqa: PLC0415 - as above

        document = {"profiles": {n: to_entry(login) for n, login in logins.items()}}
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
