"""`jitsudo request` and `withdraw`: what is asked, and how waiting ends."""

import json
import os
from datetime import timedelta

import pytest

from core.domain.request import Ask
from core.vocabulary import GrantStatus, RequestState
from tests.support.builders import NOON
from tests.support.terminals import TestTerminal, a_record

_REQUEST = (
    "request", "--provider", "local", "--role", "infra-admin", "--scope", "staging",
)  # fmt: skip


def test_request_submits_what_was_typed(terminal: TestTerminal) -> None:
    """Every flag reaches the server, trimmed and as a typed value."""
    terminal.approvals.answers = [a_record()]

    terminal.run(*_REQUEST, "--duration", "1h30m", "--reason", " INC-1 ")

    assert terminal.approvals.asked == [
        (
            "submit",
            Ask(
                provider="local",
                role="infra-admin",
                resource_scope="staging",
                duration=timedelta(minutes=90),
                reason="INC-1",
            ),
        )
    ]


def test_request_prints_the_references_lines(terminal: TestTerminal) -> None:
    """The id is on the first line, the state on the second."""
    record = a_record()
    terminal.approvals.answers = [record]

    result = terminal.run(*_REQUEST)

    assert result.stdout.splitlines() == [
        f"Request ID: {record.request.id}",
        "State:      PENDING",
        "Provider:   local",
        "Role:       infra-admin",
        "Scope:      staging",
        "Duration:   1h",
    ]


def test_request_says_what_comes_next(terminal: TestTerminal) -> None:
    """On standard error, for who reads the table; not for a script."""
    record = a_record()
    terminal.approvals.answers = [record] * 3

    told = terminal.run(*_REQUEST).stderr

    assert f"jitsudo status {record.request.id}" in told
    assert f"jitsudo exec {record.request.id} -- COMMAND" in told
    assert terminal.run(*_REQUEST, "-q").stderr == ""
    assert terminal.run(*_REQUEST, "-o", "json").stderr == ""


def test_quiet_request_prints_the_id_alone(terminal: TestTerminal) -> None:
    """A script can keep the id in a variable."""
    record = a_record()
    terminal.approvals.answers = [record]

    assert terminal.run(*_REQUEST, "-q").stdout == f"{record.request.id}\n"


@pytest.mark.parametrize(
    ("end", "exit_code"),
    [
        (RequestState.ACTIVE, 0),
        (RequestState.REJECTED, 8),
        (RequestState.REVOKED, 8),
        (RequestState.EXPIRED, 8),
    ],
)
def test_wait_ends_with_what_became_of_it(
    terminal: TestTerminal, end: RequestState, exit_code: int
) -> None:
    """Approved alone is not granted: it waits until the credentials are there."""
    pending = a_record()
    approved = a_record(RequestState.APPROVED, grant_status=GrantStatus.ISSUING)
    final = a_record(end, expires_at=NOON + timedelta(hours=1))
    terminal.approvals.answers = [pending, approved, final]

    result = terminal.run(*_REQUEST, "--wait")

    assert result.exit_code == exit_code
    assert result.stdout.splitlines()[-1].endswith(f"→ {end}")


def test_wait_ends_at_its_timeout(terminal: TestTerminal) -> None:
    """The code is timeout's own, and the request stays what it is."""
    terminal.approvals.answers = [a_record()]

    result = terminal.run(*_REQUEST, "--wait", "--timeout", "1s")

    assert result.exit_code == 124
    assert "→" not in result.stdout
    assert "Still PENDING: --timeout has passed and nobody decided" in result.stderr
    assert "jitsudo status req_" in result.stderr


def test_wait_with_json_prints_one_document(terminal: TestTerminal) -> None:
    """The last state is the only one on standard output."""
    terminal.approvals.answers = [a_record(), a_record(RequestState.REJECTED)]

    result = terminal.run(*_REQUEST, "--wait", "-o", "json")

    assert result.exit_code == 8
    assert json.loads(result.stdout)["state"] == "REJECTED"


def test_a_denial_says_who_and_why(terminal: TestTerminal) -> None:
    """Whoever waits reads the reason without another command."""
    denied = a_record(RequestState.REJECTED, reason="change freeze")
    terminal.approvals.answers = [a_record(), denied]

    result = terminal.run(*_REQUEST, "--wait")

    assert "Denied by bob@example.com: change freeze" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--role", "rôle"), "--role"),
        (("--role", "x" * 129), "--role"),
        (("--scope", ""), "--scope"),
        (("--duration", "721h"), "--duration"),
        (("--duration", "soon"), "--duration"),
        (("--reason", "x" * 2_001), "--reason"),
        (("--reason", "\x00"), "--reason"),
    ],
)
def test_what_cannot_be_asked_names_its_flag(
    terminal: TestTerminal, arguments: tuple[str, str], named: str
) -> None:
    """What is knowable offline ends with 2, before anything is sent."""
    result = terminal.run(*_REQUEST, *arguments)

    assert result.exit_code == 2
    assert f"'{named}'" in result.stderr
    assert terminal.approvals.asked == []


def test_exec_runs_once_it_is_granted(terminal: TestTerminal) -> None:
    """Standard output is the command's alone; what happened is on the other."""
    pending = a_record()
    in_force = a_record(
        RequestState.ACTIVE, id=pending.request.id, grant_status=GrantStatus.ACTIVE
    )
    terminal.approvals.answers = [pending, in_force]
    terminal.environment["PATH"] = os.defpath

    result = terminal.run(*_REQUEST, "--exec", "--", "sh", "-c", "exit 4")

    assert result.exit_code == 4
    assert result.stdout == ""
    assert result.stderr.splitlines()[0] == (
        f"Request {pending.request.id}: "
        "alice@example.com: infra-admin on staging (local) for 1h"
    )


def test_exec_asks_for_nothing_when_there_is_no_such_command(
    terminal: TestTerminal,
) -> None:
    """Nobody is to approve what cannot be used."""
    result = terminal.run(*_REQUEST, "--exec", "--", "no-such-command-here")

    assert result.exit_code == 127
    assert terminal.approvals.asked == []


def test_withdraw_prints_the_new_state(terminal: TestTerminal) -> None:
    """One's own request is taken back."""
    record = a_record(RequestState.REVOKED)
    terminal.approvals.answers = [record]

    result = terminal.run("withdraw", record.request.id)

    assert result.stdout == f"Request {record.request.id} → REVOKED\n"
    assert terminal.approvals.asked == [("withdraw", record.request.id)]


def test_watching_one_request_prints_its_changes(terminal: TestTerminal) -> None:
    """Into a pipe goes one line for each version, until nothing more can happen."""
    first = a_record()
    request_id = first.request.id
    terminal.approvals.answers = [
        first,
        first,
        a_record(RequestState.APPROVED, id=request_id, version=2),
        a_record(RequestState.REVOKED, id=request_id, version=3),
    ]

    result = terminal.run("status", request_id, "--watch")

    assert [line.partition(" ")[2] for line in result.stdout.splitlines()] == [
        f"Request {request_id} → PENDING",
        f"Request {request_id} → APPROVED",
        f"Request {request_id} → REVOKED",
    ]


def test_watching_with_json_prints_a_line_for_each_change(
    terminal: TestTerminal,
) -> None:
    """Each line is a document of its own."""
    first = a_record()
    end = a_record(RequestState.REJECTED, id=first.request.id, version=2)
    terminal.approvals.answers = [first, end]

    result = terminal.run("status", first.request.id, "--watch", "-o", "json")

    states = [json.loads(line)["state"] for line in result.stdout.splitlines()]
    assert states == ["PENDING", "REJECTED"]
