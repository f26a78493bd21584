"""Which server, and with which token: flags, environment, file, stored login."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from typing_extensions import override

from cli.terminal import Terminal
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from cli.config_file import Configured
    from core.logins import Login
    from core.remote.transport import Transport

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
        token: None if there is none for this server; the stored one may have
            ended if the login can be renewed.
        why_no_token: what to do about that.
        login: the stored login that the token is from; None if it was named.
        transport: how to reach a server; None for a database.
    """

    server: str
    is_database: bool
    token: str | None
    why_no_token: str = ""
    login: "Login | None" = None
    transport: "Transport | None" = None

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
    server = flags.server or environment.get(SERVER_VARIABLE) or ""
    token = flags.token or environment.get(TOKEN_VARIABLE) or None
    known = _Known(server=server)
    if not token or not (is_database(server) or server.startswith("http:")):
        known = _look_up(terminal, server, is_told=bool(server and token))
    server = checked_server(known.server)
    login = known.login
    if login is not None and not is_same(login.server, server):
        login = None
    why = "" if token else _why_no_token(terminal, known, login)
    stored = login if not token and not why else None
    token = token or (stored.token if stored else None)
    if is_database(server):
        _refuse_for_database(terminal)
        return Target(server=server, is_database=True, token=token, why_no_token=why)
    from cli.trust import find_transport  # noqa: PLC0415 - loads the remote client

    config = known.config
    if config and config.server and not is_same(config.server, server):
        config = None  # its files are another server's
    return Target(
        server=server,
        is_database=False,
        token=token,
        why_no_token=why,
        login=stored,
        transport=find_transport(terminal, config=config, login=login),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What is known of where to go, the terminal's files included.

    Attributes:
        login: of the chosen profile, whichever server it is for.
        logins: every stored login, by profile.
    """

    server: str
    config: "Configured | None" = None
    login: "Login | None" = None
    logins: Mapping[str, "Login"] = field(default_factory=dict)


def _look_up(terminal: Terminal, server: str, *, is_told: bool) -> _Known:
    """Return what the files add.

    Args:
        is_told: whether server and token are known already; then a file that
            cannot be used is as good as none.

    Raises:
        ConfigurationError: a file cannot be used, or no server is named there.
    """
    from cli import advice  # noqa: PLC0415 - loads YAML, as these do
    from cli.config_file import read_config  # noqa: PLC0415
    from core.logins import Logins, home_directory  # noqa: PLC0415

    environment = terminal.environment
    profile = profile_of(terminal)
    try:
        config = read_config(environment)
        logins = Logins(home_directory(environment)).all()
    except ConfigurationError:
        if not is_told:
            raise
        return _Known(server=server)
    server = server or config.server
    login = logins.get(profile)
    if not server and login is None:
        if profile != "default":
            why = advice.no_such_profile(profile, logins)
            raise ConfigurationError(setting="--profile", why=why)
        why = advice.no_server(environment, logins)
        raise ConfigurationError(setting="--server", why=why)
    if not server and login is not None:
        server = login.server
    return _Known(server=server, config=config, login=login, logins=logins)


def _refuse_for_database(terminal: Terminal) -> None:
    flags = terminal.flags
    if flags.ca_file or flags.client_cert or flags.client_key or flags.insecure:
        raise ConfigurationError(
            setting="--server",
            why="--ca-file, --client-cert, --client-key and --insecure are for a "
            "server; a database URL says itself how to connect",
        )


def _why_no_token(terminal: Terminal, known: _Known, login: "Login | None") -> str:
    """Return why the stored login gives no token; empty if it does.

    Args:
        login: the profile's, if it is for the server that is meant.
    """
    from cli import advice  # noqa: PLC0415 - loads YAML

    profile = profile_of(terminal)
    if login is not None:
        has_ended = login.expires_at and login.expires_at <= terminal.now()
        return advice.ended(profile, login) if has_ended and not login.can_renew else ""
    if known.login is None:
        return advice.not_signed_in(terminal.environment, profile, known.logins)
    return advice.login_of_another(
        profile, display_name(known.login.server), display_name(known.server)
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
