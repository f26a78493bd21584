"""A jitsudo over SQLite and the starter policy, alone or behind its REST API."""

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr
from typing_extensions import override

from bot.api.addresses import TRUSTED_PROXIES, Networks
from bot.api.app import add_api
from bot.api.oauth import SlackSignIn, add_oauth
from bot.connections import GuardedSite
from core.approvals import Approvals
from core.domain.decision import RequestRecord
from core.domain.principal import Actor
from core.domain.request import Ask
from core.remote import HttpApprovals
from core.settings import CoreSettings, without_limits
from core.use_cases import ALL_SCOPES
from core.vocabulary import Origin, RequestState, TokenScope
from core.wiring import Jitsudo, PartHealth, open_jitsudo
from tests.support.builders import ALICE, BOB, an_ask

WORKSPACE_URL: Final = "https://acme.slack.example/"

POLICIES: Final = Path(__file__).parents[2] / "policies"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What an HTTP server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class House(Protocol):
    """A jitsudo to which anybody can come by one way in."""

    jitsudo: Jitsudo

    async def acting(
        self, email: str, scopes: frozenset[TokenScope] = ALL_SCOPES
    ) -> Approvals:
        """Return the approvals of a person."""
        ...


@dataclass
class InProcessHouse(House):
    """People come in through the services."""

    jitsudo: Jitsudo

    @override
    async def acting(
        self, email: str, scopes: frozenset[TokenScope] = ALL_SCOPES
    ) -> Approvals:
        """Return the approvals of a person."""
        return self.jitsudo.acting(Actor(email=email, origin=Origin.API), scopes=scopes)


@dataclass
class ApiServer(House):
    """People come in through the REST API, each with a token of their own.

    Attributes:
        parts: what `/readyz` is told; a test may change it.
    """

    jitsudo: Jitsudo
    url: str
    parts: dict[str, PartHealth] = field(default_factory=dict)

    @override
    async def acting(
        self, email: str, scopes: frozenset[TokenScope] = ALL_SCOPES
    ) -> Approvals:
        """Return the approvals of a person."""
        return HttpApprovals(self.url, token=await self.token(email, scopes))

    async def token(
        self,
        email: str,
        scopes: frozenset[TokenScope] = ALL_SCOPES,
        *,
        ttl: timedelta = timedelta(hours=1),
    ) -> str:
        """Return the secret of a new token."""
        operator = self.jitsudo.operator("operator:root@test", {})
        return (await operator.issue_token(email, scopes=scopes, ttl=ttl)).secret

    async def send(
        self,
        method: str,
        target: str,
        *,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send anything at all.

        Args:
            target: the whole path with its query.
            body: bytes go as they are, everything else as JSON.
        """
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        own = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await asyncio.to_thread(
            _send, self.url, method, target, content, {**own, **(headers or {})}
        )

    async def send_raw(
        self, method: str, path: str, *headers: str, body: bytes = b""
    ) -> int:
        """Send what no client library would; return the answer's status."""
        host = self.url.removeprefix("http://")
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        writer.close()
        await writer.wait_closed()
        return status


def _send(
    url: str, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
) -> Reply:
    connection = http.client.HTTPConnection(
        url.removeprefix("http://"), timeout=30, blocksize=1_048_576
    )
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        response = connection.getresponse()
        return Reply(
            status=response.status, headers=response.headers, body=response.read()
        )
    finally:
        connection.close()


@asynccontextmanager
async def working(jitsudo: Jitsudo) -> AsyncIterator[None]:
    """Do the jobs of core until the block is left."""
    pool = jitsudo.workers()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pool.run())
        try:
            yield
        finally:
            pool.stop()


async def until(
    approvals: Approvals, record: RequestRecord, state: RequestState
) -> RequestRecord:
    """Return the request once it is in `state`; the test's own limit ends the wait."""
    while record.request.state is not state:
        record = await approvals.get(
            record.request.id,
            wait=timedelta(seconds=10),
            since_version=record.request.version,
        )
    return record


async def granted(house: House, *, ask: Ask | None = None) -> RequestRecord:
    """Return a request of alice's that is active, approved by bob if need be."""
    alice = await house.acting(ALICE)
    async with working(house.jitsudo):
        record = await alice.submit(ask or an_ask())
        if record.request.state is RequestState.PENDING:
            bob = await house.acting(BOB)
            record = await bob.approve(record.request.id, comment="")
        return await until(alice, record, RequestState.ACTIVE)


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """Serve `app` on a free port; yields its URL."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        await GuardedSite(runner, listener, max_connections=1_000, tls=None).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def jitsudo(sqlite_url: str) -> AsyncIterator[Jitsudo]:
    """Yield a jitsudo over SQLite with the starter policy and its people."""
    settings = without_limits(
        CoreSettings(
            database_url=SecretStr(sqlite_url),
            policy_dir=POLICIES,
            groups_file=POLICIES / "groups.yaml",
            encryption_keys=(SecretStr(Fernet.generate_key().decode()),),
            local_provider=True,
        )
    )
    async with open_jitsudo(settings) as opened:
        yield opened


@asynccontextmanager
async def api_of(
    jitsudo: Jitsudo, *, trusted_proxies: Networks = ()
) -> AsyncIterator[ApiServer]:
    """Serve the REST API of a jitsudo."""
    server = ApiServer(jitsudo=jitsudo, url="")

    async def ready() -> Mapping[str, PartHealth]:
        return {**await jitsudo.health(), **server.parts}

    app = web.Application()
    app[TRUSTED_PROXIES] = trusted_proxies
    add_api(app, jitsudo, ready=ready)
    add_oauth(app, SlackSignIn(workspace_url=lambda: WORKSPACE_URL))
    async with listening(app) as server.url:
        yield server


@pytest.fixture
async def api(jitsudo: Jitsudo) -> AsyncIterator[ApiServer]:
    """Yield the REST API of that jitsudo."""
    async with api_of(jitsudo) as server:
        yield server


@pytest.fixture(params=["in_process", "http"])
def house(request: pytest.FixtureRequest) -> House:
    """Return a jitsudo, once for each way in."""
    if request.param == "http":
        server: ApiServer = request.getfixturevalue("api")
        return server
    return InProcessHouse(jitsudo=request.getfixturevalue("jitsudo"))


@pytest.fixture
async def alice(house: House) -> Approvals:
    """Return alice's approvals; she may ask."""
    return await house.acting(ALICE)


@pytest.fixture
async def bob(house: House) -> Approvals:
    """Return bob's approvals; he may approve."""
    return await house.acting(BOB)
