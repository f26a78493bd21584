"""How a server lets people sign in, as it says itself."""

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from core.domain.identity import SignInOffer
from core.errors import Invalid, ServerUnavailable
from core.remote.forms import Correspondent
from core.wire.fields import Fields
from core.wire.sign_in import from_offer

PATH: Final = "/.well-known/jitsudo"


def read_offer(server: str, correspondent: Correspondent) -> SignInOffer:
    """Ask a server, without a token; one that does not know of this offers nothing.

    Returns:
        The offer; among its scopes is always `openid`.

    Raises:
        ServerUnavailable: it did not answer, or not as jitsudo does.
        ConfigurationError: the address would be asked in clear.
    """
    reply = correspondent.get(server + PATH)
    if reply.status == HTTPStatus.NOT_FOUND:
        return SignInOffer()
    if reply.status != HTTPStatus.OK:
        raise ServerUnavailable(server=server, why=reply.sentence)
    try:
        offer = from_offer(Fields(reply.fields))
    except Invalid as error:
        why = f"what it says of signing in cannot be read ({error})"
        raise ServerUnavailable(server=server, why=why) from error
    if bool(offer.issuer) != bool(offer.client_id):
        raise ServerUnavailable(
            server=server, why="it names an issuer without a client, or the reverse"
        )
    return replace(offer, scopes=tuple(dict.fromkeys(["openid", *offer.scopes])))
