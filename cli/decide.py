"""`jitsudo approve` and `jitsudo deny`."""

import click

from cli.group import command
from cli.output import show_outcome
from cli.parameters import RequestIdType, prose
from cli.terminal import Terminal
from core.vocabulary import RequestId

_EXAMPLE = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"


@command(
    "approve",
    examples=(
        f"jitsudo approve {_EXAMPLE}",
        f'jitsudo approve {_EXAMPLE} --comment "Approved for INC-4421"',
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.option(
    "--comment",
    default="",
    metavar="TEXT",
    callback=prose(required=False),
    help="Recorded in the audit log; - reads standard input.",
)
async def approve(terminal: Terminal, *, request_id: RequestId, comment: str) -> None:
    """Approve a pending request.

    Policy decides whether you may. If it asks for more than one approval, the
    request stays PENDING until enough people have approved it.
    """
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.approve(request_id, comment=comment)
        show_outcome(terminal, record)
        await connection.settle(request_id)


@command(
    "deny",
    examples=(
        f'jitsudo deny {_EXAMPLE} --reason "Outside the change window"',
        f"git log -1 --format=%B | jitsudo deny {_EXAMPLE} --reason -",
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.option(
    "--reason",
    required=True,
    metavar="TEXT",
    callback=prose(required=True),
    help="Why; the requester reads it. - reads standard input.",
)
async def deny(terminal: Terminal, *, request_id: RequestId, reason: str) -> None:
    """Deny a pending request, for good.

    The reason is recorded in the audit log and told to the requester.
    """
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.deny(request_id, reason=reason)
        show_outcome(terminal, record)
        await connection.settle(request_id)
