"""`jitsudo exec`: the command gets the credentials, and we get its exit code."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.prompt import prompt_of
from core.vocabulary import GrantStatus, RequestState
from tests.support.builders import NOON, an_ask
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

    asked = [name for name, *_ in active.approvals.asked]
    assert result.exit_code == 0
    assert result.stderr.count("waiting for the credentials") == 1
    assert asked[:4] == ["get", "get", "get", "credentials"]


def test_a_failed_grant_is_told_and_waited_for(active: TestTerminal) -> None:
    """It is tried again; whoever waits reads why it failed and when that is."""
    failed = a_record(
        RequestState.APPROVED,
        version=2,
        grant_status=GrantStatus.FAILED,
        grant_error="throttled",
        next_try_at=NOON,
    )
    issuing = a_record(RequestState.APPROVED, grant_status=GrantStatus.ISSUING)
    in_force = a_record(
        RequestState.ACTIVE, id=_ID, version=3, grant_status=GrantStatus.ACTIVE
    )
    active.approvals.answers = [issuing, failed, in_force]

    result = active.run(*_python("pass"))

    assert result.exit_code == 0
    assert result.stderr.splitlines()[:2] == [
        "Approved; waiting for the credentials …",
        "The grant failed: throttled; tried again at 2026-03-20T12:00:00Z …",
    ]


def test_the_waiting_has_an_end(active: TestTerminal) -> None:
    """With --wait it is 124, and the last failure is the reason."""
    active.approvals.answers = [
        a_record(
            RequestState.APPROVED,
            id=_ID,
            grant_status=GrantStatus.FAILED,
            grant_error="throttled",
        )
    ]

    result = active.run("exec", _ID, "--wait", "1s", "--", "true")

    assert result.exit_code == 124
    assert result.stderr.splitlines()[-1] == (
        f"Error: request {_ID} is still APPROVED: The grant failed: throttled. "
        f"Look again with `jitsudo status {_ID}`"
    )


@pytest.mark.parametrize("state", [RequestState.REJECTED, RequestState.REVOKED])
def test_a_wait_that_ends_without_a_grant_is_8(
    active: TestTerminal, state: RequestState
) -> None:
    """As with `request --wait`; nothing is run."""
    active.approvals.answers = [a_record(), a_record(state, reason="freeze")]

    result = active.run("exec", _ID, "--wait", "9s", "--", "echo", "ran")

    assert result.exit_code == 8
    assert result.stdout == ""
    assert f"is {state}: " in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        (RequestState.REJECTED, GrantStatus.NONE, "REJECTED"),
        (RequestState.EXPIRED, GrantStatus.ENDED, "EXPIRED"),
        (RequestState.REVOKED, GrantStatus.ENDED, "REVOKED"),
        (RequestState.ACTIVE, GrantStatus.REVOKING, "ACTIVE (revoking)"),
        (RequestState.ACTIVE, GrantStatus.REVOKE_FAILED, "ACTIVE (revoke failed)"),
        (RequestState.APPROVED, GrantStatus.REVOKING, "APPROVED (revoking)"),
    ],
)
def test_what_is_over_is_refused_at_once(
    active: TestTerminal, state: RequestState, status: GrantStatus, said: str
) -> None:
    """Nobody waits for it, and no credentials are asked for."""
    active.approvals.answers = [a_record(state, id=_ID, grant_status=status)]

    result = active.run("exec", _ID, "--wait", "9s", "--", "true")

    assert result.exit_code == 6
    assert result.stderr.startswith(f"Error: request {_ID} is {said}, not ACTIVE (by ")
    assert [name for name, *_ in active.approvals.asked] == ["get"]


def test_a_pending_request_is_refused_with_who_can_approve(
    active: TestTerminal,
) -> None:
    """Nothing is run, and nothing waited for."""
    active.approvals.answers = [a_record(id=_ID)]

    result = active.run(*_python("print('ran')"))

    assert result.exit_code == 6
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: request {_ID} is PENDING, not ACTIVE: a member of sre-lead can "
        "approve it; --wait 10m waits for that\n"
    )


def test_a_database_never_gives_out_credentials(active: TestTerminal) -> None:
    """Direct mode is refused before anything is asked."""
    active.is_direct = True

    result = active.run(*_python("pass"))

    assert result.exit_code == 4
    assert active.approvals.asked == []


def test_quiet_says_nothing(active: TestTerminal) -> None:
    """With -q standard error is the command's alone."""
    assert active.run("-q", *_python("pass")).stderr == ""


def test_a_command_that_is_not_there_reads_no_credentials(
    active: TestTerminal,
) -> None:
    """Not even the server is asked."""
    active.run("exec", _ID, "--", "no-such-command-here")

    assert active.approvals.asked == []


def test_no_file_stays_when_the_command_cannot_be_run(
    active: TestTerminal, tmp_path: Path
) -> None:
    """It was written before that was known, and is gone after it."""
    tmp_path.chmod(0o700)
    active.environment["XDG_RUNTIME_DIR"] = str(tmp_path)
    active.approvals.files = {"KUBECONFIG": _SECRET}
    before = set(tmp_path.iterdir())

    result = active.run("exec", _ID, "--", "/")

    assert result.exit_code == 126
    assert set(tmp_path.iterdir()) == before


def test_a_name_that_leads_elsewhere_is_refused(active: TestTerminal) -> None:
    """What a server sends never chooses where it is written."""
    active.approvals.files = {"../../evil": _SECRET}

    result = active.run(*_python("print('ran')"))

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "'../../evil' names no variable" in result.stderr


def test_a_prompt_expands_to_nothing() -> None:
    """Role and scope are the requester's text; a prompt may expand text."""
    request = a_record(
        RequestState.ACTIVE,
        id=_ID,
        grant_status=GrantStatus.ACTIVE,
        ask=an_ask(role="$(id)", resource_scope="prod/%n eu`"),
    )

    assert prompt_of(request.request) == "__id_@prod/_n_eu_"


def test_a_shell_that_is_not_there_ends_with_127(active: TestTerminal) -> None:
    """As a command that is not there."""
    result = active.run("shell", _ID, "--shell", "no-such-shell")

    assert result.exit_code == 127
    assert active.approvals.asked == []
