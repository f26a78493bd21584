"""Keeps the ID token of a stored login fresh, by its refresh token."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from core.errors import NotAuthenticated, ServerUnavailable
from core.logins import Login, Logins
from core.remote.forms import Correspondent, Reply
from core.remote.issuer import discover, end_of
from core.remote.transport import Transport

MARGIN: Final = timedelta(minutes=1)
"""A token that ends sooner is renewed: a call takes its time."""


class Renewal:
    """The token of one profile, good at the moment it is asked for.

    One process at a time uses the refresh token, under the lock of the file of
    logins; the others find what it stored.
    """

    def __init__(
        self,
        *,
        logins: Logins,
        profile: str,
        login: Login,
        transport: Transport,
        now: Callable[[], datetime],
        how_to_sign_in: str,
    ) -> None:
        """Begin with the login as it was read.

        Args:
            how_to_sign_in: what to do when the issuer does not renew it.
        """
        self._logins = logins
        self._profile = profile
        self._login = login
        self._transport = transport
        self._now = now
        self._how_to_sign_in = how_to_sign_in

    async def token(self) -> str:
        """Return a token that is good for a call that begins now.

        Raises:
            NotAuthenticated: the issuer does not renew the login.
            ServerUnavailable: the issuer does not answer, and the token has ended.
            ConfigurationError: the file of logins cannot be read or written.
        """
        if not self._is_fresh(self._login):
            self._login = await asyncio.to_thread(
                self._logins.renew, self._profile, self._renewed
            )
        return self._login.token

    def _is_fresh(self, login: Login) -> bool:
        return login.expires_at is None or login.expires_at - self._now() > MARGIN

    def _renewed(self, stored: Login | None) -> Login:
        if stored is None or stored.server != self._login.server:
            why = f"the login of profile {self._profile!r} was replaced meanwhile"
            raise NotAuthenticated(why=f"{why}; {self._how_to_sign_in}")
        if self._is_fresh(stored) or not stored.can_renew:
            return stored
        try:
            reply = self._asked(stored)
        except ServerUnavailable as down:
            return self._kept(stored, down)
        if not reply.is_good:
            why = f"{stored.issuer} does not renew your login ({reply.sentence})"
            raise NotAuthenticated(why=f"{why}; {self._how_to_sign_in}")
        if not reply.text("id_token"):
            why = f"{stored.issuer} renewed your login without an ID token"
            raise NotAuthenticated(why=f"{why}; {self._how_to_sign_in}")
        return replace(
            stored,
            token=reply.text("id_token"),
            expires_at=end_of(reply.text("id_token")),
            refresh_token=reply.text("refresh_token") or stored.refresh_token,
        )

    def _asked(self, stored: Login) -> Reply:
        correspondent = Correspondent.issuer(self._transport)
        endpoints = discover(
            stored.issuer, correspondent, discovery_url=stored.discovery_url
        )
        form = {
            "grant_type": "refresh_token",
            "refresh_token": stored.refresh_token,
            "client_id": stored.client_id,
        }
        reply = correspondent.post(endpoints.token, form)
        if _is_trouble(reply):
            raise ServerUnavailable(server=stored.issuer, why=reply.sentence)
        return reply

    def _kept(self, stored: Login, down: ServerUnavailable) -> Login:
        """Return the login as it is, while its token is good for a little longer."""
        if stored.expires_at is not None and stored.expires_at > self._now():
            return stored
        why = f"{down.why}; it signs you in, and your token ended"
        if stored.expires_at is not None:
            why += f" at {stored.expires_at:%Y-%m-%d %H:%M} UTC"
        raise ServerUnavailable(server=down.server, why=why) from down


def _is_trouble(reply: Reply) -> bool:
    """Tell whether the issuer has trouble of its own, rather than said no."""
    return reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status in {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.REQUEST_TIMEOUT,
    }


def revoke(login: Login, transport: Transport) -> bool:
    """Have the issuer forget the refresh token; False if it has no way to.

    Raises:
        ServerUnavailable: it did not answer, or not with a yes.
        ConfigurationError: it would be asked in clear.

    Source: RFC 7009 section 2.
    """
    correspondent = Correspondent.issuer(transport)
    endpoints = discover(login.issuer, correspondent, discovery_url=login.discovery_url)
    if not endpoints.revocation:
        return False
    form = {
        "token": login.refresh_token,
        "token_type_hint": "refresh_token",
        "client_id": login.client_id,
    }
    reply = correspondent.post(endpoints.revocation, form)
    if not reply.is_good:
        raise ServerUnavailable(server=login.issuer, why=reply.sentence)
    return True
