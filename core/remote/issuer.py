"""An identity provider as the terminal meets it: where to ask, what it gave."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from core.errors import ServerUnavailable
from core.remote.forms import Correspondent

_DISCOVERY: Final = "/.well-known/openid-configuration"
"""Source: OpenID Connect Discovery 1.0 section 4."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """Where an issuer is asked; empty where it has nothing of the kind."""

    token: str
    device: str = ""
    revocation: str = ""


def discover(
    issuer: str, correspondent: Correspondent, *, discovery_url: str = ""
) -> Endpoints:
    """Ask an issuer where to ask it.

    Args:
        discovery_url: where its document is; empty for the usual place.

    Raises:
        ServerUnavailable: it did not answer, or the document is another issuer's.
        ConfigurationError: it would be asked in clear.

    Source: OpenID Connect Discovery 1.0 section 4.3; RFC 8628 section 4.
    """
    reply = correspondent.get(discovery_url or issuer.rstrip("/") + _DISCOVERY)
    if reply.status != HTTPStatus.OK:
        raise ServerUnavailable(
            server=issuer, why=f"its discovery document answers {reply.status}"
        )
    named = reply.text("issuer")
    if named != issuer:
        raise ServerUnavailable(
            server=issuer, why=f"its discovery document is of {named!a}"
        )
    token = reply.text("token_endpoint")
    if not token:
        raise ServerUnavailable(server=issuer, why="it names no token endpoint")
    return Endpoints(
        token=token,
        device=reply.text("device_authorization_endpoint"),
        revocation=reply.text("revocation_endpoint"),
    )


def end_of(id_token: str) -> datetime | None:
    """Return until when an ID token says that it is good; None if it does not.

    The signature is the server's to check: this only tells when to ask anew.

    Source: RFC 7519 section 4.1.4.
    """
    payload = id_token.split(".")[1:2]
    try:
        text = urlsafe_b64decode("".join(payload) + "==")
        claims = json.loads(text)
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None
