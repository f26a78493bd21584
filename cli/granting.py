"""From a request to its credentials: refused, waited for, handed out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, NoReturn

import click

from cli.errors import NOT_GRANTED, TIMED_OUT
from cli.grant_watch import is_in_force, why_over
from cli.output import standing
from cli.terminal import Connection, Terminal
from cli.text import moment
from cli.waiting import wait_for
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.errors import NotAllowed, WrongState
from core.vocabulary import GrantStatus, RequestId, RequestState

ISSUING: Final = timedelta(seconds=60)
"""How long an approved request is waited for, unless `--wait` says otherwise."""

_COMING: Final = {
    RequestState.PENDING: frozenset({GrantStatus.NONE}),
    RequestState.APPROVED: frozenset(
        {GrantStatus.NONE, GrantStatus.ISSUING, GrantStatus.FAILED}
    ),
}
"""Where a grant may still come; a failed one is tried again."""


class Undecided(WrongState):
    """The request waits for an approval, and nobody has asked to wait with it."""

    def __init__(self, request: ElevationRequest) -> None:
        """Say who can approve it, and how to wait."""
        super().__init__(
            request_id=request.id, expected="ACTIVE", actual=standing(request)
        )
        how = f"{approvers(request)} can approve it; --wait 10m waits for that"
        self.args = (f"{self}: {how}",)


def refuse_database(connection: Connection) -> None:
    """Refuse to go on without a server.

    Raises:
        NotAllowed: the connection is a database's.
    """
    if connection.is_direct:
        raise NotAllowed(
            reason="credentials never come from a database URL; "
            "give the server's address as --server"
        )


async def find_granted(
    terminal: Terminal,
    connection: Connection,
    request_id: RequestId,
    *,
    patience: timedelta | None,
) -> RequestRecord:
    """Return a request in force, after waiting for it as long as it is coming.

    Args:
        patience: how long to wait, for an approval too; None waits for the
            credentials alone, and for 60 seconds.

    Raises:
        Undecided: nobody has approved it, and there is no patience.
        WrongState: it is over.
        click.exceptions.Exit: the waiting ended without a grant; it was said why.
    """
    record = await connection.approvals.get(request_id)
    request = record.request
    if request.state is RequestState.PENDING and patience is None:
        raise Undecided(request)
    if not is_in_force(request) and not _is_coming(record):
        raise WrongState(
            request_id=request.id,
            expected="ACTIVE",
            actual=_actual(request),
            by=request.ended_by or request.decided_by,
            at=request.ended_at or request.decided_at,
        )
    return await wait_for_grant(
        terminal, connection, record, patience=patience or ISSUING
    )


async def wait_for_grant(
    terminal: Terminal,
    connection: Connection,
    record: RequestRecord,
    *,
    patience: timedelta,
) -> RequestRecord:
    """Return the request once it is in force.

    Raises:
        click.exceptions.Exit: patience or hope came to an end; it was said why.
    """
    if _is_coming(record):
        tell = _progress(terminal)
        tell(record)
        record = await wait_for(
            terminal,
            connection.approvals,
            record,
            until=lambda newer: not _is_coming(newer),
            patience=patience,
            changed=tell,
        )
    if _is_coming(record):
        _tell_no_end(terminal, record.request)
    if not is_in_force(record.request):
        _tell_no_grant(terminal, record.request)
    return record


def approvers(request: ElevationRequest) -> str:
    """Return who can approve a request, as policy said when it was made."""
    groups = request.routing.approver_groups
    return f"a member of {' or '.join(groups)}" if groups else "whom policy allows"


def _is_coming(record: RequestRecord) -> bool:
    request = record.request
    return request.grant_status in _COMING.get(request.state, frozenset())


def _progress(terminal: Terminal) -> Callable[[RequestRecord], None]:
    """Return what tells each new standing once, on standard error."""
    told: set[str] = set()

    def tell(record: RequestRecord) -> None:
        text = _awaited(record.request) if _is_coming(record) else ""
        if text and text not in told:
            told.add(text)
            terminal.note(text)

    return tell


def _awaited(request: ElevationRequest) -> str:
    if request.state is RequestState.PENDING:
        return f"{standing(request)}; waiting until {approvers(request)} approves …"
    if request.grant_status is GrantStatus.FAILED:
        return f"{_failure(request)} …"
    return "Approved; waiting for the credentials …"


def _failure(request: ElevationRequest) -> str:
    text = f"The grant failed: {request.grant_error or 'nobody knows why'}"
    if request.next_try_at is not None:
        text += f"; tried again at {moment(request.next_try_at)}"
    return text


def _actual(request: ElevationRequest) -> str:
    if request.state in {RequestState.ACTIVE, RequestState.APPROVED}:
        status = request.grant_status.value.replace("_", " ")
        return f"{request.state.value} ({status})"
    return request.state.value


def _tell_no_end(terminal: Terminal, request: ElevationRequest) -> NoReturn:
    if request.state is RequestState.PENDING:
        why = f"nobody decided in time; {approvers(request)} can"
    elif request.grant_status is GrantStatus.FAILED:
        why = _failure(request)
    else:
        why = "its credentials are not there yet"
    terminal.warn(
        f"Error: request {request.id} is still {standing(request)}: {why}. "
        f"Look again with `jitsudo status {request.id}`"
    )
    raise click.exceptions.Exit(TIMED_OUT)


def _tell_no_grant(terminal: Terminal, request: ElevationRequest) -> NoReturn:
    if request.state is RequestState.REJECTED:
        why = f"denied by {request.decided_by}: {request.decision_text}"
    elif request.state is RequestState.EXPIRED and request.issued_at is None:
        why = request.end_reason or "nobody decided in time"
    else:
        why = why_over(request)
    terminal.warn(f"Error: request {request.id} is {request.state.value}: {why}")
    raise click.exceptions.Exit(NOT_GRANTED)
