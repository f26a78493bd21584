"""A stand-in for a jitsudo server that signs people in, strict where it matters."""

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from aiohttp import web

from core.approvals import Identity
from core.domain.token import Token
from core.vocabulary import TokenScope
from core.wire import access
from core.wire.tokens import to_token
from tests.support.issuer_devices import Login
from tests.support.issuers import CLIENT, Issuer, Listener

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_EMAIL: Final = "bob@example.com"


class SignInServer:
    """Offers ways to sign in, takes what they give, and keeps what came in.

    Attributes:
        offers: what `/.well-known/jitsudo` says; None answers 404.
        answers: what the next questions for a token are answered with, before
            anything else: an OAuth error, or a status.
        is_confirmed: whether somebody has said yes in Slack.
        names_tokens: whether it says which token it was asked with.
        forms: what came to the endpoints of the device flow.
        bearers: what came in as a token, in order.
        revoked: ids of the tokens that were ended.
    """

    def __init__(self) -> None:
        """Offer nothing; listen later."""
        self.offers: dict[str, Any] | None = {}
        self.answers: list[str | int] = []
        self.is_confirmed = True
        self.names_tokens = True
        self.issuer: Issuer | None = None
        self.user_code = "BCDFGHJK"
        self.forms: list[dict[str, str]] = []
        self.bearers: list[str] = []
        self.revoked: list[str] = []
        self.tokens: dict[str, Token] = {}
        self._listener = Listener(self._application)

    @property
    def url(self) -> str:
        """Return its address."""
        return self._listener.url

    def offer(self, issuer: Issuer | None = None, *, slack: bool = False) -> None:
        """Say so from now on."""
        self.issuer = issuer
        self.offers = {"slack": slack}
        if issuer is not None:
            self.offers |= {
                "issuer": issuer.url,
                "clientId": CLIENT,
                "scopes": ["openid", "email", "offline_access"],
            }

    @contextmanager
    def serving(self) -> Iterator["SignInServer"]:
        """Listen while the block runs."""
        self._listener.start()
        try:
            yield self
        finally:
            self._listener.stop()

    def _application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/jitsudo", self._offers)
        app.router.add_post("/oauth/device_authorization", self._begin)
        app.router.add_post("/oauth/token", self._token)
        app.router.add_get("/api/v1alpha1/whoami", self._whoami)
        app.router.add_delete("/api/v1alpha1/tokens/{id}", self._revoke)
        return app

    async def _offers(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        if self.offers is None:
            return web.Response(status=404)
        return web.json_response(self.offers)

    async def _begin(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        assert form["client_id"] == "jitsudo-cli"
        assert form["host"]
        return web.json_response(
            {
                "device_code": "only-the-terminal-knows",
                "user_code": self.user_code,
                "verification_uri": "https://slack.com/app",
                "expires_in": 600,
                "interval": 1,
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        assert form == {
            "grant_type": GRANT,
            "device_code": "only-the-terminal-knows",
            "client_id": "jitsudo-cli",
        }
        answer = self.answers.pop(0) if self.answers else ""
        if isinstance(answer, int):
            return web.Response(status=answer)
        if answer or not self.is_confirmed:
            error = answer or "authorization_pending"
            return web.json_response({"error": error}, status=400)
        secret = f"jit_{secrets.token_hex(8)}"
        now = datetime.now(UTC)
        self.tokens[secret] = Token(
            id=f"tok_{len(self.tokens) + 1}",
            digest="",
            email=_EMAIL,
            scopes=frozenset({TokenScope.READ, TokenScope.REQUEST}),
            created_at=now,
            created_by=_EMAIL,
            expires_at=now + timedelta(hours=12),
        )
        return web.json_response(
            {"access_token": secret, "token_type": "Bearer", "expires_in": 43_200}
        )

    def _who(self, request: web.Request) -> Identity:
        """Return whose token came; a token of nobody is refused."""
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        self.bearers.append(bearer)
        token = self.tokens.get(bearer)
        if token is not None and token.revoked_at is None:
            email, expires_at = token.email, token.expires_at
        elif self.issuer is not None and bearer.count(".") == 2:
            claims = json.loads(urlsafe_b64decode(bearer.split(".")[1] + "=="))
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            assert (claims["iss"], claims["aud"]) == (self.issuer.url, CLIENT)
            if expires_at <= self.issuer.now():
                raise _unauthorized()
            email = claims["email"]
        else:
            raise _unauthorized()
        return Identity(
            email=email,
            groups=("sre",),
            trust_tier=0,
            scopes=frozenset({TokenScope.READ}),
            expires_at=expires_at,
            token_id=token.id if token is not None and self.names_tokens else "",
        )

    async def _whoami(self, request: web.Request) -> web.Response:
        return web.json_response(access.to_identity(self._who(request)))

    async def _revoke(self, request: web.Request) -> web.Response:
        self._who(request)
        token = next(
            one for one in self.tokens.values() if one.id == request.match_info["id"]
        )
        self.revoked.append(token.id)
        return web.json_response({"token": to_token(token)})


def signed_in(issuer: Issuer, email: str) -> str:
    """Return the refresh token of somebody who signed in at an issuer earlier."""
    login = Login(
        client_id=CLIENT,
        scope="openid email offline_access",
        person={"email": email},
        refresh_tokens=[secrets.token_urlsafe(32)],
    )
    issuer.devices._logins.append(login)
    return login.refresh_tokens[-1]


def _unauthorized() -> web.HTTPUnauthorized:
    body = {"code": 16, "message": "no", "error": "not_authenticated"}
    return web.HTTPUnauthorized(text=json.dumps(body))


@pytest.fixture
def sign_in_server() -> Iterator[SignInServer]:
    """Yield a server that listens and offers nothing yet."""
    with SignInServer().serving() as opened:
        yield opened
