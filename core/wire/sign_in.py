"""How to sign in at a server, as JSON; read before anybody has a token."""

from typing import Final

from core.domain.identity import SignInOffer
from core.wire.fields import Fields
from core.wire.requests import JsonObject

CLIENT_ID: Final = "jitsudo-cli"
"""The one client of a server that signs people in itself; public, without a secret."""

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
"""Source: RFC 8628 section 3.4."""


def to_offer(offer: SignInOffer) -> JsonObject:
    """Return how a terminal signs in."""
    return {
        "issuer": offer.issuer or None,
        "clientId": offer.client_id or None,
        "discoveryUrl": offer.discovery_url or None,
        "scopes": list(offer.scopes),
        "slack": offer.slack,
    }


def from_offer(fields: Fields) -> SignInOffer:
    """Return the offer that `to_offer` wrote; what is absent is not offered.

    Raises:
        Invalid: it did not write this.
    """
    return SignInOffer(
        issuer=fields.text("issuer", default=""),
        client_id=fields.text("clientId", default=""),
        discovery_url=fields.text("discoveryUrl", default=""),
        scopes=fields.texts("scopes"),
        slack=fields.boolean("slack"),
    )
