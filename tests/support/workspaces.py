"""A Slack workspace for tests: a sandbox on a free port, and who talks to it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving

Json = dict[str, Any]


class Hands:
    """Acts in a sandbox as its people, over its control endpoints."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        """Act in the sandbox at `url`."""
        self.url = url
        self._http = http

    async def post(self, name: str, body: Json) -> Json:
        """Call a control endpoint that has to answer 200."""
        async with self._http.post(f"{self.url}/sandbox/{name}", json=body) as answer:
            told: Json = await answer.json()
            assert answer.status == 200, told
            return told

    async def command(self, user: str, text: str, **more: Any) -> Json:
        """Type `/jitsudo text` in the channel."""
        return await self.post("command", {"user": user, "text": text, **more})

    async def click(self, user: str, ts: str, action_id: str, **more: Any) -> Json:
        """Press a button of a message in the channel."""
        body = {"user": user, "channel": "access", "ts": ts, "action_id": action_id}
        return await self.post("click", body | more)

    async def submit(self, user: str, view_id: str, **values: Any) -> Json:
        """Send a modal off."""
        body = {"user": user, "view_id": view_id, "values": values}
        return await self.post("submit", body)

    async def fault(self, method: str, kind: str, **more: Any) -> Json:
        """Let the next call of a method fail."""
        return await self.post("faults", {"method": method, "kind": kind, **more})

    async def state(self) -> Json:
        """Return the whole state."""
        async with self._http.get(f"{self.url}/sandbox/state") as answer:
            told: Json = await answer.json()
            return told

    async def deliveries(self) -> Json:
        """Return every call and delivery."""
        async with self._http.get(f"{self.url}/sandbox/deliveries") as answer:
            told: Json = await answer.json()
            return told


class WebApiCaller:
    """Calls the Web API with JSON bodies and the bot's token."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        """Call `sandbox`."""
        self.sandbox = sandbox
        self._http = http

    async def __call__(
        self, method: str, *, token: str | None = None, **arguments: Any
    ) -> Json:
        """Return the answer of a method."""
        headers = {"Authorization": f"Bearer {token or self.sandbox.bot_token}"}
        address = self.sandbox.api_url + method
        async with self._http.post(address, json=arguments, headers=headers) as answer:
            told: Json = await answer.json()
            return told


@dataclass(frozen=True, kw_only=True)
class Received:
    """One delivery that reached the receiver; `fields` are parsed."""

    fields: Json
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Received], Awaitable[web.Response]]


@dataclass
class Receiver:
    """The plainest app there can be: checks signatures, answers as it is told.

    Attributes:
        answer: what it does with a delivery; an empty 200 unless a test says more.
        received: the deliveries that were signed well.
        refused: how many were not.
    """

    url: str = ""
    signing_secret: str = ""
    answer: Answer | None = None
    received: list[Received] = field(default_factory=list)
    refused: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        """Take one delivery."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        verifier = SignatureVerifier(self.signing_secret)
        if not verifier.is_valid_request(body, headers):
            self.refused += 1
            return web.Response(status=401)
        fields: Json = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if headers.get("content-type") == "application/json":
            fields = json.loads(body)
        elif "payload" in fields:
            fields = json.loads(fields["payload"])
        got = Received(fields=fields, headers=headers, body=body)
        self.received.append(got)
        if self.answer is None:
            return web.Response()
        return await self.answer(got)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_post("/slack/events", receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/slack/events"
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox without pacing, in Socket Mode until `deliver_to` is set."""
    async with serving(Sandbox(pacing=False)) as running:
        yield running


@pytest.fixture
async def receiver(sandbox: Sandbox) -> AsyncIterator[Receiver]:
    """A receiver that the sandbox delivers to over HTTP."""
    async with receiving() as running:
        running.signing_secret = sandbox.signing_secret
        sandbox.deliver_to = running.url
        yield running


@pytest.fixture
def hands(sandbox: Sandbox, http: aiohttp.ClientSession) -> Hands:
    """Somebody's hands in the sandbox."""
    return Hands(sandbox.url, http)


@pytest.fixture
def web_api(sandbox: Sandbox, http: aiohttp.ClientSession) -> WebApiCaller:
    """The app's side of the Web API."""
    return WebApiCaller(sandbox, http)
