"""Who sent this: one bearer token in one header, and nowhere else."""

import re
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.api.addresses import client_address
from bot.api.keys import APPROVALS, JITSUDO
from core.clock import Deadline
from core.domain.principal import Actor
from core.domain.token import is_well_formed
from core.errors import Invalid, NotAuthenticated
from core.vocabulary import Origin

SIGN_IN_SECONDS: Final = 10.0
"""Asking an identity provider for its keys and remembering the groups."""

_ID_TOKEN: Final = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*")
"""Two JSON objects and a signature, each in base64url."""

_SCHEME: Final = "bearer"

_QUERY_NAMES: Final = frozenset(
    {"access_token", "api_key", "authorization", "bearer", "token"}
)
"""Where other APIs take a token. Source: RFC 6750 section 2.3, which warns of it."""


@web.middleware
async def authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Bind the approvals of whoever holds the token, or refuse.

    Raises:
        NotAuthenticated: there is no valid token.
        TooMany: there are too many without one from this address.
        Invalid: a token stands in the address, where logs keep it.
    """
    _check_address(request)
    jitsudo = request.config_dict[JITSUDO]
    secret = _secret(request)
    try:
        bearer = await jitsudo.authenticate(
            secret, deadline=Deadline(seconds=SIGN_IN_SECONDS)
        )
    except NotAuthenticated:
        await jitsudo.services.limits.failed_sign_in(client_address(request))
        raise
    actor = Actor(
        email=bearer.email,
        origin=Origin.API,
        evidence=bearer.evidence,
        vouched_by=bearer.issued_by,
    )
    request[APPROVALS] = jitsudo.acting(
        actor,
        scopes=bearer.scopes,
        expires_at=bearer.expires_at,
        method=bearer.method,
        token_id=bearer.token_id,
    )
    return await handler(request)


def _check_address(request: web.Request) -> None:
    for name, value in request.query.items():
        if name.lower() in _QUERY_NAMES or _is_token(value):
            raise Invalid(
                field="query",
                why="a token in an address ends up in logs: send it as "
                "`Authorization: Bearer …`, and revoke this one",
            )


def _is_token(value: str) -> bool:
    """Tell whether this could be a token of ours, or an identity provider's."""
    return is_well_formed(value) or _ID_TOKEN.fullmatch(value) is not None


def _secret(request: web.Request) -> str:
    """Return the token's secret.

    Source: RFC 6750 section 2.1; RFC 9110 section 11.1 for the scheme's case.
    """
    headers = request.headers.getall(hdrs.AUTHORIZATION, [])
    if not headers:
        raise NotAuthenticated(
            why="no token: send `Authorization: Bearer <token>`; in a terminal, "
            "`jitsudo login --token-stdin` or --token"
        )
    if len(headers) > 1:
        raise NotAuthenticated(why="two Authorization headers: send one")
    scheme, _, secret = headers[0].strip().partition(" ")
    secret = secret.strip(" ")
    if scheme.lower() != _SCHEME or not secret:
        raise NotAuthenticated(
            why="the Authorization header has to be `Bearer <token>`"
        )
    return secret
