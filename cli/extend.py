"""`jitsudo extend`: more of a grant that is in force."""

from datetime import timedelta

import click

from cli.ask import follow
from cli.group import command
from cli.parameters import DurationType, RequestIdType, prose
from cli.terminal import Terminal
from core.vocabulary import RequestId

_EXAMPLE = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"


@command(
    "extend",
    examples=(
        f"jitsudo extend {_EXAMPLE} --duration 1h",
        f"jitsudo extend {_EXAMPLE} --duration 30m \\",
        '    --reason "INC-4421: the restore still runs" --wait --timeout 10m',
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.option(
    "--duration",
    required=True,
    type=DurationType(),
    metavar="TIME",
    help="For how long, from when the new grant is issued.",
)
@click.option(
    "--reason",
    default="",
    metavar="TEXT",
    callback=prose(required=False),
    help="Why; the old reason unless you say. - reads standard input.",
)
@click.option("--wait", is_flag=True, help="Wait until it is granted or not.")
@click.option(
    "--timeout",
    "patience",
    type=DurationType(),
    metavar="TIME",
    help="How long --wait waits; 10m unless you say.",
)
async def extend(
    terminal: Terminal,
    *,
    request_id: RequestId,
    duration: timedelta,
    reason: str,
    wait: bool,
    patience: timedelta | None,
) -> None:
    """Ask for more of your own grant, before it ends.

    This is a new request with an id of its own, decided like any other. The old
    grant ends when the new one runs, not before. Exit codes are those of
    `jitsudo request`.
    """
    if patience is not None and not wait:
        message = "--timeout needs --wait"
        raise click.UsageError(message)
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.extend(
            request_id, duration=duration, reason=reason
        )
        await follow(terminal, connection, record, waits=wait, patience=patience)
