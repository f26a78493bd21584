"""Which server, and with which token: flags, environment, file, stored login."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from typing_extensions import override

from cli.terminal import Terminal
from core.errors import ConfigurationError, NotAuthenticated

if TYPE_CHECKING:
    from core.logins import Login

SERVER_VARIABLE: Final = "JITSUDO_SERVER"
TOKEN_VARIABLE: Final = "JITSUDO_TOKEN"  # noqa: S105 - a variable's name
PROFILE_VARIABLE: Final = "JITSUDO_PROFILE"

_WEB: Final = {"http": 80, "https": 443}
_DATABASES: Final = ("postgresql", "postgres", "sqlite")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where to go, and as whom.

    Attributes:
        server: an address of a server, or a database URL; may hold a password.
        is_database: whether it is the latter.
        token: None if there is none for this server.
        why_no_token: what to do about that.
    """

    server: str
    is_database: bool
    token: str | None
    why_no_token: str = ""

    @override
    def __repr__(self) -> str:
        """Show neither the token nor a password."""
        return f"Target({display_name(self.server)})"


def find_target(terminal: Terminal) -> Target:
    """Return where the flags, the environment and the files say to go.

    Raises:
        ConfigurationError: no server is named, or a file cannot be used.
    """
    flags, environment = terminal.flags, terminal.environment
    server = flags.server or environment.get(SERVER_VARIABLE)
    token = flags.token or environment.get(TOKEN_VARIABLE) or None
    profile = profile_of(terminal)
    login = None
    if not server or not token:
        server = server or _configured_server(terminal)
        login = _stored(terminal, profile, is_needed=not server)
    server = server or (login.server if login else None)
    if not server:
        raise ConfigurationError(setting="--server", why=_no_server(terminal))
    server = checked_server(server)
    if not token and login is not None and is_same(login.server, server):
        if login.expires_at is not None and login.expires_at <= terminal.now():
            raise NotAuthenticated(
                why=f"the login of profile {profile!r} ended at "
                f"{login.expires_at:%Y-%m-%d %H:%M} UTC; "
                "get a new token and run `jitsudo login --token-stdin`"
            )
        token = login.token
    return Target(
        server=server,
        is_database=is_database(server),
        token=token,
        why_no_token="" if token else _why_no_token(terminal, login, server),
    )


def database_url(terminal: Terminal) -> str:
    """Return the database URL: the flag's, the environment's, the file's.

    Raises:
        ConfigurationError: there is none, or --server is no database URL.
    """
    from core.settings import load_document  # noqa: PLC0415 - loads pydantic

    if terminal.flags.server:
        if not is_database(terminal.flags.server):
            raise ConfigurationError(
                setting="--server", why="this needs a database URL, not a server's"
            )
        return terminal.flags.server
    url = terminal.environment.get("JITSUDO_DATABASE_URL") or load_document(
        terminal.environment
    ).get("database_url")
    if not isinstance(url, str):
        raise ConfigurationError(
            setting="JITSUDO_DATABASE_URL",
            why="is not set; set it, or pass a database URL as --server",
        )
    return url


def profile_of(terminal: Terminal) -> str:
    """Return the profile's name: flag, environment, `default`."""
    named = terminal.flags.profile or terminal.environment.get(PROFILE_VARIABLE)
    return named or "default"


def checked_server(text: str) -> str:
    """Return an address without its last slash.

    Raises:
        ConfigurationError: it is no http(s) address and no database URL.
    """
    if is_database(text):
        return text
    parts = _split(text)
    if parts is None or parts.scheme not in _WEB or not parts.hostname:
        raise ConfigurationError(
            setting="--server",
            why=f"{display_name(text)!r} is no address; write "
            "https://jitsudo.example.com, or a database URL",
        )
    if parts.username or parts.password:
        raise ConfigurationError(
            setting="--server", why="leave the password out; a token signs you in"
        )
    return text.rstrip("/")


def is_database(text: str) -> bool:
    """Tell whether this is a database URL rather than a server's address."""
    return text.partition(":")[0].partition("+")[0].lower() in _DATABASES


def is_same(one: str, other: str) -> bool:
    """Tell whether two addresses are one server: scheme, host, port and path."""
    return _identity(one) == _identity(other)


def display_name(server: str) -> str:
    """Return an address without user, password and query, fit to be printed."""
    parts = _split(server)
    if parts is None or not parts.netloc:
        return server.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _identity(server: str) -> tuple[object, ...]:
    parts = _split(server)
    if parts is None or parts.scheme not in _WEB:
        return (server,)
    port = parts.port or _WEB[parts.scheme]
    return (parts.scheme, parts.hostname, port, parts.path.rstrip("/"))


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises if it is no number
    except ValueError:
        return None
    return parts


def _configured_server(terminal: Terminal) -> str | None:
    from core.logins import home_directory  # noqa: PLC0415 - loads YAML

    path = home_directory(terminal.environment) / "config.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            setting=str(path), why=f"cannot be read ({error})"
        ) from error
    import yaml  # noqa: PLC0415 - loads slowly

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(setting=str(path), why="is not YAML") from error
    match document:
        case None:
            return None
        case {"server": str(server), **rest} if not rest:
            return server
        case _:
            raise ConfigurationError(
                setting=str(path), why="may hold `server: <URL>` and nothing else"
            )


def _stored(terminal: Terminal, profile: str, *, is_needed: bool) -> "Login | None":
    """Return the profile's login.

    Raises:
        ConfigurationError: the profile was named, is not there, and nothing
            else says where to go.
    """
    from core.logins import Logins, home_directory  # noqa: PLC0415 - loads YAML

    logins = Logins(home_directory(terminal.environment)).all()
    is_named = profile != "default"
    if is_needed and is_named and profile not in logins:
        raise ConfigurationError(
            setting="--profile",
            why=f"there is no stored login {profile!r}; {_listed(logins)}",
        )
    return logins.get(profile)


def _listed(profiles: Iterable[str]) -> str:
    names = ", ".join(profiles)
    return f"there are: {names}" if names else "`jitsudo login` stores one"


def _no_server(terminal: Terminal) -> str:
    """Return what to do where nothing names a server, by the files looked at."""
    from core.logins import Logins, home_directory  # noqa: PLC0415 - loads YAML

    home = home_directory(terminal.environment)
    logins = Logins(home)
    stored = logins.all()
    if stored:
        return (
            f"no server is known, and {logins.path} has no profile 'default'; "
            f"stored profiles: {', '.join(stored)}; choose one with --profile"
        )
    return (
        "no server is known: pass --server URL, set JITSUDO_SERVER, write "
        f"`server: URL` into {home / 'config.yaml'}, or run `jitsudo login`; "
        f"{logins.path} holds no login"
    )


def _why_no_token(terminal: Terminal, login: "Login | None", server: str) -> str:
    from core.logins import Logins, home_directory  # noqa: PLC0415 - loads YAML

    profile = profile_of(terminal)
    advice = "pass --token, set JITSUDO_TOKEN, or run `jitsudo login --token-stdin`"
    if login is None:
        stored = Logins(home_directory(terminal.environment))
        names = ", ".join(stored.all())
        known = (
            f"; stored profiles: {names}; choose one with --profile" if names else ""
        )
        return (
            f"not signed in: {stored.path} has no profile {profile!r}{known}; {advice}"
        )
    return (
        f"the login of profile {profile!r} is for {display_name(login.server)}, "
        f"not for {display_name(server)}: {advice}"
    )
