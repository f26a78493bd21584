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
from bot.slack.adoption import Adoption
from bot.slack.background import Background
from bot.slack.channels import Channels
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
from bot.slack.sockets import SocketConnections
from bot.slack.surfaces import SurfaceRenderer
from bot.slack.transport import HttpTransport
from core.domain.job import Job
from core.errors import ConfigurationError, SlackFailed
from core.process import PartHealth
from core.services.backoff import pause_after

SCOPES: Final = frozenset(
    {
        "chat:write",
        "commands",
        "users:read",
        "users:read.email",
        "channels:read",
        "groups:read",
    }
)
"""What the bot token needs; the manifests ask for exactly these."""

DRAIN_SECONDS: Final = 5.0
"""How long acts in flight and answers on their way may take at the end."""

_log = structlog.get_logger()


class SlackService:
    """The Slack front end of one process.

    `start` and `stop` are called by one and the same task.
    """

    def __init__(self, *, jitsudo: JitsudoPort, settings: SlackSettings) -> None:
        """Put the parts together; nothing is called before `start`."""
        self._settings = settings
        self._stack = AsyncExitStack()
        self._background = Background()
        self._client = SlackClient(
            api_url=settings.api_url,
            bot_token=settings.bot_token.get_secret_value(),
            response_base=settings.response_base,
            pacer=Pacer(is_on=settings.pacing),
        )
        self._people = People(client=self._client)
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

    async def render_handler(self, job: Job) -> None:
        """Do a render job."""
        await self._renderer.run(job)

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
            )
            self._sockets.open(self._background)

    async def _keep_asking(self) -> None:
        """Ask whose token this is until Slack says so."""
        tries = 0
        while self._people.workspace is None:
            tries += 1
            await asyncio.sleep(pause_after(min(tries, 5)).total_seconds())
            try:
                self._belong(await self._client.auth_test())
            except SlackFailed as error:
                _log.warning("slack_not_reached", why=error.why)

    def _belong(self, workspace: Workspace) -> None:
        self._people.belong(workspace)
        _log.info("slack_connected", team=workspace.team_id)

    async def close_gate(self) -> None:
        """Refuse new deliveries, and wait until those taken are answered."""
        await self.app.close(DRAIN_SECONDS)
        await self._desk.drain(DRAIN_SECONDS)

    async def stop(self) -> None:
        """Finish what is in flight, then close every connection."""
        await self.close_gate()
        if self._sockets is not None:
            await self._sockets.close()
        await self._background.drain(DRAIN_SECONDS)
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

    async def check(self) -> dict[str, PartHealth]:
        """Test tokens, scopes, channel and sharing; for a process that serves not."""
        await self._client.open()
        try:
            return await self._check()
        finally:
            await self._client.close()

    async def _check(self) -> dict[str, PartHealth]:
        parts: dict[str, PartHealth] = {}
        try:
            workspace = await self._client.auth_test()
        except SlackFailed as error:
            parts["slack bot token"] = PartHealth(is_ready=False, detail=str(error))
            return parts
        parts["slack bot token"] = PartHealth(
            is_ready=True, detail=f"of team {workspace.team_id}"
        )
        missing = sorted(SCOPES - workspace.scopes) if workspace.scopes else []
        parts["slack scopes"] = PartHealth(
            is_ready=not missing,
            detail=f"missing {', '.join(missing)}; install the app again with the "
            "manifest"
            if missing
            else "all there",
        )
        if self._settings.app_token is not None:
            parts["slack app token"] = await self._check_app_token()
        try:
            detail = await self._channels.check()
            parts["slack channel"] = PartHealth(is_ready=True, detail=detail)
        except SlackFailed as error:
            parts["slack channel"] = PartHealth(is_ready=False, detail=str(error))
        return parts

    async def _check_app_token(self) -> PartHealth:
        token = self._settings.app_token
        try:
            await self._client.check_app_token(
                token.get_secret_value() if token else ""
            )
        except SlackFailed as error:
            why = f"{error}; make one with connections:write on the app's page"
            return PartHealth(is_ready=False, detail=why)
        return PartHealth(is_ready=True, detail="opens connections")


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
