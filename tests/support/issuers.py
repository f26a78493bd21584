"""A strict identity provider on the loopback: OIDC discovery, keys, tokens."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.support.issuer_devices import DeviceFlow
from tests.support.issuer_keys import SigningKey

CLIENT: Final = "jitsudo-cli"
"""The client that an issuer of tests knows, and the audience of its ID tokens."""

DISCOVERY: Final = "/.well-known/openid-configuration"
JWKS: Final = "/keys"
DEVICE: Final = "/device/code"
TOKEN: Final = "/token"


@cache
def _first_key() -> SigningKey:
    """Return the key that every issuer has at first; making one takes a while."""
    return SigningKey.rsa("key-1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scripted:
    """What a path answers instead of what it should."""

    body: bytes
    status: int
    headers: Mapping[str, str]
    delay_seconds: float


class Issuer:
    """An OIDC issuer with a thread of its own, so that a test may block.

    Attributes:
        clients: the ids that may ask.
        keys: the last one signs; all of them are published.
        lifetime: of the ID tokens.
        asked: how often each path was asked.
        devices: sign-ins of terminals; approve and deny them there.
    """

    def __init__(self, *, now: Callable[[], datetime] | None = None) -> None:
        """Have one RS256 key and one client; listen later."""
        self.now = now or (lambda: datetime.now(UTC))
        self.clients = {CLIENT}
        self.keys = [_first_key()]
        self.lifetime = timedelta(hours=1)
        self.asked: Counter[str] = Counter()
        self.devices = DeviceFlow(issuer=self)
        self._scripted: dict[str, Scripted] = {}
        self._listener = Listener(self._application)

    @property
    def url(self) -> str:
        """Return the issuer, without a slash at the end; the same while it exists."""
        return self._listener.url

    @property
    def discovery_url(self) -> str:
        """Return where the discovery document is."""
        return self.url + DISCOVERY

    def rotate(self, *, kid: str, alg: str = "RS256") -> SigningKey:
        """Replace every key by a new one."""
        self.keys = [SigningKey.made(kid, alg)]
        return self.keys[0]

    def claims(self, email: str = "alice@example.com", **more: Any) -> dict[str, Any]:
        """Return the claims of a good ID token; one that is None is left out."""
        now = int(self.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": f"sub-of-{email}",
            "aud": CLIENT,
            "iat": now,
            "exp": now + int(self.lifetime.total_seconds()),
            "email": email,
            "email_verified": True,
            **more,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, email: str = "alice@example.com", **more: Any) -> str:
        """Return an ID token, signed with the newest key."""
        return self.keys[-1].sign(self.claims(email, **more))

    @contextmanager
    def answering(
        self,
        path: str,
        body: object = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        delay_seconds: float = 0.0,
    ) -> Iterator[None]:
        """Answer a path so while the block runs.

        Args:
            body: bytes go as they are, everything else as JSON.
        """
        self._scripted[path] = Scripted(
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            status=status,
            headers={"Content-Type": "application/json", **(headers or {})},
            delay_seconds=delay_seconds,
        )
        try:
            yield
        finally:
            del self._scripted[path]

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections while the block runs."""
        self._listener.stop()
        try:
            yield
        finally:
            self._listener.start()

    @contextmanager
    def serving(self) -> Iterator["Issuer"]:
        """Listen while the block runs."""
        self._listener.start()
        try:
            yield self
        finally:
            self._listener.stop()

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document.

        Source: OpenID Connect Discovery 1.0 section 3, RFC 8628 section 4.
        """
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": self.url + TOKEN,
            "device_authorization_endpoint": self.url + DEVICE,
            "jwks_uri": self.url + JWKS,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted(
                {key.alg for key in self.keys}
            ),
            "scopes_supported": [
                "openid",
                "email",
                "profile",
                "groups",
                "offline_access",
            ],
        }

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._counted])
        app.router.add_get(DISCOVERY, self._discovery)
        app.router.add_get(JWKS, self._jwks)
        app.router.add_post(DEVICE, self.devices.authorize)
        app.router.add_post(TOKEN, self.devices.token)
        return app

    @web.middleware
    async def _counted(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        self.asked[request.path] += 1
        scripted = self._scripted.get(request.path)
        if scripted is None:
            return await handler(request)
        await asyncio.sleep(scripted.delay_seconds)
        return web.Response(
            body=scripted.body, status=scripted.status, headers=scripted.headers
        )

    async def _discovery(self, _request: web.Request) -> web.Response:
        return web.json_response(self.discovery())

    async def _jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.public() for key in self.keys]})


class Listener:
    """An aiohttp application in a thread of its own, at one port all along."""

    def __init__(self, application: Callable[[], web.Application]) -> None:
        """Keep what to serve."""
        self._application = application
        self._port = 0
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Return scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return once it listens."""
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), daemon=True
        )
        self._thread.start()
        if not ready.wait(10):
            message = "the issuer does not listen"
            raise TimeoutError(message)

    def stop(self) -> None:
        """Return once it does not listen any more."""
        self._stop()
        if self._thread is not None:
            self._thread.join(10)

    async def _serve(self, ready: threading.Event) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._stop = lambda: _call(loop, stopped.set)
        runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=0.1
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._port, reuse_address=True)
            await site.start()
            self._port = runner.addresses[0][1]
            ready.set()
            await stopped.wait()
        finally:
            await runner.cleanup()


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)


@asynccontextmanager
async def serve_issuer() -> AsyncIterator[Issuer]:
    """Have an issuer that listens while the block runs."""
    with Issuer().serving() as issuer:
        yield issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Yield an issuer that listens; of no jitsudo yet."""
    with Issuer().serving() as opened:
        yield opened
