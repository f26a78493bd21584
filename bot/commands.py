"""The commands of the server: `serve`, `demo` and `server check`.

The terminal reaches them by name and adds the global flags.
"""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

import click
import yaml

from bot.app import listen, serving
from bot.check import check_installation
from bot.demo import DemoOptions, open_demo
from bot.settings import BotSettings, load_bot
from bot.slack.outside import open_outside
from bot.tour import seeded_tour
from core.environment import read_environment
from core.errors import ConfigurationError
from core.logs import configure_logs
from core.settings import CoreSettings, load_core, load_document
from core.settings_parts import core_part
from core.wiring import open_jitsudo

DEFAULT_PORT: Final = 8080
PORTS_TO_TRY: Final = 20


class _Flags(Protocol):
    output: str
    debug: bool


class _Terminal(Protocol):
    flags: _Flags


def _examples(*lines: str) -> str:
    """Return the end of a help text; marked so that Click keeps its lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    output: str
    debug: bool

    @property
    def is_json(self) -> bool:
        return self.output == "json"


def _wanted(ctx: click.Context) -> _Wanted:
    """Return what the global flags say; the terminal has put them there."""
    flags = cast("_Terminal", ctx.obj).flags
    return _Wanted(output=flags.output, debug=flags.debug)


@click.command(
    epilog=_examples("jitsudo serve", "jitsudo serve --host 0.0.0.0 --port 8443")
)
@click.option("--host", metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8080 by default.")
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None) -> None:
    """Serve Slack, the REST API and the jobs.

    Settings come from the environment and from the file that JITSUDO_CONFIG
    names; `jitsudo server check` tests them.
    """
    configure_logs(debug=_wanted(ctx).debug)
    core_settings, bot_settings = _load(host, port)
    asyncio.run(_serve(core_settings, bot_settings))


async def _serve(core_settings: CoreSettings, bot_settings: BotSettings) -> None:
    async with (
        _until_told() as told,
        open_outside(bot_settings.slack) as outside,
        open_jitsudo(core_settings, outside=outside) as jitsudo,
    ):
        listener = listen(bot_settings.host, bot_settings.port)
        async with serving(jitsudo, bot_settings, listener=listener):
            await told.wait()


def _load(host: str | None, port: int | None) -> tuple[CoreSettings, BotSettings]:
    environment = read_environment()
    document = load_document(environment)
    given = {"host": host, "port": port}
    bot_settings = load_bot(environment, document).model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    return load_core(environment, core_part(document)), bot_settings


@click.command(
    epilog=_examples(
        "jitsudo demo", "jitsudo demo --port 9000 --data ./demo", "jitsudo demo -o json"
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS")
@click.option("--port", type=click.IntRange(0, 65_535), help="8080, or the next free.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything there; without it the demo leaves nothing.",
)
@click.option(
    "--socket-mode/--http", default=False, help="How the stand-in for Slack delivers."
)
@click.option("--database", metavar="URL", help="Use this database, not SQLite.")
@click.option("--opa", metavar="URL", help="Use this OPA, not the embedded engine.")
@click.option("--pacing/--no-pacing", default=True, help="Keep Slack's rate limits.")
@click.pass_context
def demo(
    ctx: click.Context,
    host: str,
    port: int | None,
    data: Path | None,
    *,
    socket_mode: bool,
    database: str | None,
    opa: str | None,
    pacing: bool,
) -> None:
    """Run jitsudo with a stand-in for Slack, on this machine only.

    Nothing else is needed: no workspace, no OPA, no PostgreSQL. The people are
    profiles of the terminal, such as `jitsudo --profile bob status`.
    """
    wanted = _wanted(ctx)
    configure_logs(debug=wanted.debug, quiet=True)
    _check_loopback(host)
    options = DemoOptions(
        data=data,
        is_socket_mode=socket_mode,
        database_url=database,
        opa_url=opa,
        pacing=pacing,
    )
    asyncio.run(_demo(host, port, options, is_json=wanted.is_json))


async def _demo(
    host: str, port: int | None, options: DemoOptions, *, is_json: bool
) -> None:
    listener = _listen_nearby(host) if port is None else listen(host, port)
    async with _until_told() as told, open_demo(listener, options) as running:
        if is_json:
            click.echo(json.dumps(running.to_json()))
        else:
            click.echo(await seeded_tour(running))
        await told.wait()


def _listen_nearby(host: str) -> socket.socket:
    """Listen on the default port, or on the next one that is free."""
    for port in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TO_TRY):
        try:
            return listen(host, port)
        except ConfigurationError:
            continue
    return listen(host, 0)


def _check_loopback(host: str) -> None:
    """Refuse to show the demo to others.

    Raises:
        click.BadParameter: `host` is not this machine's loopback.
    """
    if host not in {"127.0.0.1", "localhost", "::1"}:
        message = "the demo has no passwords; only 127.0.0.1, ::1 or localhost"
        raise click.BadParameter(message, param_hint="--host")


@asynccontextmanager
async def _until_told() -> AsyncIterator[asyncio.Event]:
    """Set an event at SIGINT and SIGTERM; a second one ends the process."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(number: int) -> Callable[[], None]:
        def on_signal() -> None:
            told.set()
            loop.remove_signal_handler(number)

        return on_signal

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, tell(number))
    try:
        yield told
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@click.command(epilog=_examples("jitsudo server check", "jitsudo server check -o json"))
@click.pass_context
def check(ctx: click.Context) -> None:
    """Test every part that a server needs, each with its fix.

    Exits with 1 if anything is not ready.
    """
    wanted = _wanted(ctx)
    configure_logs(debug=wanted.debug)
    environment = read_environment()
    findings = asyncio.run(check_installation(environment, load_document(environment)))
    document = [finding.to_json() for finding in findings]
    if wanted.is_json:
        click.echo(json.dumps(document, indent=2))
    elif wanted.output == "yaml":
        click.echo(yaml.safe_dump(document, sort_keys=False), nl=False)
    else:
        width = max(len(finding.part) for finding in findings)
        for finding in findings:
            mark = "ok  " if finding.is_ready else "FAIL"
            click.echo(f"{mark}  {finding.part:<{width}}  {finding.detail}")
    if not all(finding.is_ready for finding in findings):
        ctx.exit(1)
