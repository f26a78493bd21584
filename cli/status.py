"""`jitsudo status`: one request, or a list of them."""

import click

from cli.group import command
from cli.output import show_request, show_requests
from cli.parameters import RequestIdType
from cli.terminal import Terminal
from cli.watch import watch_list, watch_one
from cli.whoami import warn_of_sources
from core.approvals import Approvals, RequestQuery
from core.errors import DependencyError
from core.vocabulary import RequestId, RequestState

_STATES = [state.value for state in RequestState]


@command(
    "status",
    examples=(
        "jitsudo status --pending",
        "jitsudo status req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "jitsudo status --mine --state ACTIVE -o json",
        "jitsudo status --pending --watch",
        "jitsudo status --needs-review",
    ),
)
@click.argument(
    "request_id", metavar="[REQUEST-ID]", required=False, type=RequestIdType()
)
@click.option("--pending", is_flag=True, help="Only what waits for a decision.")
@click.option(
    "--needs-review",
    is_flag=True,
    help="Only what broke the glass and waits for a review.",
)
@click.option("--mine", is_flag=True, help="Only what you asked for.")
@click.option("--user", metavar="EMAIL", help="Only what this person asked for.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(_STATES, case_sensitive=False),
    help="Only in this state; may be repeated.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 500),
    default=50,
    show_default=True,
    help="Most requests to list, the newest first.",
)
@click.option(
    "--before", type=RequestIdType(), metavar="ID", help="Only older than this one."
)
@click.option("--watch", is_flag=True, help="Go on showing changes.")
async def status(
    terminal: Terminal,
    *,
    request_id: RequestId | None,
    pending: bool,
    needs_review: bool,
    mine: bool,
    user: str | None,
    states: tuple[str, ...],
    limit: int,
    before: RequestId | None,
    watch: bool,
) -> None:
    """Show requests: those you asked for, decided on or could decide.

    With an id, everything about one request.
    """
    wanted = {RequestState(state) for state in states}
    if pending:
        wanted.add(RequestState.PENDING)
    query = RequestQuery(
        mine=mine,
        requester=user,
        states=frozenset(wanted),
        needs_review=needs_review,
        before=before,
        limit=limit,
    )
    if request_id is not None and query != RequestQuery(limit=limit):
        message = "an id stands alone; leave the filters out"
        raise click.UsageError(message)
    async with terminal.connect(terminal) as connection:
        approvals = connection.approvals
        if watch and request_id is not None:
            await watch_one(terminal, approvals, request_id)
        elif watch:
            await watch_list(terminal, approvals, query)
        elif request_id is not None:
            show_request(terminal, await approvals.get(request_id))
        else:
            page = await approvals.list(query)
            show_requests(terminal, page.records)
            if not page.records and terminal.is_table and not connection.is_direct:
                await _tell_of_groups(terminal, approvals)
            if page.next_before is not None:
                terminal.note(f"There are more: add --before {page.next_before}")


async def _tell_of_groups(terminal: Terminal, approvals: Approvals) -> None:
    """Say which source of groups has forgotten somebody, who therefore sees nothing."""
    try:
        identity = await approvals.whoami()
    except DependencyError as error:
        terminal.warn(f"Note: groups may be why; they were not looked at: {error}")
    else:
        warn_of_sources(terminal, identity.sources)
