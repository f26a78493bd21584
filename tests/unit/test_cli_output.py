"""Requests on the terminal: the JSON object, the table, safe text."""

import json
from datetime import timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli.terminal import to_json
from cli.text import about, clip, is_unsafe, labelled, safe, table, width
from core.approvals import RequestPage, RequestQuery
from core.vocabulary import RequestState
from tests.support.builders import NOON, an_ask
from tests.support.terminals import TestTerminal, a_record

_KEYS_WHEN_PENDING = [
    "id", "state", "requester_identity", "provider", "role", "resource_scope",
    "duration_seconds", "reason", "approver_tier", "required_approvals", "approvals",
    "denial_reason", "grant_status", "created_at", "lapses_at", "version",
    "break_glass", "needs_review", "reviewed_by", "review_note", "extends",
    "grant_error", "ended_by", "end_reason",
]  # fmt: skip


def test_the_json_of_a_request_has_its_keys_in_order(terminal: TestTerminal) -> None:
    """Undecided, it has no approver; the order is the reference's, then ours."""
    record = a_record()
    terminal.approvals.answers = [record]

    result = terminal.run("status", record.request.id, "-o", "json")

    shown = json.loads(result.stdout)
    assert list(shown) == _KEYS_WHEN_PENDING
    assert shown == {
        "id": record.request.id,
        "state": "PENDING",
        "requester_identity": "alice@example.com",
        "provider": "local",
        "role": "infra-admin",
        "resource_scope": "staging",
        "duration_seconds": 3600,
        "reason": "INC-4421: pods do not start",
        "approver_tier": "human",
        "required_approvals": 1,
        "approvals": [],
        "denial_reason": "",
        "grant_status": "none",
        "created_at": "2026-03-20T12:00:00Z",
        "lapses_at": "2026-03-21T12:00:00Z",
        "version": 1,
        "break_glass": False,
        "needs_review": False,
        "reviewed_by": "",
        "review_note": "",
        "extends": "",
        "grant_error": "",
        "ended_by": "",
        "end_reason": "",
    }


def test_the_json_of_an_active_request_says_who_and_until_when(
    terminal: TestTerminal,
) -> None:
    """The reference's three optional keys stand before ours."""
    record = a_record(
        RequestState.ACTIVE, reason="go", expires_at=NOON + timedelta(hours=1)
    )
    terminal.approvals.answers = [record]

    result = terminal.run("status", record.request.id, "-o", "json")

    shown = json.loads(result.stdout)
    assert list(shown)[7:12] == [
        "reason",
        "approver_identity",
        "approver_comment",
        "expires_at",
        "approver_tier",
    ]
    assert shown["expires_at"] == "2026-03-20T13:00:00Z"
    assert shown["approvals"] == [
        {
            "approver": "bob@example.com",
            "comment": "go",
            "origin": "api",
            "at": "2026-03-20T12:00:00Z",
        }
    ]


def test_a_denial_is_told_as_one(terminal: TestTerminal) -> None:
    """The reason of a denial is no approver's comment."""
    record = a_record(RequestState.REJECTED, reason="not now")
    terminal.approvals.answers = [record]

    result = terminal.run("status", record.request.id, "-o", "json")

    shown = json.loads(result.stdout)
    assert shown["denial_reason"] == "not now"
    assert shown["approver_identity"] == "bob@example.com"
    assert "approver_comment" not in shown
    assert shown["approvals"] == []


def test_yaml_says_the_same_as_json(terminal: TestTerminal) -> None:
    """Both formats carry one object."""
    record = a_record(RequestState.APPROVED)
    terminal.approvals.answers = [record]

    as_yaml = terminal.run("status", record.request.id, "-o", "yaml")
    as_json = terminal.run("status", record.request.id, "-o", "json")

    assert yaml.safe_load(as_yaml.stdout) == json.loads(as_json.stdout)


@pytest.mark.parametrize("command", ["status", "audit", "token list", "server jobs"])
def test_an_empty_list_is_an_empty_json_list(
    terminal: TestTerminal, command: str
) -> None:
    """Scripts always get a document; people get a sentence on standard error."""
    as_json = terminal.run(*command.split(), "-o", "json")
    as_table = terminal.run(*command.split())

    assert as_json.stdout == "[]\n"
    assert as_table.stdout == ""
    assert as_table.stderr.startswith("No ")


def test_the_table_lines_up(terminal: TestTerminal) -> None:
    """Columns begin where their heads begin, whatever the letters' width."""
    records = (
        a_record(ask=an_ask(reason="漢字 first")),
        a_record(RequestState.ACTIVE, requester="a.long.name@example.com"),
    )
    terminal.approvals.page = RequestPage(records=records)
    terminal.clock.move(timedelta(minutes=5))

    lines = terminal.run("status").stdout.splitlines()

    assert lines[0].split() == [
        "ID", "STATE", "REQUESTER", "ROLE", "SCOPE", "AGE", "EXPIRES", "REASON",
    ]  # fmt: skip
    place = lines[0].index("REASON")
    assert lines[1][place:] == "漢字 first"
    assert lines[2][place:] == "INC-4421: pods do not start"
    assert "answer in 23h" in lines[1]
    assert " 5m " in lines[1]


def test_a_list_says_when_there_is_more(terminal: TestTerminal) -> None:
    """A cut list is never silent, and names the next step."""
    record = a_record()
    terminal.approvals.page = RequestPage(
        records=(record,), next_before=record.request.id
    )

    result = terminal.run("status", "--pending")

    assert f"--before {record.request.id}" in result.stderr


def test_one_request_is_a_list_of_labels(terminal: TestTerminal) -> None:
    """Lines of the reason are indented below its label."""
    record = a_record(ask=an_ask(reason="one\ntwo"))
    terminal.approvals.answers = [record]

    lines = terminal.run("status", record.request.id).stdout.splitlines()

    assert f"ID:        {record.request.id}" in lines
    assert "State:     PENDING" in lines
    place = lines.index("Reason:    one")
    assert lines[place + 1] == "           two"


def test_status_asks_for_what_its_flags_say(terminal: TestTerminal) -> None:
    """`--mine` and `--pending` reach the server."""
    terminal.run("status", "--mine", "--pending", "--limit", "7")

    query = RequestQuery(mine=True, states=frozenset({RequestState.PENDING}), limit=7)
    assert terminal.approvals.asked[0] == ("list", query)


def test_an_id_with_filters_is_a_usage_error(terminal: TestTerminal) -> None:
    """Nothing that was typed is ignored."""
    result = terminal.run("status", "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA", "--pending")

    assert result.exit_code == 2


@given(st.text())
def test_no_text_reaches_the_terminal_raw(text: str) -> None:
    """Neither a cell nor a label nor JSON holds what a terminal would obey."""
    shown = [safe(text), *labelled([("Reason", text)])]
    shown += table(("A", "B"), [(text, text)], columns=40)
    shown += to_json({"reason": text}).split("\n")

    assert not any(is_unsafe(character) for line in shown for character in line)


@given(st.text())
def test_json_keeps_every_text(text: str) -> None:
    """Escaping for the terminal changes nothing of what a parser reads."""
    assert json.loads(to_json({"reason": text})) == {"reason": text}


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_clipped_text_fits(text: str, columns: int) -> None:
    """Clipping never makes a text wider than it may be."""
    assert width(clip(safe(text), columns)) <= columns


def test_ages_are_told_in_their_largest_unit() -> None:
    """A glance is enough."""
    spans = [0, 59, 60, 3_599, 3_600, 86_400 * 3]

    assert [about(timedelta(seconds=s)) for s in spans] == [
        "0s", "59s", "1m", "59m", "1h", "3d",
    ]  # fmt: skip
