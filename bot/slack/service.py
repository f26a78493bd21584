"""Slack for one process: everything put together, started, watched and stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import structlog
from aiohttp import web
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import SlackSettings
from bot.slack import middleware
from bot.slack.admin_notices import AdminNotices
from bot.slack.adoption import Adoption
from bot.slack.background import Background, happens_within
from bot.slack.channels import Channels
from bot.slack.checks import check_slack
from bot.slack.client import SlackClient
from bot.slack.desk import Desk
from bot.slack.failures import SlackCredential
from bot.slack.gate import GatedApp
from bot.slack.listeners.registry import register_listeners
from bot.slack.pacing import Pacer
from bot.slack.people import People
from bot.slack.pings import Pings
from bot.slack.ports import JitsudoPort
from bot.slack.profiles import Workspace
from bot.slack.sockets import PING_SECONDS, SocketConnections
from bot.slack.surfaces import SurfaceRenderer
from bot.slack.transport import HttpTransport
from core.domain.job import Job
from core.errors import ConfigurationError, SlackFailed
from core.health import PartHealth
from core.services.backoff import pause_after

DRAIN_SECONDS: Final = 5.0
"""How long acts in flight and answers on their way may take at the end."""

ANY_WORKSPACE: Final = "https://slack.com/"

_log = structlog.get_logger()


class SlackService:
    """The Slack front end of one process.

    `start` and `stop` are called by one and the same task.
    """

    def __init__(
        self,
        *,
        jitsudo: JitsudoPort,
        settings: SlackSettings,
        drain_seconds: float = DRAIN_SECONDS,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        """Put the parts together; nothing is called before `start`.

        Args:
            drain_seconds: how long `close_gate`, and then what runs beside the
                answers, may take at the end.
            ping_seconds: how often a Socket Mode connection is tried.
        """
        self._settings = settings
        self._drain_seconds = drain_seconds
        self._ping_seconds = ping_seconds
        self._gate_ends: float | None = None
        self._stopping = asyncio.Event()
        self._stack = AsyncExitStack()
        self._background = Background()
        self._client = SlackClient(
            api_url=settings.api_url,
            bot_token=settings.bot_token.get_secret_value(),
            response_base=settings.response_base,
            pacer=Pacer(is_on=settings.pacing),
        )
        self._people = People(client=self._client, email_domains=settings.email_domains)
        self._channels = Channels(
            client=self._client,
            default=settings.channel,
            allow_shared=settings.allow_shared_channels,
        )
        self._desk = Desk(
            jitsudo=jitsudo,
            client=self._client,
            people=self._people,
            background=self._background,
        )
        self._renderer = SurfaceRenderer(
            jitsudo=jitsudo,
            client=self._client,
            channels=self._channels,
            people=self._people,
            pings=Pings(jitsudo=jitsudo, people=self._people),
        )
        self._notices = AdminNotices(
            jitsudo=jitsudo,
            client=self._client,
            channels=self._channels,
            people=self._people,
        )
        self.app = self._bolt(jitsudo)
        self._http: HttpTransport | None = None
        self._sockets: SocketConnections | None = None
        if settings.signing_secret is not None:
            self._http = HttpTransport(
                app=self.app,
                signing_secret=settings.signing_secret.get_secret_value(),
                clock=jitsudo.clock,
            )

    def _bolt(self, jitsudo: JitsudoPort) -> GatedApp:
        """Return the Bolt app with every listener attached."""
        logger = logging.getLogger("jitsudo.slack")
        logger.setLevel(logging.WARNING)  # at INFO Bolt writes whole bodies
        secret = self._settings.signing_secret
        app = GatedApp(
            name="jitsudo",
            logger=logger,
            authorize=_authorize_by(self._people),
            client=AsyncWebClient(base_url=self._settings.api_url, retry_handlers=[]),
            signing_secret=secret.get_secret_value() if secret else "",
            raise_error_for_unhandled_request=True,
        )
        middleware.register(app)
        adoption = Adoption(
            jitsudo=jitsudo, people=self._people, background=self._background
        )
        register_listeners(
            app,
            desk=self._desk,
            client=self._client,
            adoption=adoption,
            clock=jitsudo.clock,
        )
        return app

    def routes(self) -> list[web.RouteDef]:
        """Return the route for Slack's deliveries; none in Socket Mode."""
        return [] if self._http is None else self._http.routes()

    @property
    def workspace_url(self) -> str:
        """Return what opens the workspace, or Slack before it has said."""
        workspace = self._people.workspace
        return (workspace.url if workspace else "") or ANY_WORKSPACE

    async def render_handler(self, job: Job) -> None:
        """Do a render job."""
        await self._renderer.run(job)

    async def notice_handler(self, job: Job) -> None:
        """Do a job that tells the admins."""
        await self._notices.run(job)

    async def start(self) -> None:
        """Connect to Slack; an outage is waited out in the background.

        Raises:
            ConfigurationError: Slack does not accept the token.
        """
        await self._client.open()
        self._stack.push_async_callback(self._client.close)
        await self._stack.enter_async_context(self._background)
        try:
            self._belong(await self._client.auth_test())
        except SlackCredential as error:
            await self._stack.aclose()
            raise ConfigurationError(
                setting="JITSUDO_SLACK_BOT_TOKEN",
                why=f"Slack does not accept it ({error.why}); copy it again from "
                "the app's page, under OAuth & Permissions",
            ) from error
        except SlackFailed as error:
            _log.warning("slack_not_reached", why=error.why)
            self._background.start(self._keep_asking())
        if self._settings.app_token is not None:
            self._sockets = SocketConnections(
                app=self.app,
                app_token=self._settings.app_token.get_secret_value(),
                api_url=self._settings.api_url,
                ping_seconds=self._ping_seconds,
            )
            self._sockets.open(self._background)

    async def _keep_asking(self) -> None:
        """Ask whose token this is until Slack says so."""
        tries = 0
        while self._people.workspace is None:
            tries += 1
            pause = pause_after(min(tries, 5)).total_seconds()
            if await happens_within(pause, self._stopping):
                return
            try:
                self._belong(await self._client.auth_test())
            except SlackFailed as error:
                _log.warning("slack_not_reached", why=error.why)

    def _belong(self, workspace: Workspace) -> None:
        self._people.belong(workspace)
        _log.info("slack_connected", team=workspace.team_id)

    async def close_gate(self) -> None:
        """Refuse new deliveries, and wait until those taken are answered.

        The time for that begins once; calling it again waits for what is left.
        """
        now = asyncio.get_running_loop().time
        if self._gate_ends is None:
            self._gate_ends = now() + self._drain_seconds
        await self.app.close(self._gate_ends - now())
        await self._desk.drain(self._gate_ends - now())

    async def stop(self) -> None:
        """Finish what is in flight, then close every connection.

        What does not end in its time is cut off, and the log says what it was.
        """
        self._stopping.set()
        await self.close_gate()
        if self._sockets is not None:
            await self._sockets.close()
        await self._background.drain(self._drain_seconds)
        await self._stack.aclose()

    async def health(self) -> PartHealth:
        """Tell whether cards and presses can come through, and what to do if not."""
        workspace = self._people.workspace
        if workspace is None:
            return PartHealth(is_ready=False, detail="Slack has not answered yet")
        if self._client.credential_problem:
            return PartHealth(is_ready=False, detail=self._client.credential_problem)
        mode = "HTTP"
        if self._sockets is not None:
            count = await self._sockets.connected()
            mode = f"Socket Mode, {count} connections"
            if count == 0:
                detail = "no Socket Mode connection; is the app token right?"
                return PartHealth(is_ready=False, detail=detail)
        try:
            channel = await self._channels.check()
        except SlackFailed as error:
            return PartHealth(is_ready=False, detail=str(error))
        return PartHealth(is_ready=True, detail=f"{channel}, {mode}")

    async def check(self, *, more_scopes: frozenset[str]) -> dict[str, PartHealth]:
        """Test tokens, scopes, channel and sharing; for a process that serves not.

        Args:
            more_scopes: that the token needs by the settings of core.
        """
        await self._client.open()
        try:
            return await check_slack(
                self._client,
                self._channels,
                self._settings.app_token,
                more_scopes=more_scopes,
            )
        finally:
            await self._client.close()


def _authorize_by(people: People) -> Callable[[], Awaitable[AuthorizeResult]]:
    """Return what tells Bolt about the installation, without a call.

    Who may act is checked by `People`; before Slack has said whose token this
    is nobody can be identified. Bolt passes no `self`, so this is no method.
    """

    async def authorize() -> AuthorizeResult:
        workspace = people.workspace
        if workspace is None:
            return AuthorizeResult(enterprise_id=None, team_id=None)
        return AuthorizeResult(
            enterprise_id=workspace.enterprise_id,
            team_id=workspace.team_id,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user_id,
        )

    return authorize
