"""The device authorization grant of an issuer, as strict as RFC 8628 allows."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiohttp import hdrs, web

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
FORM: Final = "application/x-www-form-urlencoded"
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Source: RFC 8628 section 6.1."""


class Signs(Protocol):
    """What the flow needs of its issuer."""

    clients: set[str]

    @property
    def url(self) -> str:
        """Return the issuer."""
        ...

    def token(self, email: str = ..., **more: Any) -> str:
        """Return a signed ID token."""
        ...


@dataclass(kw_only=True)
class Device:
    """A terminal that waits for a person."""

    device_code: str
    user_code: str
    client_id: str
    scope: str
    expires_at: float
    interval: float
    polled_at: float | None = None
    person: Mapping[str, Any] | None = None
    is_denied: bool = False
    is_used: bool = False


@dataclass(kw_only=True)
class Login:
    """What a person agreed to; its newest refresh token goes on with it."""

    client_id: str
    scope: str
    person: Mapping[str, Any]
    refresh_tokens: list[str] = field(default_factory=list)
    is_revoked: bool = False


class OAuthRefusal(Exception):
    """A refusal in the words of RFC 6749 section 5.2 and RFC 8628 section 3.5."""

    def __init__(self, *, error: str, why: str, status: int = 400) -> None:
        """Keep the code, a sentence and the HTTP status."""
        super().__init__(why)
        self.error, self.status = error, status


class DeviceFlow:
    """Device codes, user codes, and refresh tokens that are used once.

    Attributes:
        interval_seconds: between two questions; asking sooner is `slow_down`, and
            adds five seconds. None leaves it out of the answer; five are meant.
        expires_in: seconds that a device code lives.
        devices: everything that was ever asked for, the newest last.
        forms: every form that came to the token endpoint.
    """

    def __init__(self, *, issuer: Signs) -> None:
        """Know no terminal yet."""
        self._issuer = issuer
        self._logins: list[Login] = []
        self.interval_seconds: int | None = 1
        self.expires_in = 600
        self.devices: list[Device] = []
        self.forms: list[dict[str, str]] = []

    def approve(
        self, user_code: str, email: str = "alice@example.com", **claims: Any
    ) -> None:
        """Have a person agree; claims go into their ID tokens."""
        self._by_user_code(user_code).person = {"email": email, **claims}

    def deny(self, user_code: str) -> None:
        """Have a person refuse."""
        self._by_user_code(user_code).is_denied = True

    def expire(self, user_code: str) -> None:
        """Let a code's time be over."""
        self._by_user_code(user_code).expires_at = 0.0

    def revoke(self) -> None:
        """Let no refresh token be good any more."""
        for login in self._logins:
            login.is_revoked = True

    def _by_user_code(self, user_code: str) -> Device:
        return next(one for one in self.devices if one.user_code == user_code)

    async def authorize(self, request: web.Request) -> web.Response:
        """Begin the sign-in of a terminal (RFC 8628 section 3.1)."""
        try:
            return _answered(self._begun(await _form(request)))
        except OAuthRefusal as refusal:
            return _refused(refusal)

    def _begun(self, form: Mapping[str, str]) -> dict[str, Any]:
        client_id = self._client(form)
        scope = form.get("scope", "")
        if "openid" not in scope.split():
            raise OAuthRefusal(error="invalid_scope", why="openid is missing")
        word = "".join(secrets.choice(_LETTERS) for _ in range(8))
        device = Device(
            device_code=secrets.token_urlsafe(32),
            user_code=f"{word[:4]}-{word[4:]}",
            client_id=client_id,
            scope=scope,
            expires_at=time.monotonic() + self.expires_in,
            interval=5 if self.interval_seconds is None else self.interval_seconds,
        )
        self.devices.append(device)
        page = f"{self._issuer.url}/device"
        answer: dict[str, Any] = {
            "device_code": device.device_code,
            "user_code": device.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={device.user_code}",
            "expires_in": self.expires_in,
        }
        if self.interval_seconds is not None:
            answer["interval"] = self.interval_seconds
        return answer

    async def token(self, request: web.Request) -> web.Response:
        """Answer the token endpoint (RFC 6749 section 5, RFC 8628 section 3.4)."""
        try:
            form = await _form(request)
            self.forms.append(form)
            return _answered(self._tokens(self._granted(form)))
        except OAuthRefusal as refusal:
            return _refused(refusal)

    def _granted(self, form: Mapping[str, str]) -> Login:
        client_id = self._client(form)
        grant = form.get("grant_type")
        if grant == "refresh_token":
            return self._refreshed(form, client_id)
        if grant == DEVICE_GRANT:
            return self._polled(form, client_id)
        raise OAuthRefusal(error="unsupported_grant_type", why="not that one")

    def _client(self, form: Mapping[str, str]) -> str:
        client_id = form.get("client_id", "")
        if client_id not in self._issuer.clients:
            raise OAuthRefusal(error="invalid_client", why="no such client", status=401)
        return client_id

    def _polled(self, form: Mapping[str, str], client_id: str) -> Login:
        code = form.get("device_code")
        if code is None:
            raise OAuthRefusal(error="invalid_request", why="device_code is missing")
        device = next((one for one in self.devices if one.device_code == code), None)
        if device is None or device.client_id != client_id or device.is_used:
            raise OAuthRefusal(error="invalid_grant", why="no such device code")
        now = time.monotonic()
        if now >= device.expires_at:
            raise OAuthRefusal(error="expired_token", why="the code has expired")
        last, device.polled_at = device.polled_at, now
        if last is not None and now - last < device.interval:
            device.interval += 5
            raise OAuthRefusal(error="slow_down", why="asked too soon")
        if device.is_denied:
            raise OAuthRefusal(error="access_denied", why="the person refused")
        if device.person is None:
            raise OAuthRefusal(error="authorization_pending", why="nobody agreed yet")
        device.is_used = True
        login = Login(client_id=client_id, scope=device.scope, person=device.person)
        self._logins.append(login)
        return login

    def _refreshed(self, form: Mapping[str, str], client_id: str) -> Login:
        given = form.get("refresh_token", "")
        login = next((one for one in self._logins if given in one.refresh_tokens), None)
        if login is None or login.client_id != client_id or login.is_revoked:
            raise OAuthRefusal(error="invalid_grant", why="no such refresh token")
        if login.refresh_tokens[-1] != given:
            # Source: RFC 9700 section 4.14.2: somebody has a copy.
            login.is_revoked = True
            raise OAuthRefusal(
                error="invalid_grant", why="this refresh token was used before"
            )
        return login

    def _tokens(self, login: Login) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "access_token": secrets.token_urlsafe(32),
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": login.scope,
            "id_token": self._issuer.token(
                **{"aud": login.client_id, **login.person},
            ),
        }
        if "offline_access" in login.scope.split():
            login.refresh_tokens.append(secrets.token_urlsafe(32))
            answer["refresh_token"] = login.refresh_tokens[-1]
        return answer


async def _form(request: web.Request) -> dict[str, str]:
    """Return the form; each name once (RFC 6749 section 3.2)."""
    if request.content_type != FORM:
        raise OAuthRefusal(error="invalid_request", why=f"expected {FORM}")
    if request.query_string:
        raise OAuthRefusal(error="invalid_request", why="parameters belong in the body")
    fields = await request.post()
    names = list(fields)
    if len(names) != len(set(names)):
        raise OAuthRefusal(error="invalid_request", why="a parameter came twice")
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _answered(body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.json_response(
        body,
        status=status,
        headers={hdrs.CACHE_CONTROL: "no-store", hdrs.PRAGMA: "no-cache"},
    )


def _refused(refusal: OAuthRefusal) -> web.Response:
    return _answered(
        {"error": refusal.error, "error_description": str(refusal)},
        status=refusal.status,
    )
