"""Settings of signing in through an identity provider."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

AUTH_PART: Final = "auth"
"""The key of the settings file under which these stand."""

AUTH_VARIABLES: Final[Mapping[str, str]] = {
    "JITSUDO_OIDC_ISSUER": "oidc_issuer",
    "JITSUDO_OIDC_DISCOVERY_URL": "oidc_discovery_url",
    "JITSUDO_OIDC_CLIENT_ID": "client_id",
    "JITSUDO_OIDC_AUDIENCES": "audiences",
    "JITSUDO_OIDC_GROUPS_CLAIM": "groups_claim",
    "JITSUDO_OIDC_ALGORITHMS": "algorithms",
    "JITSUDO_OIDC_CA_FILE": "oidc_ca_file",
}
"""Environment variables and the settings they override."""

WELL_KNOWN: Final = "/.well-known/openid-configuration"
"""Source: OpenID Connect Discovery 1.0 section 4."""

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""What may be believed: a key pair's, of which the server has the public half.

Source: RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864.
"""

USUAL: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""What is believed unless the settings say otherwise."""


def _list(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_list)]
"""Words, in the environment separated by commas."""


class AuthSettings(BaseModel):
    """Whose ID tokens are believed; nobody's without an issuer.

    Attributes:
        oidc_issuer: compared with the tokens' `iss` letter by letter.
        oidc_discovery_url: where the issuer is asked instead, as this server
            reaches it.
        client_id: of the terminal at the issuer, and the audience of its tokens.
        audiences: further ones whose tokens are believed.
        groups_claim: the claim that names the person's groups.
        algorithms: that a signature may have.
        oidc_ca_file: PEM of who vouches for the issuer's certificate, instead of
            the system's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    oidc_issuer: str | None = None
    oidc_discovery_url: str | None = None
    client_id: str | None = Field(default=None, min_length=1)
    audiences: Words = ()
    groups_claim: str = Field(default="groups", min_length=1)
    algorithms: Words = USUAL
    oidc_ca_file: Path | None = None

    @field_validator("oidc_issuer", "oidc_discovery_url")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        if value is not None and (why := fault_of(value)):
            raise ValueError(why)
        return value

    @field_validator("algorithms")
    @classmethod
    def _are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not set(value) <= set(ALGORITHMS):
            message = f"takes one or more of {', '.join(ALGORITHMS)}"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.oidc_issuer is None:
            if self.client_id or self.oidc_discovery_url or self.audiences:
                message = "says how to sign in, but JITSUDO_OIDC_ISSUER is not set"
                raise ValueError(message)
        elif self.client_id is None:
            message = (
                "has an issuer but no client: set JITSUDO_OIDC_CLIENT_ID to the id of "
                "the client that `jitsudo login` is at the identity provider"
            )
            raise ValueError(message)
        return self

    @property
    def own_discovery_url(self) -> str:
        """Return where the issuer describes itself to everybody."""
        return f"{(self.oidc_issuer or '').rstrip('/')}{WELL_KNOWN}"

    @property
    def all_audiences(self) -> frozenset[str]:
        """Return every audience whose tokens are believed."""
        own = () if self.client_id is None else (self.client_id,)
        return frozenset((*own, *self.audiences))


def fault_of(url: str) -> str:
    """Return why keys may not be asked for at an address; empty if they may.

    Whoever can answer there can sign in as anybody.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address; check its port and brackets"
    if parts.scheme not in {"http", "https"} or not host:
        return "has to be an address such as https://login.example.com"
    if "@" in parts.netloc or parts.query or parts.fragment or not _is_plain(url):
        return "has to be a plain address, without name, ?, # or blanks"
    if parts.scheme == "http" and not _is_loopback(host):
        return (
            "has to be https: whoever can answer there can sign in as anybody (http "
            "is taken on this machine only)"
        )
    return ""


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
