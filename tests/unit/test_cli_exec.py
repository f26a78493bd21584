"""`jitsudo exec`: the command gets the credentials, and we get its exit code."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from core.errors import WrongState
from core.vocabulary import GrantStatus, RequestState
from tests.support.terminals import TestTerminal, a_record

_ID = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"
_SECRET = "fake-secret-value"


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Put back the signals that running a command changes."""
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def active(terminal: TestTerminal) -> TestTerminal:
    """Return a terminal whose request is active."""
    terminal.approvals.answers = [
        a_record(RequestState.ACTIVE, id=_ID, grant_status=GrantStatus.ACTIVE)
    ]
    terminal.approvals.variables = {"LOCAL_TOKEN": _SECRET, "PATH_TOO": "x"}
    terminal.environment["PATH"] = os.defpath
    return terminal


def _python(code: str) -> list[str]:
    return ["exec", _ID, "--", sys.executable, "-c", code]


def test_the_command_has_the_credentials_in_its_environment(
    active: TestTerminal,
) -> None:
    """They come after our own environment, with the two that tell it is elevated."""
    active.environment["LOCAL_TOKEN"] = "older"
    code = (
        "import os, sys; e = os.environ; sys.exit(not ("
        f"e['LOCAL_TOKEN'] == {_SECRET!r} and e['JITSUDO_ELEVATED'] == '1'"
        f" and e['JITSUDO_REQUEST_ID'] == {_ID!r} and 'JITSUDO_HOME' in e))"
    )

    result = active.run(*_python(code))

    assert result.exit_code == 0


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_passed_on(active: TestTerminal, code: int) -> None:
    """Scripts see what the command ended with."""
    assert active.run(*_python(f"raise SystemExit({code})")).exit_code == code


def test_a_signal_becomes_128_and_its_number(active: TestTerminal) -> None:
    """As in a shell."""
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"

    assert active.run(*_python(code)).exit_code == 128 + signal.SIGTERM


def test_a_command_that_is_not_there_ends_with_127(active: TestTerminal) -> None:
    """One line says so."""
    result = active.run("exec", _ID, "--", "no-such-command-here")

    assert result.exit_code == 127
    assert "Error: no-such-command-here: command not found" in result.stderr


def test_a_command_that_cannot_be_run_ends_with_126(active: TestTerminal) -> None:
    """A directory is no command."""
    result = active.run("exec", _ID, "--", "/")

    assert result.exit_code == 126
    assert "Permission denied" in result.stderr


def test_the_commands_own_options_are_its_own(active: TestTerminal) -> None:
    """After `--` nothing is ours, not even --help."""
    result = active.run(*_python("import sys; sys.exit(len(sys.argv))"), "--help", "-q")

    assert result.exit_code == 3


def test_no_credential_is_printed(active: TestTerminal) -> None:
    """Neither stream holds a value, with --debug as without."""
    result = active.run("--debug", *_python("pass"))

    assert _SECRET not in result.stdout + result.stderr


def test_an_approved_request_is_waited_for(active: TestTerminal) -> None:
    """Credentials that are being issued are asked for once they are there."""
    issuing = a_record(RequestState.APPROVED, grant_status=GrantStatus.ISSUING)
    active.approvals.answers = [issuing, issuing, *active.approvals.answers]

    result = active.run(*_python("pass"))

    assert result.exit_code == 0
    assert "waiting for the credentials" in result.stderr
    assert [name for name, *_ in active.approvals.asked] == [
        "get",
        "get",
        "get",
        "credentials",
    ]


def test_a_pending_request_is_refused_at_once(active: TestTerminal) -> None:
    """The server's refusal is the answer, and nothing is run."""
    active.approvals.failure = WrongState(
        request_id=_ID, expected="ACTIVE", actual="PENDING"
    )

    result = active.run(*_python("print('ran')"))

    assert result.exit_code == 6
    assert result.stderr == f"Error: request {_ID} is PENDING, not ACTIVE\n"


def test_a_database_never_gives_out_credentials(active: TestTerminal) -> None:
    """Direct mode is refused before anything is asked."""
    active.is_direct = True

    result = active.run(*_python("pass"))

    assert result.exit_code == 4
    assert active.approvals.asked == []
