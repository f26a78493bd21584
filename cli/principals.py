"""`jitsudo principal`: who somebody is, who leaves, and who comes back."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import click

from cli.group import Lazy, command, group
from cli.labels import standing
from cli.outcome import PATIENCE, tell_open
from cli.output import paint_standing, summary, to_object
from cli.parameters import EmailType, prose
from cli.terminal import Connection, Terminal
from cli.waiting import Spinner, is_over
from core.approvals import Departure
from core.domain.decision import RequestRecord
from core.errors import JitsudoError

MOST_NAMED: Final = 100
"""As many requests as a departure names."""

_POLL: Final = timedelta(seconds=1)


_ELSEWHERE: Final = {
    "show": Lazy(
        "cli.principal_facts:show",
        "Show what is known of somebody: groups and their sources, trust, Slack.",
    ),
    "trust": Lazy(
        "cli.principal_facts:trust",
        "Set somebody's trust tier, 0 (nothing known) to 4; policy reads it.",
    ),
}
"""Commands in a file of their own."""


@group(
    "principal",
    lazy=_ELSEWHERE,
    examples=(
        "jitsudo principal show bob@example.com",
        'jitsudo principal disable alice@example.com --reason "left the company"',
        "jitsudo principal enable alice@example.com",
    ),
)
def principal(_terminal: Terminal) -> None:
    """Look people up, trust them, shut them out."""


@principal.add
@command(
    "disable",
    examples=(
        'jitsudo principal disable alice@example.com --reason "left the company"',
        "jitsudo --server postgresql://… principal disable alice@example.com \\",
        '    --reason "laptop stolen"',
    ),
)
@click.argument("email", metavar="EMAIL", type=EmailType())
@click.option(
    "--reason",
    required=True,
    metavar="TEXT",
    callback=prose(required=True),
    help="Why; recorded. - reads standard input.",
)
@click.option(
    "--no-wait", is_flag=True, help="Do not wait, up to 5 s, until all has ended."
)
async def disable(
    terminal: Terminal, *, email: str, reason: str, no_wait: bool
) -> None:
    """Shut somebody out: nothing new is accepted from now on.

    Their pending requests are withdrawn, their grants and tokens revoked. Only
    admins may; with a database URL as --server no token is needed.
    """
    async with terminal.connect(terminal) as connection:
        departure = await connection.approvals.disable_principal(email, reason=reason)
        await connection.settle_departure(departure)
        records = await _ending(
            terminal, connection, departure, patience=0.0 if no_wait else None
        )
    if not terminal.is_table:
        requests = [to_object(record) for record in records]
        terminal.dump({**_to_object(departure), "requests": requests})
    elif terminal.flags.quiet:
        for request_id in departure.requests:
            terminal.say(request_id)
    else:
        terminal.say(f"Principal {departure.email} → disabled")
        for record in records:
            request = record.request
            line = f"Request {request.id} → {paint_standing(terminal, request)}"
            terminal.say(line)
    _tell_rest(terminal, departure, records)


async def _ending(
    terminal: Terminal,
    connection: Connection,
    departure: Departure,
    *,
    patience: float | None,
) -> list[RequestRecord]:
    """Return what is being ended, once it has ended or patience has.

    Who may not look at the requests gets none of them; they end all the same.

    Args:
        patience: seconds for all of them together; None for the usual.
    """
    seconds = PATIENCE.total_seconds() if patience is None else patience
    ends = time.monotonic() + seconds
    spinner = Spinner(terminal)
    found: list[RequestRecord] = []
    try:
        for number, request_id in enumerate(departure.requests, start=1):
            record = await connection.approvals.get(request_id)
            while not is_over(record) and (left := ends - time.monotonic()) > 0:
                spinner.turn(
                    f"{number} of {len(departure.requests)}: {standing(record.request)}"
                )
                record = await connection.approvals.get(
                    request_id,
                    wait=min(_POLL, timedelta(seconds=left)),
                    since_version=record.request.version,
                )
            found.append(record)
    except JitsudoError as error:
        terminal.warn(f"It was done, but how it goes on cannot be seen: {error}")
    finally:
        spinner.clear()
    return found


def _tell_rest(
    terminal: Terminal, departure: Departure, records: Sequence[RequestRecord]
) -> None:
    for record in records:
        terminal.note(f"{record.request.id}  {summary(record.request)}")
        tell_open(terminal, record)
    unseen = [
        request_id
        for request_id in departure.requests
        if request_id not in {record.request.id for record in records}
    ]
    for request_id in unseen:
        terminal.note(f"{request_id} is being ended.")
    if departure.tokens:
        terminal.note(f"Tokens that are not valid any more: {departure.tokens}")
    if len(departure.requests) >= MOST_NAMED:
        terminal.warn(
            f"There may be more than these {MOST_NAMED}: "
            f"`jitsudo status --user {departure.email}` shows all"
        )


@principal.add
@command("enable", examples=("jitsudo principal enable alice@example.com",))
@click.argument("email", metavar="EMAIL", type=EmailType())
async def enable(terminal: Terminal, *, email: str) -> None:
    """Let somebody in again; what was ended stays ended.

    Only admins may; with a database URL as --server no token is needed.
    """
    async with terminal.connect(terminal) as connection:
        departure = await connection.approvals.enable_principal(email)
    if not terminal.is_table:
        terminal.dump(_to_object(departure))
    elif terminal.flags.quiet:
        terminal.say(departure.email)
    else:
        terminal.say(f"Principal {departure.email} → enabled")
        terminal.note(
            "Tokens were revoked; `jitsudo token issue "
            f"--email {departure.email}` makes a new one."
        )


@principal.add
@command(
    "forget-sign-in", examples=("jitsudo principal forget-sign-in alice@example.com",)
)
@click.argument("email", metavar="EMAIL", type=EmailType())
async def forget_sign_in(terminal: Terminal, *, email: str) -> None:
    """Let an e-mail change hands at the identity provider.

    The next one who signs in with it is its person from then on; their remembered
    groups are gone. Only admins may; with a database URL as --server no token is
    needed.
    """
    async with terminal.connect(terminal) as connection:
        email = await connection.approvals.forget_sign_in(email)
    if not terminal.is_table:
        terminal.dump({"email": email})
    elif terminal.flags.quiet:
        terminal.say(email)
    else:
        terminal.say(f"Principal {email} → may be signed in by somebody else")


def _to_object(departure: Departure) -> dict[str, object]:
    return {
        "email": departure.email,
        "disabled": departure.is_disabled,
        "tokens": departure.tokens,
    }
