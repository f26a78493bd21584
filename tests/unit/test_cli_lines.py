"""The terminal understands the lines of the table that `/jitsudo` is held to."""

import shlex

import pytest

from core.vocabulary import RequestState
from tests.support.lines import HELPED, REFUSED, UNDERSTOOD
from tests.support.terminals import TestTerminal, a_record


@pytest.mark.parametrize("line", UNDERSTOOD)
def test_a_line_asks_the_same_as_in_slack(terminal: TestTerminal, line: str) -> None:
    """What one learned in one place works in the other."""
    terminal.approvals.answers = [a_record(RequestState.APPROVED)]

    result = terminal.run(*shlex.split(line))

    assert result.exit_code == 0
    asked, *more = terminal.approvals.asked
    assert more in ([], [("whoami",)])  # why a list is empty
    wanted = UNDERSTOOD[line]
    assert asked[: len(wanted)] == wanted


@pytest.mark.parametrize("line", REFUSED)
def test_what_slack_refuses_is_refused(terminal: TestTerminal, line: str) -> None:
    """Nothing is done half."""
    result = terminal.run(*shlex.split(line))

    assert result.exit_code == 2
    assert terminal.approvals.asked == []


@pytest.mark.parametrize("line", HELPED)
def test_help_on_one_command_is_help(terminal: TestTerminal, line: str) -> None:
    """The flags are the same in both."""
    result = terminal.run(*line.split())

    assert result.exit_code == 0
    assert f"jitsudo {line.partition(' ')[0]}" in result.stdout
