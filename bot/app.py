"""The server's composition root: one process of web, Slack and workers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final

import structlog
from aiohttp import web

from bot.api.addresses import TRUSTED_PROXIES
from bot.api.app import add_api
from bot.api.oauth import SlackSignIn, add_oauth
from bot.connections import GuardedSite
from bot.notices import LoggedNotices
from bot.settings import BotSettings
from bot.slack.service import SlackService
from bot.tls import Tls, TlsFiles
from core.errors import ConfigurationError, JitsudoError
from core.vocabulary import JobKind
from core.wiring import Jitsudo, PartHealth

MAX_BODY: Final = 4 * 1024**2
"""Bytes; a modal of 250 kB, URL-encoded, with the message around it.

The REST API refuses far less by itself.
"""

DRAIN_SECONDS: Final = 5.0
"""How long requests in flight may take once the server stops."""

POLICY_LOOK_SECONDS: Final = 2.0
"""How soon another policy is in the audit log, even if nobody asks anything."""

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server that listens.

    Attributes:
        url: its own address, without a slash at the end.
        health: tells whether every part is ready.
    """

    url: str
    health: Callable[[], Awaitable[Mapping[str, PartHealth]]]


@asynccontextmanager
async def serving(
    jitsudo: Jitsudo,
    settings: BotSettings,
    *,
    listener: socket.socket,
    add_routes: Callable[[web.Application], None] | None = None,
) -> AsyncIterator[Server]:
    """Run the REST API, Slack and the workers until the block is left.

    Args:
        listener: bound and listening; closed at the end.
        add_routes: more routes on the same port, such as the sandbox's.

    Raises:
        ConfigurationError: Slack refuses the tokens, or the channel; or TLS
            cannot be served.
    """
    files = TlsFiles.from_settings(settings)
    tls = None if files is None else Tls(files)
    slack = (
        SlackService(jitsudo=jitsudo, settings=settings.slack)
        if settings.slack is not None
        else None
    )
    is_stopping = False

    async def health() -> Mapping[str, PartHealth]:
        parts = dict(await jitsudo.health())
        if slack is not None:
            parts["slack"] = replace(await slack.health(), is_needed=False)
        if is_stopping:
            parts["server"] = PartHealth(is_ready=False, detail="is stopping")
        return parts

    app = web.Application(client_max_size=MAX_BODY)
    app[TRUSTED_PROXIES] = settings.trusted_proxies
    add_api(app, jitsudo, ready=health)
    add_oauth(app, _slack_sign_in(slack))
    if slack is not None:
        app.add_routes(slack.routes())
    if add_routes is not None:
        add_routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_SECONDS)
    await runner.setup()
    try:
        site = GuardedSite(
            runner,
            listener,
            max_connections=settings.max_connections,
            tls=None if tls is None else tls.context,
        )
        await site.start()
        url = _url_of(listener, has_tls=settings.has_tls)
        async with _working(jitsudo, slack, tls):
            _log.info("serving", url=url, slack=slack is not None)
            _warn_of_plain_http(listener, settings)
            try:
                yield Server(url=url, health=health)
            finally:
                is_stopping = True
                await site.stop()  # open connections stay, for what is in flight
                if slack is not None:
                    await slack.close_gate()
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _working(
    jitsudo: Jitsudo, slack: SlackService | None, tls: Tls | None
) -> AsyncIterator[None]:
    """Run Slack and the workers; on leaving, jobs in flight are finished."""
    pools = [jitsudo.workers()]
    if slack is not None:
        await slack.start()
        in_slack = {
            JobKind.RENDER: slack.render_handler,
            JobKind.TELL_ADMINS: slack.notice_handler,
        }
        pools.append(jitsudo.workers(in_slack))
    else:
        notices = LoggedNotices(store=jitsudo.store)
        pools.append(jitsudo.workers({JobKind.TELL_ADMINS: notices.run}))
    try:
        async with asyncio.TaskGroup() as tasks:
            for pool in pools:
                tasks.create_task(pool.run())
            watching = [tasks.create_task(_watch_policy(jitsudo))]
            if tls is not None:
                watching.append(tasks.create_task(tls.watch()))
            try:
                yield
            finally:
                for watch in watching:
                    watch.cancel()
                for pool in pools:
                    pool.stop()
    finally:
        if slack is not None:
            await slack.stop()


def _slack_sign_in(slack: SlackService | None) -> SlackSignIn | None:
    """Return how terminals are signed in through Slack; None without Slack."""
    if slack is None:
        return None
    return SlackSignIn(workspace_url=lambda: slack.workspace_url)


async def _watch_policy(jitsudo: Jitsudo) -> None:
    """Audit every policy that comes into force; a failure is tried again.

    The first look at approvers is promised here too, once.
    """
    while True:
        try:
            await jitsudo.services.policy_watch.look()
        except JitsudoError as error:
            _log.warning("policy_not_audited", error=error.code)
        try:
            await jitsudo.services.check_approvers.promise()
        except JitsudoError as error:
            _log.warning("approver_check_not_promised", error=error.code)
        await asyncio.sleep(POLICY_LOOK_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`.

    Args:
        port: 0 for any that is free.

    Raises:
        ConfigurationError: somebody else listens there, or it is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        # Python adds the address once more, as a tuple.
        why = str(error.strerror).partition(" (while attempting")[0]
        raise ConfigurationError(
            setting="port",
            why=f"cannot listen on {host}:{port}: {why}; choose another with --port",
        ) from error


def _url_of(listener: socket.socket, *, has_tls: bool) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if has_tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _warn_of_plain_http(listener: socket.socket, settings: BotSettings) -> None:
    """Say loudly that tokens cross the network as they are."""
    host = listener.getsockname()[0]
    if settings.has_tls or settings.trusted_proxies or ip_address(host).is_loopback:
        return
    _log.warning(
        "tokens_in_the_clear",
        host=host,
        why="this address can be reached by others, and tokens are sent to it "
        "unencrypted; set JITSUDO_TLS_CERT_FILE and JITSUDO_TLS_KEY_FILE, or put a "
        "proxy with TLS in front and name it in JITSUDO_TRUSTED_PROXIES",
    )
