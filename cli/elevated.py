"""`jitsudo exec`: a command with a request's credentials in its environment."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import FrameType
from typing import Final

import click

from cli.group import command
from cli.parameters import RequestIdType
from cli.terminal import Connection, Terminal
from cli.text import moment
from cli.waiting import wait_for
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.errors import NotAllowed
from core.vocabulary import GrantStatus, RequestId, RequestState

ISSUING: Final = timedelta(seconds=60)
"""How long an approved request is waited for."""

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
"""Source: POSIX, Shell Command Language, 2.8.2 Exit Status for Commands."""


@command(
    "exec",
    examples=(
        "jitsudo exec req_01J8KZ4F2EMNQZ3V7XKQYBD4WA -- env",
        "jitsudo exec req_01J8KZ4F2EMNQZ3V7XKQYBD4WA -- kubectl get pods",
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.argument(
    "words", metavar="-- COMMAND …", nargs=-1, required=True, type=click.UNPROCESSED
)
async def execute(
    terminal: Terminal, *, request_id: RequestId, words: tuple[str, ...]
) -> None:
    """Run a command with the credentials of your own active request.

    The credentials are in the command's environment and nowhere else, beside
    JITSUDO_ELEVATED=1 and JITSUDO_REQUEST_ID. An approved request whose
    credentials are still being issued is waited for, up to 60 seconds. The
    exit code is the command's own; 128 and the signal's number if one ended
    it, 126 if it cannot be run, 127 if it is not found.
    """
    async with terminal.connect(terminal) as connection:
        credentials = await _credentials(terminal, connection, request_id)
    terminal.note(f"Elevated until {moment(credentials.expires_at)}.")
    environment = {
        **terminal.environment,
        **credentials.secrets.variables,
        "JITSUDO_ELEVATED": "1",
        "JITSUDO_REQUEST_ID": request_id,
    }
    raise click.exceptions.Exit(run_command(terminal, words, environment))


async def _credentials(
    terminal: Terminal, connection: Connection, request_id: RequestId
) -> Credentials:
    """Return the credentials, once they are there.

    Raises:
        NotAllowed: the connection is a database's.
        NotFound, WrongState: as `Approvals.credentials`.
    """
    if connection.is_direct:
        raise NotAllowed(
            reason="credentials never come from a database URL; "
            "give the server's address as --server"
        )
    record = await connection.approvals.get(request_id)
    if _is_coming(record):
        terminal.note("Approved; waiting for the credentials …")
        await wait_for(
            terminal,
            connection.approvals,
            record,
            until=lambda newer: not _is_coming(newer),
            patience=ISSUING,
        )
    return await connection.approvals.credentials(request_id)


def _is_coming(record: RequestRecord) -> bool:
    request = record.request
    return (
        request.state is RequestState.APPROVED
        and request.grant_status is not GrantStatus.REVOKING
    )


def run_command(
    terminal: Terminal, words: Sequence[str], environment: Mapping[str, str]
) -> int:
    """Run a command as this process's foreground; return its exit code."""
    passed_on: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for child in passed_on:
            child.send_signal(number)

    # The terminal sends these two to the command itself as well.
    signal.signal(signal.SIGINT, _ignore)
    signal.signal(signal.SIGQUIT, _ignore)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    try:
        child = subprocess.Popen(list(words), env=dict(environment))  # noqa: S603 - the person's own command
    except FileNotFoundError:
        terminal.warn(f"Error: {words[0]}: command not found")
        return NOT_FOUND
    except OSError as error:
        terminal.warn(f"Error: {words[0]}: {os.strerror(error.errno or 0)}")
        return NOT_EXECUTABLE
    passed_on.append(child)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; unlike SIG_IGN this is not passed on to the command."""
