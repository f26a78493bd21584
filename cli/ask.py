"""`jitsudo request` and `jitsudo withdraw`."""

from datetime import timedelta
from typing import Final, NoReturn

import click

from cli.consent import sure_of_breaking_glass
from cli.elevated import refuse_windows
from cli.errors import NOT_GRANTED, TIMED_OUT
from cli.group import command
from cli.outcome import settled, tell_open
from cli.output import show_outcome, show_request, show_submitted, standing
from cli.parameters import DurationType, RequestIdType, prose
from cli.terminal import Connection, Terminal
from cli.waiting import is_over, wait_for
from core.domain.decision import RequestRecord
from core.domain.request import Ask, checked_ask
from core.errors import Invalid
from core.vocabulary import RequestId, RequestState

DEFAULT_TIMEOUT: Final = timedelta(minutes=10)


@command(
    "request",
    examples=(
        "jitsudo request --provider local --role infra-admin --scope staging \\",
        '    --duration 1h --reason "INC-4421: pods do not start"',
        "jitsudo request --provider local --role infra-admin --scope staging \\",
        "    --wait --timeout 10m && echo granted",
        "jitsudo request --provider local --role infra-admin --scope prod \\",
        '    --break-glass --reason "INC-4421: prod is down, nobody answers"',
        "jitsudo request --provider local --role infra-admin --scope staging \\",
        "    --exec -- kubectl get pods",
    ),
)
@click.option("--provider", required=True, metavar="NAME", help="Who grants it.")
@click.option("--role", required=True, metavar="ROLE", help="What you want to be.")
@click.option("--scope", required=True, metavar="SCOPE", help="Where: an account …")
@click.option(
    "--duration",
    type=DurationType(),
    default="1h",
    show_default=True,
    metavar="TIME",
    help="For how long, from approval.",
)
@click.option(
    "--reason",
    default="",
    metavar="TEXT",
    callback=prose(required=False),
    help="Why; approvers read it. - reads standard input.",
)
@click.option(
    "--break-glass",
    is_flag=True,
    help="Have it at once, in an emergency; reviewed afterwards.",
)
@click.option("--yes", is_flag=True, help="With --break-glass: do not ask again.")
@click.option("--wait", is_flag=True, help="Wait until it is granted or not.")
@click.option(
    "--exec",
    "runs",
    is_flag=True,
    help="Wait, then run a command, as `jitsudo exec` does.",
)
@click.option(
    "--timeout",
    "patience",
    type=DurationType(),
    metavar="TIME",
    help="How long --wait and --exec wait; 10m unless you say.",
)
@click.argument("words", metavar="[-- COMMAND …]", nargs=-1, type=click.UNPROCESSED)
async def request(
    terminal: Terminal,
    *,
    provider: str,
    role: str,
    scope: str,
    duration: timedelta,
    reason: str,
    break_glass: bool,
    yes: bool,
    wait: bool,
    runs: bool,
    patience: timedelta | None,
    words: tuple[str, ...],
) -> None:
    """Ask for elevation.

    With --wait the exit code is 0 when it was granted, 8 when not, and 124
    when --timeout has passed. With --exec it is the command's own once it was
    granted, and standard output is the command's alone.

    With --break-glass nobody has to approve it, where policy lets you: it is
    granted at once, everybody is told, and somebody else has to review it.
    """
    _check_together(terminal, runs=runs, waits=wait or patience is None, words=words)
    ask = _checked(
        Ask(
            provider=provider,
            role=role,
            resource_scope=scope,
            duration=duration,
            reason=reason,
            break_glass=break_glass,
        )
    )
    sure_of_breaking_glass(terminal, ask, is_sure=yes)
    if runs:
        from cli.elevation import Use, use_new_request  # noqa: PLC0415 - POSIX only

        await use_new_request(
            terminal, ask, Use(words=words), patience=patience or DEFAULT_TIMEOUT
        )
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.submit(ask)
        await follow(terminal, connection, record, waits=wait, patience=patience)


async def follow(
    terminal: Terminal,
    connection: Connection,
    record: RequestRecord,
    *,
    waits: bool,
    patience: timedelta | None,
) -> None:
    """Show a new request, and what becomes of it where somebody waits.

    Raises:
        click.exceptions.Exit: the waiting ended without a grant.
    """
    is_urgent = record.request.ask.break_glass and not waits
    if is_urgent:
        record = await settled(
            terminal, connection, record, until=_is_answered, waits=True
        )
    if terminal.is_table or not waits:
        show_submitted(terminal, record)
    if is_urgent:
        tell_open(terminal, record)
    else:
        record = await connection.settle(record.request.id) or record
    if not waits:
        _tell_next(terminal, record)
        return
    final = await wait_for(
        terminal,
        connection.approvals,
        record,
        until=_is_answered,
        patience=patience or DEFAULT_TIMEOUT,
    )
    _tell_end(terminal, final)


def _check_together(
    terminal: Terminal, *, runs: bool, waits: bool, words: tuple[str, ...]
) -> None:
    """Refuse flags that mean nothing together.

    Raises:
        click.UsageError: naming them.
    """
    if words and not runs:
        message = f"Got unexpected extra argument ({words[0]}); a command needs --exec"
        raise click.UsageError(message)
    if runs:
        refuse_windows("request --exec")
        if not words:
            message = "--exec needs a command: --exec -- COMMAND …"
            raise click.UsageError(message)
        if not terminal.is_table:
            message = "-o does not go with --exec: the output is the command's"
            raise click.UsageError(message)
    elif not waits:
        message = "--timeout needs --wait or --exec"
        raise click.UsageError(message)


def _tell_end(terminal: Terminal, record: RequestRecord) -> None:
    """Print how the waiting ended, and end with its exit code."""
    if not _is_answered(record):
        _tell_no_end(terminal, record)
    if terminal.is_table and not terminal.flags.quiet:
        show_outcome(terminal, record)
    elif not terminal.is_table:
        show_request(terminal, record)
    request = record.request
    if request.state is not RequestState.ACTIVE:
        if request.decision_text and request.state is RequestState.REJECTED:
            terminal.note(f"Denied by {request.decided_by}: {request.decision_text}")
        raise click.exceptions.Exit(NOT_GRANTED)


def _tell_no_end(terminal: Terminal, record: RequestRecord) -> NoReturn:
    """Say that --timeout has passed, and how to look again."""
    if not terminal.is_table:
        show_request(terminal, record)
    request = record.request
    what = (
        "nobody decided in time"
        if request.state is RequestState.PENDING
        else "its credentials are not there yet"
    )
    terminal.warn(
        f"Still {standing(request)}: --timeout has passed and {what}; "
        f"look again with `jitsudo status {request.id}`"
    )
    raise click.exceptions.Exit(TIMED_OUT)


def _tell_next(terminal: Terminal, record: RequestRecord) -> None:
    """Say on standard error what to do next, where a person reads the table."""
    if not terminal.is_table or is_over(record):
        return
    request_id = record.request.id
    use = f"`jitsudo exec {request_id} -- COMMAND`"
    if record.request.state is RequestState.ACTIVE:
        terminal.note(f"Next: {use}")
    else:
        terminal.note(
            f"Next: `jitsudo status {request_id}`, and {use} once it is approved"
        )


def _is_answered(record: RequestRecord) -> bool:
    return record.request.state is RequestState.ACTIVE or is_over(record)


def _checked(ask: Ask) -> Ask:
    """Return the ask trimmed; what cannot be is a usage error.

    Raises:
        click.BadParameter: naming the option.
    """
    try:
        return checked_ask(ask)
    except Invalid as error:
        raise click.BadParameter(
            error.why, click.get_current_context(), param_hint=f"'--{error.field}'"
        ) from error


@command("withdraw", examples=("jitsudo withdraw req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",))
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
async def withdraw(terminal: Terminal, *, request_id: RequestId) -> None:
    """Take back your own request before it is decided."""
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.withdraw(request_id)
        show_outcome(terminal, record)
        await connection.settle(request_id)
