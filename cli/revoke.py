"""`jitsudo revoke` and `jitsudo retry`."""

import click

from cli.group import command
from cli.outcome import is_answered, is_ended, settled, tell_open
from cli.output import show_outcome
from cli.parameters import EmailType, RequestIdType, prose
from cli.revoke_all import revoke_all
from cli.terminal import Terminal
from core.errors import WrongState
from core.vocabulary import RequestId, RequestState

_EXAMPLE = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"


class NotGrantedYet(WrongState):
    """Nobody has decided the request, so there is no grant to end."""

    def __init__(self, error: WrongState) -> None:
        """Say what to do instead."""
        super().__init__(
            request_id=error.request_id,
            expected=error.expected,
            actual=error.actual,
            by=error.by,
            at=error.at,
        )
        instead = (
            "its requester can take it back with `jitsudo withdraw`, an approver can "
            "end it with `jitsudo deny`"
        )
        self.args = (f"{self}: {instead}",)


@command(
    "revoke",
    examples=(
        f"jitsudo revoke {_EXAMPLE}",
        f'jitsudo revoke {_EXAMPLE} --reason "laptop stolen"',
        "jitsudo revoke --user alice@example.com --all --yes",
    ),
)
@click.argument(
    "request_id", metavar="[REQUEST-ID]", required=False, type=RequestIdType()
)
@click.option(
    "--reason",
    default="",
    metavar="TEXT",
    callback=prose(required=False),
    help="Why; recorded and told. - reads standard input.",
)
@click.option("--user", type=EmailType(), metavar="EMAIL", help="Whose; needs --all.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Everything of --user that is approved or active.",
)
@click.option("--yes", is_flag=True, help="With --all: do not ask on a terminal.")
@click.option(
    "--no-wait",
    is_flag=True,
    help="Do not wait, up to 5 s, until the provider confirms.",
)
async def revoke(
    terminal: Terminal,
    *,
    request_id: RequestId | None,
    reason: str,
    user: str | None,
    everything: bool,
    yes: bool,
    no_wait: bool,
) -> None:
    """End a grant before its time.

    Its requester may, admins, and whom policy allows. The credentials are gone
    at once; REVOKED is said once the provider has confirmed, and until then
    `ACTIVE (revoking)`. The exit code is 0 for both. A pending request is not
    revoked but withdrawn or denied.
    """
    _check_together(request_id, user=user, everything=everything, yes=yes)
    async with terminal.connect(terminal) as connection:
        if user is not None:
            await revoke_all(
                terminal,
                connection,
                user,
                reason=reason,
                is_sure=yes,
                waits=not no_wait,
            )
        if request_id is None:
            return
        try:
            record = await connection.approvals.revoke(request_id, reason=reason)
        except WrongState as error:
            if error.actual != RequestState.PENDING:
                raise
            raise NotGrantedYet(error) from error
        record = await settled(
            terminal, connection, record, until=is_ended, waits=not no_wait
        )
    show_outcome(terminal, record)
    tell_open(terminal, record)


def _check_together(
    request_id: RequestId | None, *, user: str | None, everything: bool, yes: bool
) -> None:
    """Check that one request is named, or one person and all of theirs.

    Raises:
        click.UsageError: something is missing, or would be ignored.
    """
    if request_id is None and user is None:
        message = "name a request, or a person with --user and --all"
    elif request_id is not None and (user is not None or everything):
        message = "an id stands alone; leave --user and --all out"
    elif everything is not (user is not None):
        message = "--user and --all belong together"
    elif yes and not everything:
        message = "--yes goes with --all; nothing is asked for one request"
    else:
        return
    raise click.UsageError(message)


@command("retry", examples=(f"jitsudo retry {_EXAMPLE}",))
@click.argument("request_id", metavar="REQUEST-ID", type=RequestIdType())
@click.option(
    "--no-wait",
    is_flag=True,
    help="Do not wait, up to 5 s, until the provider answers.",
)
async def retry(terminal: Terminal, *, request_id: RequestId, no_wait: bool) -> None:
    """Try at once what the provider refused: a grant, or its end.

    Whoever may revoke it may. It is tried again anyway, later and later.
    """
    async with terminal.connect(terminal) as connection:
        record = await connection.approvals.retry(request_id)
        record = await settled(
            terminal, connection, record, until=is_answered, waits=not no_wait
        )
    show_outcome(terminal, record)
    tell_open(terminal, record)
