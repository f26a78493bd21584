"""How to sign in at this server; for terminals, before they have a token."""

from dataclasses import replace

from aiohttp import web

from bot.api.answers import HEADERS, to_answer
from bot.api.keys import JITSUDO
from bot.api.oauth import offers_slack_sign_in
from core.auth_settings import AuthSettings
from core.domain.identity import SignInOffer
from core.wire.sign_in import to_offer

PATH = "/.well-known/jitsudo"

SCOPES = ("openid", "email", "profile", "groups", "offline_access")
"""To be known by e-mail and groups, and to stay signed in for a while."""


def routes() -> list[web.RouteDef]:
    """Return the route."""
    return [web.get(PATH, how_to_sign_in)]


async def how_to_sign_in(request: web.Request) -> web.Response:
    """Tell the issuer and who the terminal is there; both are public."""
    offer = replace(
        offer_of(request.app[JITSUDO].settings.auth),
        slack=offers_slack_sign_in(request),
    )
    answer = to_answer(to_offer(offer))
    answer.headers.update(HEADERS)
    return answer


def offer_of(settings: AuthSettings) -> SignInOffer:
    """Return what the settings offer to a terminal.

    The discovery URL is the issuer's own: the one in the settings is where this
    server reaches it, which a terminal may not.
    """
    if settings.oidc_issuer is None or settings.client_id is None:
        return SignInOffer()
    return SignInOffer(
        issuer=settings.oidc_issuer,
        client_id=settings.client_id,
        discovery_url=settings.own_discovery_url,
        scopes=SCOPES,
    )
