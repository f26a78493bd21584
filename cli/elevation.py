"""A grant in use: what the command is given, and how both come to their end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn

import click

from cli.elevated import GRACE
from cli.errors import GRANT_ENDED
from cli.grant_watch import GrantWatch, tell
from cli.granting import find_granted, refuse_database, wait_for_grant
from cli.group import LazyGroup
from cli.loose_threads import LooseThreads
from cli.output import summary
from cli.private_files import private_files
from cli.prompt import banner, prompt_of
from cli.running import Child
from cli.terminal import Connection, Terminal
from cli.text import moment
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.request import Ask
from core.duration import to_text
from core.vocabulary import RequestId

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
"""Source: POSIX, Shell Command Language, 2.8.2 Exit Status for Commands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a grant is used for.

    Attributes:
        words: the command and its arguments.
        keep_running: whether the command outlives the grant.
        grace: how long the command has between TERM and KILL.
    """

    words: tuple[str, ...]
    keep_running: bool = False
    grace: timedelta = GRACE
    is_shell: bool = False


async def use_grant(
    terminal: Terminal, request_id: RequestId, use: Use, *, patience: timedelta | None
) -> NoReturn:
    """Run a command with the credentials of a request, and end as it does.

    Args:
        patience: see `find_granted`.

    Raises:
        click.exceptions.Exit: with the command's code, or with why there is none.
        JitsudoError: from the server; nothing was run.
    """
    async with _elevation(terminal, use) as elevation:
        record = await find_granted(
            terminal, elevation.connection, request_id, patience=patience
        )
        await elevation.run(record)


async def use_new_request(
    terminal: Terminal, ask: Ask, use: Use, *, patience: timedelta
) -> NoReturn:
    """Ask, wait for the grant, run a command with it, and end as it does.

    Raises:
        click.exceptions.Exit: with the command's code, or with why there is none.
        JitsudoError: from the server; nothing was run.
    """
    async with _elevation(terminal, use) as elevation:
        connection = elevation.connection
        record = await connection.approvals.submit(ask)
        terminal.note(f"Request {record.request.id}: {summary(record.request)}")
        record = await wait_for_grant(terminal, connection, record, patience=patience)
        await elevation.run(record)


@asynccontextmanager
async def _elevation(terminal: Terminal, use: Use) -> AsyncIterator["_Elevation"]:
    """Yield what runs the command, if it and a server are there.

    Raises:
        NotAllowed: the connection is a database's.
        click.exceptions.Exit: there is no such command.
    """
    if _is_missing(terminal, use.words[0]):
        raise click.exceptions.Exit(_not_found(terminal, use))
    threads = LooseThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    async with terminal.connect(terminal) as connection:
        refuse_database(connection)
        yield _Elevation(
            terminal=terminal, connection=connection, use=use, threads=threads
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Elevation:
    """Runs one command with one grant."""

    terminal: Terminal
    connection: Connection
    use: Use
    threads: LooseThreads

    async def run(self, record: RequestRecord) -> NoReturn:
        """Read the credentials of a request in force and run the command.

        Raises:
            click.exceptions.Exit: always, unless the credentials are refused.
        """
        request = record.request
        credentials = await self.connection.approvals.credentials(request.id)
        watch = GrantWatch(
            terminal=self.terminal,
            approvals=self.connection.approvals,
            record=record,
            credentials=credentials,
            extending=_extending(request.id),
        )
        for line in banner(request, credentials, is_shell=self.use.is_shell):
            self.terminal.note(line)
        self.threads.settle()
        raise click.exceptions.Exit(await self._run(watch, record, credentials))

    async def _run(
        self, watch: GrantWatch, record: RequestRecord, credentials: Credentials
    ) -> int:
        """Return the exit code of the command, or that of an ended grant."""
        with (
            Child.prepared() as child,
            private_files(
                credentials.secrets.files, self.terminal.environment
            ) as paths,
        ):
            environment = {
                **self.terminal.environment,
                **credentials.secrets.variables,
                **paths,
                **self._own_variables(record, credentials),
            }
            try:
                child.start(self.use.words, environment)
            except FileNotFoundError:
                return _not_found(self.terminal, self.use)
            except OSError as error:
                why = os.strerror(error.errno or 0)
                self.terminal.warn(f"Error: {self.use.words[0]}: {why}")
                return NOT_EXECUTABLE
            code = await self._until_either_ends(watch, child)
        if child.was_interrupted:
            _interrupt_our_group()
        return code

    def _own_variables(
        self, record: RequestRecord, credentials: Credentials
    ) -> Mapping[str, str]:
        own = {
            "JITSUDO_ELEVATED": "1",
            "JITSUDO_REQUEST_ID": record.request.id,
            "JITSUDO_EXPIRES_AT": moment(credentials.expires_at),
        }
        if self.use.is_shell:
            own["JITSUDO_PROMPT"] = prompt_of(record.request)
        return own

    async def _until_either_ends(self, watch: GrantWatch, child: Child) -> int:
        """Wait for the command, and end it when its grant ends."""
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(self._end_with_the_grant(watch, child))
            code = await child.wait()
            if not child.is_ending:
                ending.cancel()
        return GRANT_ENDED if child.is_ending else code

    async def _end_with_the_grant(self, watch: GrantWatch, child: Child) -> None:
        why = await watch.until_over()
        if child.is_over:
            return
        if self.use.keep_running:
            tell(self.terminal, f"{why}; the command is left running")
            return
        tell(self.terminal, f"{why}; ending the command")
        grace = self.use.grace
        if await child.end(grace_seconds=grace.total_seconds()):
            tell(self.terminal, f"it was still there after {to_text(grace)}: killed")


def _is_missing(terminal: Terminal, word: str) -> bool:
    """Tell whether there is no such command, so that nothing need be read for it."""
    search = terminal.environment.get("PATH", os.defpath).split(os.pathsep)
    places = ["."] if "/" in word else search
    return not any((Path(place or ".") / word).exists() for place in places)


def _not_found(terminal: Terminal, use: Use) -> int:
    terminal.warn(f"Error: {use.words[0]}: command not found")
    return NOT_FOUND


def _extending(request_id: RequestId) -> str:
    """Return how to have it for longer, where this version knows how."""
    root = click.get_current_context().find_root().command
    if isinstance(root, LazyGroup) and "extend" in root.lazy:
        return f"`{root.name} extend {request_id}` asks for more time"
    return ""


def _interrupt_our_group() -> None:
    """End as Ctrl-C would have, had the command not had the terminal.

    A script that we are in would otherwise go on with its next line.
    """
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.killpg(os.getpgrp(), signal.SIGINT)
