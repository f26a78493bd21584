"""`jitsudo review`: what was found about a broken glass."""

import click

from cli.group import command
from cli.output import summary, to_object
from cli.parameters import RequestIdType, prose
from cli.terminal import Terminal
from cli.text import moment
from core.domain.decision import RequestRecord
from core.vocabulary import RequestId

_EXAMPLE = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"


@command(
    "review",
    examples=(
        f'jitsudo review {_EXAMPLE} --note "justified, see INC-4421"',
        f"jitsudo review {_EXAMPLE} --note - < findings.txt",
        "jitsudo status --needs-review",
    ),
)
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.option(
    "--note",
    required=True,
    metavar="TEXT",
    callback=prose(required=True),
    help="What you found; recorded for good. - reads standard input.",
)
async def review(terminal: Terminal, *, request_id: RequestId, note: str) -> None:
    """Close the review of a break-glass request of somebody else.

    Whoever may deny such a request may, and admins. `jitsudo status
    --needs-review` lists what is open.
    """
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.review(request_id, note=note)
        _show(terminal, record, note)
        await connection.settle(request_id)


def _show(terminal: Terminal, record: RequestRecord, note: str) -> None:
    request = record.request
    if not terminal.is_table:
        terminal.dump(to_object(record))
    elif terminal.flags.quiet:
        terminal.say(request.id)
    else:
        terminal.say(f"Request {request.id} → reviewed")
    terminal.note(summary(request))
    if request.review_note != note and request.reviewed_at is not None:
        terminal.warn(
            f"Note: you reviewed it at {moment(request.reviewed_at)}, and that stands: "
            f"{request.review_note}"
        )
