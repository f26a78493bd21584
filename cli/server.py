"""`jitsudo server`: the database's schema, waiting work, and whether it is well."""

from typing import Final

import click

from cli.errors import FAILED
from cli.group import Lazy, command, group
from cli.probe import PATHS, Probe, ask
from cli.target import database_url, display_name, find_target
from cli.terminal import Terminal
from cli.text import about, moment, table
from core.domain.job import Job
from core.errors import ConfigurationError

_JOBS: Final = ("ID", "KIND", "ABOUT", "DUE", "TRIES", "STATE", "LAST ERROR")

_ELSEWHERE: Final = {
    "check": Lazy(
        "bot.commands:check",
        "Test every part that a server needs, each with its fix.",
    ),
    "reload-policies": Lazy(
        "cli.reload:reload_policies",
        "Have the server look for a newer policy now, and say what is in force.",
    ),
    "rotate-keys": Lazy(
        "cli.rotation:rotate_keys",
        "Encrypt stored credentials anew, with the first of the keys.",
    ),
}
"""Commands in files of their own; `check` lives with the server's settings."""


@group(
    "server",
    lazy=_ELSEWHERE,
    examples=(
        "jitsudo server status",
        "jitsudo server migrate --server postgresql://jitsudo@db/jitsudo",
        "jitsudo server jobs --failing",
        "jitsudo server rotate-keys",
    ),
)
def server(_terminal: Terminal) -> None:
    """Look after a server."""


@server.add
@command(
    "migrate",
    examples=(
        "JITSUDO_DATABASE_URL=postgresql+asyncpg://… jitsudo server migrate",
        "jitsudo server migrate --server sqlite:///jitsudo.db",
    ),
)
async def migrate(terminal: Terminal) -> None:
    """Bring the database's schema to this version.

    The database is --server, or what the server's settings name.
    """
    from cli.direct import async_url  # noqa: PLC0415 - loads the whole core
    from core.store.migrate import migrate as apply  # noqa: PLC0415 - the same

    url = async_url(database_url(terminal))
    revision = await apply(url)
    if not terminal.is_table:
        terminal.dump({"database": display_name(url), "revision": revision})
    else:
        terminal.say(f"{display_name(url)}: schema {revision}")


@server.add
@command("jobs", examples=("jitsudo server jobs", "jitsudo server jobs --failing"))
@click.option("--failing", is_flag=True, help="Only what failed at its last try.")
async def jobs(terminal: Terminal, *, failing: bool) -> None:
    """List the work that waits, what is due first on top."""
    async with terminal.connect(terminal) as connection:
        found = await connection.approvals.jobs(failing_only=failing)
    if not terminal.is_table:
        terminal.dump([_to_object(job) for job in found])
    elif terminal.flags.quiet:
        for job in found:
            terminal.say(str(job.id))
    elif not found:
        terminal.note("No jobs found.")
    else:
        rows = [_row(terminal, job) for job in found]
        for line in table(_JOBS, rows, columns=terminal.columns):
            terminal.say(line)


def _row(terminal: Terminal, job: Job) -> tuple[str, ...]:
    now = terminal.now()
    is_late = job.due_at <= now
    due = (
        f"{about(now - job.due_at)} ago" if is_late else f"in {about(job.due_at - now)}"
    )
    is_held = job.leased_until is not None and job.leased_until > now
    state = "running" if is_held else "due" if is_late else "waiting"
    tries = str(job.attempts)
    return (str(job.id), job.kind, job.lane, due, tries, state, job.last_error or "-")


def _to_object(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "kind": job.kind.value,
        "lane": job.lane,
        "due_at": moment(job.due_at),
        "created_at": moment(job.created_at),
        "attempts": job.attempts,
        "leased_until": moment(job.leased_until) if job.leased_until else None,
        "last_error": job.last_error,
    }


@server.add
@command("status", examples=("jitsudo server status", "jitsudo server status -o json"))
def status(terminal: Terminal) -> None:
    """Ask whether the server is up and ready; no token is needed.

    The exit code is 1 if anything is not well.
    """
    probes = _ask(terminal, *PATHS)
    if not terminal.is_table:
        terminal.dump([probe.to_object() for probe in probes])
    elif terminal.flags.quiet:
        terminal.say(_worst(probes))
    else:
        rows = [(probe.name, probe.status, probe.detail) for probe in probes]
        header = ("COMPONENT", "STATUS", "DETAIL")
        for line in table(header, rows, columns=None):
            terminal.say(line)
    if _worst(probes) != "UP":
        raise click.exceptions.Exit(FAILED)


def _worst(probes: list[Probe]) -> str:
    found = {probe.status for probe in probes}
    return next((each for each in ("DOWN", "DEGRADED") if each in found), "UP")


@server.add
@command("version", examples=("jitsudo server version",))
def version(terminal: Terminal) -> None:
    """Print the server's version; no token is needed."""
    (probe,) = _ask(terminal, "version")
    if not terminal.is_table:
        terminal.dump(probe.to_object())
    elif probe.status == "UP":
        terminal.say(f"Server version: {probe.detail}")
    if probe.status != "UP":
        terminal.warn(f"Error: {probe.detail}")
        raise click.exceptions.Exit(FAILED)


def _ask(terminal: Terminal, *names: str) -> list[Probe]:
    """Return the server's answers.

    Raises:
        ConfigurationError: none is known, or it is a database URL.
    """
    target = find_target(terminal)
    if target.transport is None:
        raise ConfigurationError(
            setting="--server", why="this asks a server; give its http(s) address"
        )
    is_https = target.server.startswith("https:")
    context = target.transport.context() if is_https else None
    return [ask(target.server, name, context) for name in names]
