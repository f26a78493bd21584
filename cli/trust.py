"""Which files make the way to a server: flags, environment, file, stored login."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.config_file import Configured
from cli.terminal import Terminal

if TYPE_CHECKING:
    from core.logins import Login
    from core.remote.transport import Transport

CA_VARIABLE: Final = "JITSUDO_CA_FILE"
CERT_VARIABLE: Final = "JITSUDO_CLIENT_CERT"
KEY_VARIABLE: Final = "JITSUDO_CLIENT_KEY"


def find_transport(
    terminal: Terminal, *, config: Configured | None, login: "Login | None"
) -> "Transport":
    """Return how to reach the server.

    The authority and the client's pair are looked for apart; of a pair, both
    files come from where the first one is found.

    Args:
        config: the settings file, if it is about this server.
        login: the stored login, if it is this server's.

    Raises:
        ConfigurationError: of the client's two files one is missing.
    """
    from core.remote.transport import Transport  # noqa: PLC0415 - help does without it

    flags, environment = terminal.flags, terminal.environment
    ca_files = [flags.ca_file, environment.get(CA_VARIABLE)]
    pairs = [
        (flags.client_cert, flags.client_key),
        (environment.get(CERT_VARIABLE), environment.get(KEY_VARIABLE)),
    ]
    if config is not None:
        ca_files.append(config.ca_file)
        pairs.append((config.cert_file, config.key_file))
    if login is not None:
        ca_files.append(login.ca_file)
        pairs.append((login.client_cert, login.client_key))
    client_cert, client_key = next(filter(any, pairs), ("", ""))
    return Transport.checked(
        ca_file=_path(next(filter(None, ca_files), "")),
        client_cert=_path(client_cert),
        client_key=_path(client_key),
        is_insecure=flags.insecure,
    )


def _path(named: str | None) -> str:
    """Return an absolute path, since a login remembers it from anywhere."""
    return str(Path(named).expanduser().absolute()) if named else ""


def warn_if_insecure(terminal: Terminal, server: str) -> None:
    """Say each time, and loudly, what `--insecure` means for this server."""
    if not terminal.flags.insecure:
        return
    from core.remote.address import Address  # noqa: PLC0415 - help does without it

    address = Address.from_url(server)
    if address.is_https:
        terminal.warn(
            "Note: --insecure changes nothing here: certificates are checked always."
        )
    elif not address.is_loopback:
        terminal.warn(
            f"WARNING: --insecure: your token goes to {address.name} in clear. "
            "Whoever is on the way can read it and act as you."
        )
