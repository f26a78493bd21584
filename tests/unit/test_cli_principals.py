"""`jitsudo principal`: what is ended with somebody, and who comes back."""

import json

import pytest

from core import errors
from core.vocabulary import GrantStatus, RequestId, RequestState
from tests.support.builders import ALICE
from tests.support.terminals import TestTerminal, a_record

_ID = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")
_DISABLE = ("principal", "disable", ALICE, "--reason", "left")


def test_disabling_says_what_is_ended(terminal: TestTerminal) -> None:
    """One line for the person, one for each request, as it then stands."""
    terminal.approvals.open_requests = (_ID,)
    terminal.approvals.answers = [
        a_record(RequestState.ACTIVE, id=_ID, grant_status=GrantStatus.REVOKING),
        a_record(RequestState.REVOKED, id=_ID, grant_status=GrantStatus.ENDED),
    ]

    result = terminal.run(*_DISABLE)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"Principal {ALICE} → disabled",
        f"Request {_ID} → REVOKED",
    ]
    assert terminal.approvals.asked[0] == ("disable_principal", ALICE, "left")


def test_without_waiting_an_end_is_only_begun(terminal: TestTerminal) -> None:
    """The line says so, and how to see it end."""
    terminal.approvals.open_requests = (_ID,)
    terminal.approvals.answers = [
        a_record(RequestState.ACTIVE, id=_ID, grant_status=GrantStatus.REVOKING)
    ]

    result = terminal.run(*_DISABLE, "--no-wait")

    assert result.stdout.splitlines()[-1] == f"Request {_ID} → ACTIVE (revoking)"
    assert f"jitsudo status {_ID} --watch" in result.stderr


def test_who_may_not_look_reads_the_ids(terminal: TestTerminal) -> None:
    """An admin's token without `read` still shuts people out."""
    terminal.approvals.open_requests = (_ID,)
    terminal.approvals.refusals = {_ID: errors.NotAllowed(reason="no read")}

    result = terminal.run(*_DISABLE)

    assert result.exit_code == 0
    assert result.stdout == f"Principal {ALICE} → disabled\n"
    assert f"{_ID} is being ended" in result.stderr


def test_disabling_in_json_and_quietly(terminal: TestTerminal) -> None:
    """One document; or the ids of what is ended."""
    terminal.approvals.open_requests = (_ID,)
    terminal.approvals.answers = [a_record(RequestState.REVOKED, id=_ID)]

    shown = json.loads(terminal.run(*_DISABLE, "-o", "json").stdout)

    assert (shown["email"], shown["disabled"]) == (ALICE, True)
    assert [request["id"] for request in shown["requests"]] == [_ID]
    assert terminal.run(*_DISABLE, "-q").stdout == f"{_ID}\n"


def test_enabling_says_that_tokens_are_gone(terminal: TestTerminal) -> None:
    """What was ended stays ended."""
    result = terminal.run("principal", "enable", ALICE.upper())

    assert result.stdout == f"Principal {ALICE} → enabled\n"
    assert f"jitsudo token issue --email {ALICE}" in result.stderr
    assert terminal.approvals.asked == [("enable_principal", ALICE)]


@pytest.mark.parametrize(
    "line",
    [
        f"principal disable {ALICE}",
        f"principal disable {ALICE} --reason",
        "principal disable alice --reason left",
        "principal disable --reason left",
        "principal enable nobody",
        f"principal enable {ALICE} --reason left",
    ],
)
def test_what_cannot_be_is_a_usage_error(terminal: TestTerminal, line: str) -> None:
    """A reason is required, and an e-mail has to be one."""
    assert terminal.run(*line.split()).exit_code == 2
    assert terminal.approvals.asked == []


def test_forgetting_a_sign_in_says_what_is_possible_now(
    terminal: TestTerminal,
) -> None:
    """In words, and as JSON."""
    result = terminal.run("principal", "forget-sign-in", ALICE.upper())
    document = terminal.run("-o", "json", "principal", "forget-sign-in", ALICE)

    assert result.exit_code == 0, result.output
    assert result.stdout == f"Principal {ALICE} → may be signed in by somebody else\n"
    assert json.loads(document.stdout) == {"email": ALICE}
    assert terminal.approvals.asked == [("forget_sign_in", ALICE)] * 2
