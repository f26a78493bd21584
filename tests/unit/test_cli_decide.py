"""`jitsudo approve` and `deny`: what they print, ask and end with."""

import json

import pytest

from core import errors
from core.vocabulary import RequestState
from tests.support.builders import NOON
from tests.support.terminals import TestTerminal, a_record

_ID = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"


def test_approve_prints_the_new_state_and_nothing_else(terminal: TestTerminal) -> None:
    """Standard output has the one line scripts read; who and what is on stderr."""
    record = a_record(RequestState.APPROVED)
    terminal.approvals.answers = [record]

    result = terminal.run("approve", record.request.id)

    assert result.exit_code == 0
    assert result.stdout == f"Request {record.request.id} → APPROVED\n"
    assert result.stderr == (
        "alice@example.com: infra-admin on staging (local) for 1h\n"
    )
    assert terminal.approvals.asked == [("approve", record.request.id, "")]


def test_approve_passes_the_comment_trimmed(terminal: TestTerminal) -> None:
    """The comment is what was typed, without outer blanks."""
    terminal.approvals.answers = [a_record(RequestState.APPROVED)]

    terminal.run("approve", _ID, "--comment", "  for INC-4421 ")

    assert terminal.approvals.asked == [("approve", _ID, "for INC-4421")]


def test_an_open_quorum_is_counted(terminal: TestTerminal) -> None:
    """Short of the quorum the request is still pending, and says how far it is."""
    record = a_record(required_approvals=2, counted_approvals=1)
    terminal.approvals.answers = [record]

    result = terminal.run("approve", record.request.id)

    assert result.stdout == (
        f"Request {record.request.id} → PENDING (1 of 2 approvals)\n"
    )


def test_an_id_is_accepted_in_any_case(terminal: TestTerminal) -> None:
    """What a chat or a phone did to the letters does not matter."""
    terminal.approvals.answers = [a_record(RequestState.APPROVED)]

    terminal.run("approve", _ID.upper())

    assert terminal.approvals.asked == [("approve", _ID, "")]


def test_deny_prints_the_new_state(terminal: TestTerminal) -> None:
    """A denial is final and its reason is passed on."""
    record = a_record(RequestState.REJECTED, reason="not now")
    terminal.approvals.answers = [record]

    result = terminal.run("deny", record.request.id, "--reason", "not now")

    assert result.stdout == f"Request {record.request.id} → REJECTED\n"
    assert terminal.approvals.asked == [("deny", record.request.id, "not now")]


def test_deny_reads_its_reason_from_standard_input(terminal: TestTerminal) -> None:
    """A single dash stands for the text that is piped in."""
    terminal.approvals.answers = [a_record(RequestState.REJECTED)]

    result = terminal.run("deny", _ID, "--reason", "-", stdin="line one\nline two\n")

    assert result.exit_code == 0
    assert terminal.approvals.asked == [("deny", _ID, "line one\nline two")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("deny", _ID),
        ("deny", _ID, "--reason", ""),
        ("deny", _ID, "--reason", " \t\n"),
        ("deny", _ID, "--reason", "\u200b"),
        ("deny", _ID, "--reason", "x" * 10_000),
        ("deny", _ID, "--reason", "bell \x07"),
        ("deny", _ID, "--reason", "-"),
        ("approve",),
        ("approve", _ID, _ID),
        ("approve", "req_123"),
        ("approve", ""),
        ("approve", "req_01J8KZ4F2EMNQZ3V7XKQYBD4W"),
        ("approve", _ID, "--comment", "x" * 10_000),
        ("approve", _ID, "--comment", "nul \x00"),
        ("approve", _ID, "--reason", "no such option"),
        ("approve", _ID, "-o", "xml"),
    ],
)
def test_what_is_wrong_offline_is_a_usage_error(
    terminal: TestTerminal, arguments: tuple[str, ...]
) -> None:
    """Exit code 2 in Click's own form, and the server is never asked."""
    result = terminal.run(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: ")
    assert "Error: " in result.stderr
    assert terminal.approvals.asked == []


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (errors.Invalid(field="comment", why="policy wants one"), 1),
        (errors.NotAuthenticated(why="the token has expired"), 3),
        (errors.NotAllowed(reason="only sre-lead may"), 4),
        (errors.NotEligible(reason="not in sre any more"), 4),
        (errors.SelfApproval(), 4),
        (errors.NotFound(what="request", name=_ID), 5),
        (
            errors.WrongState(
                request_id=_ID,
                expected="PENDING",
                actual="REJECTED",
                by="ben@example.com",
                at=NOON,
            ),
            6,
        ),
        (errors.Conflict(what="the request"), 6),
        (errors.PolicyUnavailable(why="no answer"), 7),
        (errors.StoreUnavailable(why="connection refused"), 7),
        (errors.StoreBusy(), 7),
        (errors.DirectoryUnavailable(why="groups.yaml is empty"), 7),
        (errors.DeadlineExceeded(), 7),
        (errors.ServerUnavailable(server="http://x", why="refused"), 7),
        (errors.OutcomeUnknown(), 7),
        (errors.AuditChainBroken(seq=4, why="its hash is not its record's"), 1),
        (errors.ConfigurationError(setting="--server", why="is missing"), 1),
    ],
)
def test_each_error_is_one_line_and_its_own_exit_code(
    terminal: TestTerminal, error: errors.JitsudoError, exit_code: int
) -> None:
    """The table of exit codes holds, and nothing is printed as data."""
    terminal.approvals.failure = error

    result = terminal.run("approve", _ID)

    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr == f"Error: {error}\n"


def test_debug_shows_where_an_error_came_from(terminal: TestTerminal) -> None:
    """The traceback comes before the one line, which stays the last."""
    terminal.approvals.failure = errors.SelfApproval()

    result = terminal.run("approve", _ID, "--debug")

    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: this is your own request")


def test_an_error_never_steers_the_terminal(terminal: TestTerminal) -> None:
    """Policy's reason may hold anything; its control characters are spelled out."""
    terminal.approvals.failure = errors.NotAllowed(reason="no\x1b[2J\n\u202eway")

    result = terminal.run("approve", _ID)

    assert result.stderr == "Error: no\\x1b[2J \\u202eway\n"


def test_json_is_one_document(terminal: TestTerminal) -> None:
    """`-o json` prints the request and nothing else on standard output."""
    record = a_record(RequestState.APPROVED, reason="ok")
    terminal.approvals.answers = [record]

    result = terminal.run("approve", record.request.id, "-o", "json")

    shown = json.loads(result.stdout)
    assert shown["id"] == record.request.id
    assert shown["state"] == "APPROVED"
    assert shown["approver_identity"] == "bob@example.com"
    assert shown["approver_comment"] == "ok"


def test_quiet_prints_the_id_alone(terminal: TestTerminal) -> None:
    """`-q` leaves the id on standard output and standard error empty."""
    record = a_record(RequestState.APPROVED)
    terminal.approvals.answers = [record]

    result = terminal.run("-q", "approve", record.request.id)

    assert (result.stdout, result.stderr) == (f"{record.request.id}\n", "")


def test_notes_to_the_approver_are_shown(terminal: TestTerminal) -> None:
    """What the service wants the person to know is on standard error."""
    record = a_record(required_approvals=2)
    terminal.approvals.answers = [
        type(record)(
            request=record.request,
            notes=("carol@example.com's approval does not count any more",),
        )
    ]

    result = terminal.run("approve", _ID)

    assert "Note: carol@example.com's approval does not count" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--server", "http://x", "--profile", "p", "approve", _ID, "-q"),
        ("approve", "--server", "http://x", _ID, "--profile=p", "--quiet"),
        ("--server", "http://y", "approve", _ID, "--server", "http://x",
         "--profile", "p", "-q"),
    ],
)  # fmt: skip
def test_global_flags_work_on_either_side_of_the_command(
    terminal: TestTerminal, arguments: tuple[str, ...]
) -> None:
    """Before or after the command, the one nearest to the end wins."""
    terminal.approvals.answers = [a_record(RequestState.APPROVED)]

    result = terminal.run(*arguments)

    assert result.exit_code == 0
    flags = terminal.seen[0].flags
    assert (flags.server, flags.profile, flags.quiet) == ("http://x", "p", True)
