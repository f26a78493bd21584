"""Break-glass, its review, and extending, in the terminal."""

import json
from datetime import timedelta

import pytest

from core.approvals import RequestPage, RequestQuery
from core.vocabulary import GrantStatus, RequestId, RequestState
from tests.support.builders import BOB, NOON, an_ask
from tests.support.terminals import TestTerminal, a_record

_ID = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")
_BROKEN = an_ask(break_glass=True, reason="INC-1: prod is down")
_BREAK = (
    "request", "--provider", "local", "--role", "infra-admin", "--scope", "staging",
    "--break-glass",
)  # fmt: skip


def test_breaking_the_glass_says_what_it_brings(terminal: TestTerminal) -> None:
    """The warning comes first; what is printed is what is true by then."""
    issuing = a_record(
        RequestState.APPROVED, ask=_BROKEN, grant_status=GrantStatus.ISSUING
    )
    active = a_record(
        RequestState.ACTIVE, id=issuing.request.id, ask=_BROKEN, version=2
    )
    terminal.approvals.answers = [issuing, active]

    result = terminal.run(*_BREAK, "--reason", "INC-1: prod is down")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "State:      ACTIVE"
    assert result.stderr.startswith(
        "Breaking the glass for infra-admin on staging (local), 1h: "
    )
    assert f"Next: `jitsudo exec {issuing.request.id} -- COMMAND`" in result.stderr
    assert terminal.approvals.asked[0] == ("submit", _BROKEN)


def test_a_slow_grant_is_not_called_active(terminal: TestTerminal) -> None:
    """A provider that refuses is told of, with what to do."""
    terminal.approvals.answers = [
        a_record(
            RequestState.APPROVED,
            id=_ID,
            ask=_BROKEN,
            grant_status=GrantStatus.FAILED,
            grant_error="throttled",
        )
    ]
    terminal.is_direct = True

    result = terminal.run(*_BREAK, "--reason", "INC-1: prod is down", "--yes")

    assert "State:      APPROVED" in result.stdout
    assert "Failed: throttled" in result.stderr


def test_breaking_the_glass_can_be_waited_for(terminal: TestTerminal) -> None:
    """`--wait` ends when the credentials are there."""
    issuing = a_record(
        RequestState.APPROVED, ask=_BROKEN, grant_status=GrantStatus.ISSUING
    )
    terminal.approvals.answers = [
        issuing,
        a_record(RequestState.ACTIVE, id=issuing.request.id, ask=_BROKEN),
    ]

    result = terminal.run(*_BREAK, "--reason", "INC-1: prod is down", "--wait")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("→ ACTIVE")


@pytest.mark.parametrize(
    "arguments",
    [
        _BREAK,
        (*_BREAK, "--reason", " \u200b"),
        (*_BREAK[:-1], "--yes"),
        ("review", _ID),
        ("review", _ID, "--note", " \n"),
        ("review", "--note", "x"),
        ("extend", _ID),
        ("extend", _ID, "--duration", "soon"),
        ("extend", _ID, "--duration", "1h", "--timeout", "5m"),
        ("status", _ID, "--needs-review"),
    ],
)
def test_what_is_wrong_offline_is_a_usage_error(
    terminal: TestTerminal, arguments: tuple[str, ...]
) -> None:
    """Exit code 2, and the server is never asked."""
    result = terminal.run(*arguments)

    assert result.exit_code == 2
    assert terminal.approvals.asked == []


def test_lists_show_what_broke_the_glass(terminal: TestTerminal) -> None:
    """Before the reason, where no width of a terminal clips it away."""
    terminal.approvals.page = RequestPage(
        records=(
            a_record(RequestState.ACTIVE, ask=_BROKEN),
            a_record(
                RequestState.EXPIRED,
                ask=_BROKEN,
                reviewed_by=BOB,
                reviewed_at=NOON,
                review_note="fine",
            ),
            a_record(RequestState.ACTIVE, grant_status=GrantStatus.REVOKING),
        )
    )

    lines = terminal.run("status", "--needs-review").stdout.splitlines()
    shown = json.loads(terminal.run("status", "-o", "json").stdout)

    assert lines[1].endswith("BREAK-GLASS, needs review: INC-1: prod is down")
    assert lines[2].endswith("BREAK-GLASS: INC-1: prod is down")
    assert "revoking" in lines[3]
    assert terminal.approvals.asked[0] == (
        "list",
        RequestQuery(needs_review=True, limit=50),
    )
    assert [(r["break_glass"], r["needs_review"]) for r in shown] == [
        (True, True),
        (True, False),
        (False, False),
    ]
    assert (shown[1]["reviewed_by"], shown[1]["review_note"]) == (BOB, "fine")


def test_one_request_shows_review_and_end(terminal: TestTerminal) -> None:
    """Who ended it and why, what it extends, and what was found."""
    record = a_record(
        RequestState.REVOKED,
        ask=_BROKEN,
        grant_status=GrantStatus.ENDED,
        extends=_ID,
        ended_by=BOB,
        ended_at=NOON,
        end_reason="not needed any more",
        expires_at=NOON + timedelta(hours=1),
        reviewed_by=BOB,
        reviewed_at=NOON,
        review_note="justified",
    )
    terminal.approvals.answers = [record]

    lines = terminal.run("status", record.request.id).stdout.splitlines()

    assert f"Extends:   {_ID}" in lines
    assert "Because:   not needed any more" in lines
    assert any(line.startswith("Review:    by bob@example.com") for line in lines)
    assert any(line.endswith(": justified") for line in lines)
    assert not any(line.startswith("Expires") for line in lines)


def test_an_open_review_and_an_open_end_are_called_open(
    terminal: TestTerminal,
) -> None:
    """Nothing is said to be over that is not."""
    record = a_record(
        RequestState.ACTIVE,
        ask=_BROKEN,
        grant_status=GrantStatus.REVOKING,
        ended_by=BOB,
        expires_at=NOON + timedelta(hours=1),
    )
    terminal.approvals.answers = [record]

    lines = terminal.run("status", record.request.id).stdout.splitlines()

    assert "State:     ACTIVE (revoking)" in lines
    assert "Ended:     not confirmed yet, by bob@example.com" in lines
    assert any(line.startswith("Review:    open") for line in lines)
    assert any(line.startswith("Expires") for line in lines)


def test_review_passes_the_note(terminal: TestTerminal) -> None:
    """From the command line or from standard input."""
    record = a_record(
        RequestState.EXPIRED,
        id=_ID,
        ask=_BROKEN,
        reviewed_by=BOB,
        reviewed_at=NOON,
        review_note="justified",
    )
    terminal.approvals.answers = [record]

    result = terminal.run("review", _ID, "--note", "-", stdin="justified\n")

    assert result.exit_code == 0
    assert result.stdout == f"Request {_ID} → reviewed\n"
    assert "Note:" not in result.stderr
    assert terminal.approvals.asked == [("review", _ID, "justified")]


def test_an_earlier_review_stands_and_is_shown(terminal: TestTerminal) -> None:
    """A second note is not kept, and nobody believes it was."""
    record = a_record(
        RequestState.EXPIRED,
        id=_ID,
        ask=_BROKEN,
        reviewed_by=BOB,
        reviewed_at=NOON,
        review_note="justified",
    )
    terminal.approvals.answers = [record]

    result = terminal.run("review", _ID, "--note", "not justified")

    assert "you reviewed it at 2026-03-20T12:00:00Z, and that stands: justified" in (
        result.stderr
    )


def test_extending_is_a_new_request(terminal: TestTerminal) -> None:
    """It has an id of its own and names the one it is for."""
    record = a_record(extends=_ID)
    terminal.approvals.answers = [record]

    result = terminal.run("extend", _ID, "--duration", "90m", "--reason", "INC-2")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"Request ID: {record.request.id}"
    assert lines[-1] == f"Extends:    {_ID}"
    assert terminal.approvals.asked == [("extend", _ID, timedelta(minutes=90), "INC-2")]


def test_an_extension_can_be_waited_for(terminal: TestTerminal) -> None:
    """With the exit codes of `jitsudo request --wait`."""
    terminal.approvals.answers = [
        a_record(extends=_ID),
        a_record(RequestState.REJECTED, extends=_ID, reason="enough"),
    ]

    result = terminal.run("extend", _ID, "--duration", "1h", "--wait")

    assert result.exit_code == 8
    assert "Denied by bob@example.com: enough" in result.stderr
