"""A whole office: the real core over SQLite, the Slack front end, and a sandbox."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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
from core.assembly import assemble
from core.auth_settings import AuthSettings
from core.clock import SystemClock
from core.domain.audit import AuditEvent
from core.domain.job import NewJob
from core.domain.principal import Actor
from core.domain.request import Ask, ElevationRequest
from core.domain.surface import Surface
from core.policy.bundle import write_starter
from core.ports import AuditFilter
from core.providers.sealing import FernetSealer
from core.settings import CoreSettings, without_limits
from core.store.engine import open_store
from core.store.migrate import migrate
from core.vocabulary import JobKind, Origin, RequestId
from core.wiring import Jitsudo, open_jitsudo, open_policy
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.cards import is_card_of
from tests.support.providers import ScriptedProvider
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
    provider: ScriptedProvider | None = None

    async def ask(self, requester: str = ALICE, ask: Ask | None = None) -> RequestId:
        """Submit a request as from the terminal."""
        approvals = self.jitsudo.acting(Actor(email=requester, origin=Origin.API))
        return (await approvals.submit(ask or an_ask())).request.id

    async def active(self, ask: Ask | None = None) -> RequestId:
        """Return a request of alice's whose card says that it is active."""
        request_id = await self.ask(ask=ask)
        await self.approve(request_id)
        await self.card(request_id, showing="*Active* until")
        return request_id

    async def approve(self, request_id: RequestId) -> None:
        """Have bob approve a request as from the terminal."""
        bob = self.jitsudo.acting(Actor(email=BOB, origin=Origin.API))
        await bob.approve(request_id, comment="")

    async def hurry(self, kind: JobKind) -> None:
        """Make the waiting jobs of one kind due now."""
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        async with self.jitsudo.store.transaction() as uow:
            for job in await uow.jobs.find(failing_only=False, limit=500):
                if job.kind is kind:
                    sooner = NewJob(
                        kind=job.kind,
                        lane=job.lane,
                        key=job.key,
                        due_at=long_ago,
                        payload=job.payload,
                    )
                    await uow.jobs.add(sooner)
            await uow.commit()
        self.jitsudo.signal.ring()

    async def request(self, request_id: RequestId) -> ElevationRequest:
        """Return a request as stored."""
        async with self.jitsudo.store.snapshot() as uow:
            found = await uow.requests.get(request_id)
        assert found is not None
        return found

    async def changed(self, who: str, **patch: Any) -> None:
        """Change a person at Slack, and let what was remembered of all be over."""
        await self.hands.post("people", {"user": who, "patch": patch})
        self.slack._people._profiles._known.clear()

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
        """Return every message in the channel that is a request's card."""
        state = await self.hands.state()
        return [
            message
            for message in state["channels"][0]["messages"]
            if is_card_of(message, request_id)
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

    async def click_dm(self, who: str, message: Json, action: str) -> Json:
        """Press a button of a direct message."""
        return await self.hands.click(who, message["ts"], action, channel=who)

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
    provider: ScriptedProvider | None = None,
    decisions_per_minute: int = 0,
    auth: AuthSettings | None = None,
    slack_link: str = "first_use",
) -> AsyncIterator[Office]:
    """Run the Slack front end and its workers beside a sandbox that is served.

    Args:
        is_working: without it no job runs, as in a server that just stopped.
        drain_seconds: how long what is in flight may take at the end.
        ping_seconds: how often a Socket Mode connection is tried.
        provider: instead of the stand-in `local`.
        decisions_per_minute: of one person; 0 for any number.
        auth: the identity provider, if there is one to be.
        slack_link: what binds an account in Slack to a person.
    """
    url = f"sqlite+aiosqlite:///{directory / 'jitsudo.db'}"
    await migrate(url)
    policy = directory / "policy"
    if not policy.exists():
        write_starter(policy)
    core = without_limits(
        CoreSettings.model_validate(
            {
                "database_url": url,
                "policy_dir": policy,
                "groups_file": policy / "groups.yaml",
                "encryption_keys": (Fernet.generate_key().decode(),),
                "local_provider": True,
                "slack_link": slack_link,
                "auth": auth or AuthSettings(),
            }
        )
    ).model_copy(update={"decisions_per_minute": decisions_per_minute})
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
    async with _opened(core, provider) as jitsudo:
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
                provider=provider,
            )


@asynccontextmanager
async def _opened(
    settings: CoreSettings, provider: ScriptedProvider | None
) -> AsyncIterator[Jitsudo]:
    """Open core, with a provider of the test's own if it has one."""
    if provider is None:
        async with open_jitsudo(settings) as jitsudo:
            yield jitsudo
        return
    store = open_store(settings.database_url.get_secret_value())
    policy = await open_policy(settings)
    try:
        yield assemble(
            settings,
            clock=SystemClock(),
            store=store,
            policy=policy,
            sealer=FernetSealer(
                [key.get_secret_value() for key in settings.encryption_keys]
            ),
            providers={provider.name: provider},
        )
    finally:
        await policy.close()
        await store.close()


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
        jitsudo.workers(
            {
                JobKind.RENDER: slack.render_handler,
                JobKind.TELL_ADMINS: slack.notice_handler,
            }
        ),
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


@pytest.fixture
async def scripted_office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office whose provider does what the test says."""
    provider = ScriptedProvider(clock=SystemClock())
    async with (
        serving(Sandbox(pacing=False)) as sandbox,
        open_office(tmp_path, sandbox, provider=provider) as running,
    ):
        yield running
