"""A whole office: the real core over SQLite, the Slack front end, and a sandbox."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.sandbox.app import Sandbox
from bot.sandbox.server import serving
from bot.settings import SlackSettings
from bot.slack.service import DRAIN_SECONDS, SlackService
from bot.slack.sockets import PING_SECONDS
from core.domain.audit import AuditEvent
from core.domain.principal import Actor
from core.domain.request import Ask, ElevationRequest
from core.domain.surface import Surface
from core.policy.bundle import write_starter
from core.ports import AuditFilter
from core.settings import CoreSettings
from core.store.migrate import migrate
from core.vocabulary import JobKind, Origin, RequestId
from core.wiring import Jitsudo, open_jitsudo
from tests.support.builders import ALICE, an_ask
from tests.support.workspaces import Hands

Json = dict[str, Any]
PATIENCE_SECONDS = 8.0


@dataclass(frozen=True, kw_only=True)
class Office:
    """Everybody at work: people in the sandbox, the server beside it."""

    jitsudo: Jitsudo
    slack: SlackService
    sandbox: Sandbox
    hands: Hands
    groups_file: Path

    async def ask(self, requester: str = ALICE, ask: Ask | None = None) -> RequestId:
        """Submit a request as from the terminal."""
        approvals = self.jitsudo.acting(Actor(email=requester, origin=Origin.API))
        return (await approvals.submit(ask or an_ask())).request.id

    async def request(self, request_id: RequestId) -> ElevationRequest:
        """Return a request as stored."""
        async with self.jitsudo.store.snapshot() as uow:
            found = await uow.requests.get(request_id)
        assert found is not None
        return found

    async def surfaces(self, request_id: RequestId) -> list[Surface]:
        """Return the surfaces of a request."""
        async with self.jitsudo.store.snapshot() as uow:
            return await uow.surfaces.of(request_id)

    async def events(self, request_id: RequestId) -> list[AuditEvent]:
        """Return the audit events of a request, oldest first."""
        async with self.jitsudo.store.snapshot() as uow:
            found = await uow.audit.find(AuditFilter(request_id=request_id))
        return found[::-1]

    async def cards(self, request_id: RequestId) -> list[Json]:
        """Return every message in the channel that names a request."""
        state = await self.hands.state()
        return [
            message
            for message in state["channels"][0]["messages"]
            if request_id in json.dumps([message["text"], message["blocks"]])
        ]

    async def card(self, request_id: RequestId, *, showing: str = "") -> Json:
        """Return the one card of a request, once it shows `showing`."""

        async def look() -> Json | None:
            cards = await self.cards(request_id)
            assert len(cards) <= 1, cards
            return cards[0] if cards and showing in text_of(cards[0]) else None

        found: Json = await eventually(look, f"a card that shows {showing!r}")
        return found

    async def click(self, who: str, request_id: RequestId, action: str) -> Json:
        """Press a button of the request's card."""
        card = await self.card(request_id)
        return await self.hands.click(who, card["ts"], action)

    async def dm(self, who: str, *, showing: str) -> Json:
        """Return a direct message that shows `showing`."""

        async def look() -> Json | None:
            for message in (await self.hands.state())["dms"].get(who, []):
                if showing in text_of(message):
                    return dict(message)
            return None

        found: Json = await eventually(look, f"a message to {who}: {showing!r}")
        return found


def text_of(message: Json) -> str:
    """Return everything that a message shows, as one text."""
    return json.dumps([message["text"], message["blocks"]], ensure_ascii=False)


async def eventually(
    look: Callable[[], Awaitable[Any]], what: str, seconds: float = PATIENCE_SECONDS
) -> Any:
    """Look until there is something; fail naming what was awaited."""
    ends = time.monotonic() + seconds
    while not (found := await look()):
        if time.monotonic() > ends:
            pytest.fail(f"waited {seconds} s for {what}")
        await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def open_office(
    directory: Path,
    sandbox: Sandbox,
    *,
    is_socket_mode: bool = False,
    allow_shared: bool = True,
    channel: str = "access",
    is_working: bool = True,
    drain_seconds: float = DRAIN_SECONDS,
    ping_seconds: float = PING_SECONDS,
) -> AsyncIterator[Office]:
    """Run the Slack front end and its workers beside a sandbox that is served.

    Args:
        is_working: without it no job runs, as in a server that just stopped.
        drain_seconds: how long what is in flight may take at the end.
        ping_seconds: how often a Socket Mode connection is tried.
    """
    url = f"sqlite+aiosqlite:///{directory / 'jitsudo.db'}"
    await migrate(url)
    policy = directory / "policy"
    if not policy.exists():
        write_starter(policy)
    core = CoreSettings(
        database_url=SecretStr(url),
        policy_dir=policy,
        groups_file=policy / "groups.yaml",
        encryption_keys=(SecretStr(Fernet.generate_key().decode()),),
        local_provider=True,
    )
    app_token = SecretStr(sandbox.app_token) if is_socket_mode else None
    signing = None if is_socket_mode else SecretStr(sandbox.signing_secret)
    settings = SlackSettings(
        channel=channel,
        bot_token=SecretStr(sandbox.bot_token),
        app_token=app_token,
        signing_secret=signing,
        api_url=sandbox.api_url,
        allow_shared_channels=allow_shared,
        pacing=False,
    )
    async with open_jitsudo(core) as jitsudo:
        slack = SlackService(
            jitsudo=jitsudo,
            settings=settings,
            drain_seconds=drain_seconds,
            ping_seconds=ping_seconds,
        )
        async with (
            _listening(slack, sandbox),
            _working(jitsudo, slack, is_working=is_working),
            aiohttp.ClientSession() as http,
        ):
            yield Office(
                jitsudo=jitsudo,
                slack=slack,
                sandbox=sandbox,
                hands=Hands(sandbox.url, http),
                groups_file=policy / "groups.yaml",
            )


@asynccontextmanager
async def _listening(slack: SlackService, sandbox: Sandbox) -> AsyncIterator[None]:
    """Serve the Slack routes on a free port and have the sandbox deliver there."""
    app = web.Application()
    app.add_routes(slack.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        if slack.routes():
            host, port = runner.addresses[0][:2]
            sandbox.deliver_to = f"http://{host}:{port}/slack/events"
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _working(
    jitsudo: Jitsudo, slack: SlackService, *, is_working: bool
) -> AsyncIterator[None]:
    """Run the workers of core and of Slack."""
    pools = [
        jitsudo.workers(),
        jitsudo.workers({JobKind.RENDER: slack.render_handler}),
    ]
    await slack.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            for pool in pools if is_working else []:
                tasks.create_task(pool.run())
            try:
                yield
            finally:
                for pool in pools:
                    pool.stop()
    finally:
        await slack.stop()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office that is reached over HTTP."""
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox) as running,
    ):
        yield running
