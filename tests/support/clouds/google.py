"""A small, strict stand-in for Google's token endpoint and Resource Manager API."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.support.clouds.cloud import Trouble
from tests.support.clouds.google_policies import Policies, Refused

SERVICE: Final = "jitsudo@ops-123456.iam.gserviceaccount.com"
_TOKEN: Final = "ya29.a-token-of-the-stand-in"

_AUDIENCE: Final = "https://oauth2.googleapis.com/token"
"""Whom assertions are for, wherever they are sent."""

_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PRIVATE: Final = _KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()
_PUBLIC: Final = (
    _KEY.public_key()
    .public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    .decode()
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Google:
    """Answers over HTTP; its policies are in `policies`."""

    def __init__(self) -> None:
        """Begin with one project and two people."""
        self.policies = Policies()
        self.url = ""
        self.tokens_refused = False
        self.held: Final = asyncio.Event()
        """Set while a call waits for `let_go`."""
        self._going: Final = asyncio.Event()
        self._going.set()
        self._trouble: tuple[Trouble, int] = (Trouble.DOWN, 0)

    def key_file(self) -> str:
        """Return a service account's key that this stand-in takes."""
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "ops-123456",
                "private_key_id": "k1",
                "private_key": _PRIVATE,
                "client_email": SERVICE,
                "token_uri": f"{self.url}/token",
            }
        )

    def trouble(self, kind: Trouble, *, calls: int) -> None:
        """Make the next calls end so; an answer is lost of changes only."""
        self._trouble = (kind, calls)

    def hold(self) -> None:
        """Answer no call of the API until `let_go`."""
        self._going.clear()

    def let_go(self) -> None:
        """Answer again."""
        self._going.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answer on loopback."""
        app = web.Application(middlewares=[self._troubled])
        app.router.add_post("/token", self._give_token)
        app.router.add_get("/v3/projects:search", self._search)
        app.router.add_post("/v3/projects/{call:.+}", self._act)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield

    @web.middleware
    async def _troubled(
        self, request: web.Request, handler: Answer
    ) -> web.StreamResponse:
        """Have a call of the API end as it was told; else check its token."""
        if request.path == "/token":
            return await handler(request)
        if not self._going.is_set():
            self.held.set()
            await self._going.wait()
        kind, calls = self._trouble
        is_change = request.path.endswith(":setIamPolicy")
        if calls and (kind is not Trouble.LOST_ANSWER or is_change):
            self._trouble = (kind, calls - 1)
            match kind:
                case Trouble.THROTTLED:
                    return _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")
                case Trouble.EXPIRED_CREDENTIALS:
                    return _error(401, "UNAUTHENTICATED", "Invalid credentials.")
                case Trouble.LOST_ANSWER:
                    await handler(request)
                case Trouble.DOWN:
                    pass
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if request.headers.get("Authorization") != f"Bearer {_TOKEN}":
            return _error(401, "UNAUTHENTICATED", "No valid token.")
        return await handler(request)

    async def _give_token(self, request: web.Request) -> web.Response:
        """Give a token for an assertion that is signed with the key.

        Source:
            RFC 7523, section 2.1.
        """
        form = await request.post()
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        if self.tokens_refused or form.get("grant_type") != grant:
            reply = {
                "error": "invalid_grant",
                "error_description": "Invalid JWT Signature.",
            }
            return web.json_response(reply, status=400)
        jwt.decode(str(form["assertion"]), certs=_PUBLIC, audience=_AUDIENCE)
        return web.json_response(
            {"access_token": _TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        )

    async def _search(self, request: web.Request) -> web.Response:
        assert request.query["pageSize"] == "1"
        found = [
            {"name": "projects/1", "projectId": name, "state": "ACTIVE"}
            for name in sorted(self.policies.projects)
        ]
        return web.json_response({"projects": found[:1]} if found else {})

    async def _act(self, request: web.Request) -> web.Response:
        project, _, method = request.match_info["call"].rpartition(":")
        body: dict[str, Any] = await request.json()
        try:
            match method:
                case "getIamPolicy":
                    return web.json_response(self.policies.read(project, body))
                case "setIamPolicy":
                    return web.json_response(self.policies.write(project, body))
                case _:
                    return _error(404, "NOT_FOUND", f"No method {method}.")
        except Refused as refused:
            return _error(
                refused.status, refused.code, refused.message, refused.details
            )


def _error(
    status: int, code: str, message: str, details: tuple[dict[str, str], ...] = ()
) -> web.Response:
    error = {"code": status, "message": message, "status": code}
    if details:
        error["details"] = list(details)
    return web.json_response({"error": error}, status=status)
