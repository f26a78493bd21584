"""`jitsudo exec` and `jitsudo shell`: a command, and as long as its grant."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

import click

from cli.group import command
from cli.parameters import DurationType, RequestIdType
from cli.terminal import Terminal
from core.vocabulary import RequestId

GRACE: Final = timedelta(seconds=10)
"""How long a command has between TERM and KILL, unless `--grace` says otherwise."""

_EXAMPLE: Final = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"

F = TypeVar("F", bound=Callable[..., Any])


def _running(body: F) -> F:
    """Add what both commands take."""
    for option in (
        click.option(
            "--grace",
            type=DurationType(),
            default=GRACE,
            show_default="10s",
            metavar="TIME",
            help="How long it has to end by itself before it is killed.",
        ),
        click.option(
            "--keep-running",
            is_flag=True,
            help="Leave it running when the grant ends; only say so.",
        ),
        click.option(
            "--wait",
            "patience",
            type=DurationType(),
            metavar="TIME",
            help="How long to wait for an approval and the credentials.",
        ),
    ):
        body = option(body)
    return body


@command(
    "exec",
    examples=(
        f"jitsudo exec {_EXAMPLE} -- env",
        f"jitsudo exec {_EXAMPLE} --wait 10m -- kubectl get pods",
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.argument(
    "words", metavar="-- COMMAND …", nargs=-1, required=True, type=click.UNPROCESSED
)
@_running
async def execute(
    terminal: Terminal,
    *,
    request_id: RequestId,
    words: tuple[str, ...],
    patience: timedelta | None,
    keep_running: bool,
    grace: timedelta,
) -> None:
    """Run a command with the credentials of your own active request.

    The credentials are in the command's environment, beside JITSUDO_ELEVATED=1,
    JITSUDO_REQUEST_ID and JITSUDO_EXPIRES_AT, or in private files that are
    removed afterwards. An approved request whose credentials are still being
    issued is waited for, up to 60 seconds; --wait waits for an approval too.

    When the grant expires or is revoked the command gets a TERM, and after
    --grace a KILL; then the exit code is 9. Otherwise it is the command's own;
    128 and the signal's number if one ended it, 126 if it cannot be run, 127 if
    it is not found.
    """
    refuse_windows("exec")
    from cli.elevation import Use, use_grant  # noqa: PLC0415 - POSIX only

    await use_grant(
        terminal,
        request_id,
        Use(words=words, keep_running=keep_running, grace=grace),
        patience=patience,
    )


@command(
    "shell",
    examples=(
        f"jitsudo shell {_EXAMPLE}",
        f"jitsudo shell {_EXAMPLE} --shell /bin/zsh",
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.option(
    "--shell",
    "wanted",
    metavar="BIN",
    help="Which shell; $SHELL, or else /bin/sh, unless you say.",
)
@_running
async def shell(
    terminal: Terminal,
    *,
    request_id: RequestId,
    wanted: str | None,
    patience: timedelta | None,
    keep_running: bool,
    grace: timedelta,
) -> None:
    """Open a shell with the credentials of your own active request.

    It has what `jitsudo exec` gives a command, and JITSUDO_PROMPT, the role and
    the scope, for your prompt. It ends with the grant, like a command.
    """
    refuse_windows("shell")
    from cli.elevation import Use, use_grant  # noqa: PLC0415 - POSIX only

    chosen = wanted or terminal.environment.get("SHELL") or "/bin/sh"
    await use_grant(
        terminal,
        request_id,
        Use(words=(chosen,), keep_running=keep_running, grace=grace, is_shell=True),
        patience=patience,
    )


def refuse_windows(name: str) -> None:
    """Refuse where processes have neither groups nor signals.

    Raises:
        click.ClickException: this is Windows.
    """
    if sys.platform == "win32":
        message = f"jitsudo {name} does not work on Windows; it does under WSL"
        raise click.ClickException(message)
