"""A server's address, as typed by a person."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigurationError

_PREFIX: Final = re.compile(r"[A-Za-z0-9/._~%-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a server is reached.

    Attributes:
        host: a name in ASCII, or an IP address without brackets.
        prefix: the path before `/api`, without a slash at its end; often empty.
    """

    is_https: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the address that `url` spells.

        Raises:
            ConfigurationError: it is no http or https address of a server, or
                it carries a password, which would end up in logs.
        """
        try:
            parts = urlsplit(url.strip())
            host = (parts.hostname or "").encode("idna").decode()
            port = parts.port
        except ValueError as error:
            raise _wrong(why="is no address; check its port and brackets") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise _wrong(why="has to be an address such as https://jitsudo.example.com")
        if parts.username is not None or parts.password is not None:
            raise _wrong(
                why="must not hold a name or password; pass the token by itself"
            )
        if parts.query or parts.fragment or not _PREFIX.fullmatch(parts.path):
            raise _wrong(why="must end with its path: no ?, no # and no blanks")
        is_https = parts.scheme == "https"
        return cls(
            is_https=is_https,
            host=host,
            port=port if port is not None else _default_port(parts),
            prefix=parts.path.rstrip("/"),
        )

    @property
    def is_loopback(self) -> bool:
        """Tell whether what is sent there never leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def name(self) -> str:
        """Return the address as messages name it."""
        scheme = "https" if self.is_https else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{self.prefix}"

    def check_secrecy(self) -> None:
        """Check that a token may be sent there.

        Raises:
            ConfigurationError: anybody on the way could read it.
        """
        if not self.is_https and not self.is_loopback:
            raise _wrong(
                why=f"{self.name} would carry your token in clear; use https, a "
                "tunnel to 127.0.0.1, or --insecure if that is what you want"
            )


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _wrong(*, why: str) -> ConfigurationError:
    return ConfigurationError(setting="server", why=why)
