"""How to sign in at a server, as JSON; read before anybody has a token."""

from core.domain.identity import SignInOffer
from core.wire.fields import Fields
from core.wire.requests import JsonObject


def to_offer(offer: SignInOffer) -> JsonObject:
    """Return how a terminal signs in."""
    return {
        "issuer": offer.issuer,
        "clientId": offer.client_id,
        "discoveryUrl": offer.discovery_url,
        "scopes": list(offer.scopes),
        "slack": offer.slack,
    }


def from_offer(fields: Fields) -> SignInOffer:
    """Return the offer that `to_offer` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return SignInOffer(
        issuer=fields.text_or_none("issuer"),
        client_id=fields.text_or_none("clientId"),
        discovery_url=fields.text_or_none("discoveryUrl"),
        scopes=fields.texts("scopes"),
        slack=fields.boolean("slack"),
    )
