"""How a server lets people sign in, as it says itself."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from core.errors import ServerUnavailable
from core.remote.forms import Correspondent

PATH: Final = "/.well-known/jitsudo"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """The ways in; an empty issuer is none.

    Attributes:
        issuer: the identity provider whose ID tokens the server takes.
        client_id: who the terminal is to that issuer.
        discovery_url: where the issuer's document is; empty for the usual place.
        scopes: what to ask the issuer for; `openid` is always among them.
        slack: whether a sign-in can be confirmed in Slack.
    """

    issuer: str = ""
    client_id: str = ""
    discovery_url: str = ""
    scopes: tuple[str, ...] = ()
    slack: bool = False


def read_offers(server: str, correspondent: Correspondent) -> Offers:
    """Ask a server, without a token; one that does not know of this offers none.

    Raises:
        ServerUnavailable: it did not answer, or not as jitsudo does.
        ConfigurationError: the address would be asked in clear.
    """
    reply = correspondent.get(server + PATH)
    if reply.status == HTTPStatus.NOT_FOUND:
        return Offers()
    if reply.status != HTTPStatus.OK:
        raise ServerUnavailable(server=server, why=reply.sentence)
    scopes = reply.fields.get("scopes")
    wanted = (
        [one for one in scopes if isinstance(one, str)]
        if (isinstance(scopes, list))
        else []
    )
    issuer, client_id = reply.text("issuer"), reply.text("clientId")
    if bool(issuer) != bool(client_id):
        raise ServerUnavailable(
            server=server, why="it names an issuer without a client, or the reverse"
        )
    return Offers(
        issuer=issuer,
        client_id=client_id,
        discovery_url=reply.text("discoveryUrl"),
        scopes=tuple(dict.fromkeys(["openid", *wanted])),
        slack=reply.fields.get("slack") is True,
    )
