"""`jitsudo identity` and `jitsudo link`: what they ask, say and refuse offline."""

import json

import pytest

from core import errors
from core.domain.identity import SlackAccount
from tests.support.builders import BOB
from tests.support.terminals import TestTerminal, a_link

_ACCOUNT = SlackAccount(team_id="T0123", user_id="U0BOB")


def test_links_are_listed(terminal: TestTerminal) -> None:
    """A table for people, one document for programs, names for a pipe."""
    terminal.approvals.links = (a_link(),)

    shown = terminal.run("identity", "list")
    document = terminal.run("identity", "list", "-o", "json")
    quiet = terminal.run("identity", "list", "-q")

    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["ACCOUNT", "EMAIL", "METHOD", "LINKED", "BY"],
        ["T0123/U0BOB", BOB, "first_use", "2026-03-20T12:00:00Z", BOB],
    ]
    assert json.loads(document.stdout) == [
        {
            "team_id": "T0123",
            "user_id": "U0BOB",
            "email": BOB,
            "method": "first_use",
            "linked_at": "2026-03-20T12:00:00Z",
            "linked_by": BOB,
        }
    ]
    assert quiet.stdout == "T0123/U0BOB\n"


def test_nothing_linked_is_said_beside_the_data(terminal: TestTerminal) -> None:
    """An empty document is one."""
    assert terminal.run("identity", "list").stdout == ""
    assert json.loads(terminal.run("identity", "list", "-o", "json").stdout) == []


def test_an_account_is_linked_and_unlinked(terminal: TestTerminal) -> None:
    """One line says which, and to whom."""
    linked = terminal.run("identity", "link", "T0123/U0BOB", " Bob@Example.com")
    ended = terminal.run("identity", "unlink", "T0123/U0BOB")
    quiet = terminal.run("identity", "unlink", "T0123/U0BOB", "-q")
    document = terminal.run("identity", "link", "T0123/U0BOB", BOB, "-o", "json")

    assert linked.stdout == f"Slack account T0123/U0BOB → {BOB}\n"
    assert ended.stdout == "Slack account T0123/U0BOB → unlinked\n"
    assert BOB in ended.stderr
    assert quiet.stdout == "T0123/U0BOB\n"
    assert json.loads(document.stdout)["user_id"] == "U0BOB"
    assert terminal.approvals.asked[:2] == [
        ("link_identity", _ACCOUNT, BOB),
        ("unlink_identity", _ACCOUNT),
    ]


def test_a_code_is_shown_before_it_links(terminal: TestTerminal) -> None:
    """With `--yes` it links; which account it is stands on standard error."""
    result = terminal.run("link", "bcdf-ghjk", "--yes")

    assert result.exit_code == 0
    assert result.stdout == f"Slack account T0123/U0BOB → {BOB}\n"
    for told in ("U0BOB", "T0123", BOB):
        assert told in result.stderr
    assert terminal.approvals.asked == [
        ("claim_identity", "BCDFGHJK", False),
        ("claim_identity", "BCDFGHJK", True),
    ]


def test_where_nobody_can_be_asked_nothing_is_linked(terminal: TestTerminal) -> None:
    """Silence is no yes."""
    result = terminal.run("link", "BCDF-GHJK")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert terminal.approvals.asked == [("claim_identity", "BCDFGHJK", False)]


@pytest.mark.parametrize(
    "line",
    [
        ("link", "BCDF", "--yes"),
        ("link", "AEIO-UAEI", "--yes"),
        ("link", "--yes"),
        ("identity", "unlink", "U0BOB"),
        ("identity", "unlink", "T0123/"),
        ("identity", "unlink", "t0123/u0bob"),
        ("identity", "link", "T0123/U0BOB", "bob"),
        ("identity", "link", "T0123/U0BOB"),
    ],
)
def test_what_cannot_be_is_refused_offline(
    terminal: TestTerminal, line: tuple[str, ...]
) -> None:
    """Nothing is asked of the server."""
    result = terminal.run(*line)

    assert result.exit_code == 2
    assert terminal.approvals.asked == []


def test_a_refusal_ends_with_its_code(terminal: TestTerminal) -> None:
    """As every other."""
    terminal.approvals.failure = errors.NotAllowed(reason="only members can")

    assert terminal.run("identity", "list").exit_code == 4
    assert terminal.run("link", "BCDF-GHJK", "--yes").exit_code == 4
