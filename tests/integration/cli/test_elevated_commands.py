"""`exec` and `request --exec` against a real server, without a terminal."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.grants import (
    an_active_request,
    an_approved_request,
    give_files,
    start_revoking,
)
from tests.support.processes import is_alive, is_gone
from tests.support.serving import ServedJitsudo
from tests.support.terminals import JITSUDO

_REQUEST = (
    "request", "--provider", "local", "--role", "infra-admin", "--scope", "staging",
)  # fmt: skip
_HAS_PROC = Path("/proc/self/cmdline").exists()


@pytest.fixture(scope="module")
def active(served: ServedJitsudo) -> str:
    """Return a request of alice's that is in force for an hour."""
    return an_active_request(served)


def _sh(served: ServedJitsudo, *options: str, code: str) -> subprocess.Popen[str]:
    """Start `exec` of a shell script that says `up` when it is."""
    process = served.start("alice", "exec", *options, "-q", "--", "sh", "-c", code)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def _sh_until_the_end(
    served: ServedJitsudo, *options: str, code: str
) -> subprocess.Popen[str]:
    """Start a script that says `up`, two seconds before its grant ends.

    It waits for its approval, so that its own start takes no time of the grant.
    """
    request_id = served.a_request("--duration", "2s")
    process = served.start(
        "alice", "exec", request_id, "--wait", "60s", *options, "--", "sh", "-c", code
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("PENDING; ")
    assert served.cli("bob", "approve", request_id).returncode == 0
    assert _line(process) == "up"
    return process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_grant_is_told_to_the_command(served: ServedJitsudo, active: str) -> None:
    """Whoever writes a script knows that it is elevated, by what, and until when."""
    done = served.cli(
        "alice", "exec", active, "--", "sh", "-c",
        'echo "$JITSUDO_ELEVATED $JITSUDO_REQUEST_ID $JITSUDO_EXPIRES_AT"',
    )  # fmt: skip
    shown = json.loads(served.cli("alice", "status", active, "-o", "json").stdout)

    assert done.stdout.split() == ["1", active, shown["expires_at"]]
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(
    served: ServedJitsudo, active: str, number: signal.Signals
) -> None:
    """The command decides what becomes of it, and we end with its code."""
    name = number.name.removeprefix("SIG")
    process = _sh(
        served,
        active,
        code=f"trap 'echo {name}; kill -9 $! 2>&-; exit 7' {name};"
        " sleep 60 & echo up; wait",
    )

    process.send_signal(number)

    assert process.communicate(timeout=20) == (f"{name}\n", "")
    assert process.returncode == 7


def test_an_interrupted_command_ends_with_130(
    served: ServedJitsudo, active: str, tmp_path: Path
) -> None:
    """Without a terminal Ctrl-C comes to us, and goes to the command."""
    process = _sh(served, active, code=_says(tmp_path, "echo up"))

    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 130


def _says(directory: Path, script: str) -> str:
    """Return a script that becomes a program which prints what `script` prints.

    A shell that is interrupted between two commands may keep it for later.
    """
    return f"cd {directory}; ({script}) >said; exec tail -f said"


def test_what_nohup_ignores_stays_ignored(served: ServedJitsudo, active: str) -> None:
    """A hang-up reaches neither us nor the command."""
    words = ("exec", active, "-q", "--", "sh", "-c", "kill -HUP $PPID $$; echo alive")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = served.start("alice", *words)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert process.communicate(timeout=20) == ("alive\n", "")
    assert process.returncode == 0


def test_the_end_of_the_grant_ends_all_of_the_command(served: ServedJitsudo) -> None:
    """What ignores TERM is killed after the grace, grandchildren too; the code is 9."""
    process = _sh_until_the_end(
        served, "--grace", "1s",
        code="echo up; trap '' TERM; sleep 61 & echo $!; echo $$; wait; wait",
    )  # fmt: skip
    grandchild, child = int(_line(process)), int(_line(process))

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 9
    assert errors.splitlines()[-2:] == [
        "jitsudo: the grant has expired; ending the command",
        "jitsudo: it was still there after 1s: killed",
    ]
    assert is_gone(child)
    assert is_gone(grandchild)


def test_a_command_may_end_in_order(served: ServedJitsudo) -> None:
    """TERM comes first, and nothing is killed that has gone by itself."""
    process = _sh_until_the_end(
        served,
        code="trap 'echo bye; exit 0' TERM; echo up; sleep 60 & wait",
    )

    output, errors = process.communicate(timeout=30)

    assert output == "bye\n"
    assert errors.splitlines()[-1] == (
        "jitsudo: the grant has expired; ending the command"
    )
    assert process.returncode == 9


def test_a_stopped_command_is_ended_too(served: ServedJitsudo) -> None:
    """It is continued, so that TERM reaches it."""
    process = _sh_until_the_end(served, code="echo up; kill -STOP $$; echo never")

    output, errors = process.communicate(timeout=30)

    assert output == ""
    assert "killed" not in errors
    assert process.returncode == 9


def test_a_command_may_be_left_running(served: ServedJitsudo) -> None:
    """It is said that the grant is over, and the code is the command's own."""
    process = _sh_until_the_end(
        served, "--keep-running", code="echo up; sleep 4; exit 3"
    )

    _, errors = process.communicate(timeout=30)

    assert errors.splitlines()[-1] == (
        "jitsudo: the grant has expired; the command is left running"
    )
    assert process.returncode == 3


def test_a_revocation_ends_the_command(served: ServedJitsudo) -> None:
    """It is noticed at once, and said who revoked it and why."""
    request_id = an_active_request(served)
    process = _sh(served, request_id, code="echo up; exec sleep 60")

    start_revoking(served, request_id, why="wrong account")
    _, errors = process.communicate(timeout=15)

    assert errors == (
        "jitsudo: the grant was revoked by bob@example.com: wrong account; "
        "ending the command\n"
    )
    assert process.returncode == 9


def test_what_a_command_leaves_behind_is_left_alone(
    served: ServedJitsudo, active: str
) -> None:
    """Ended by itself, it may have started a daemon; we end with its code."""
    process = _sh(
        served, active, code="echo up; sleep 60 >/dev/null 2>&1 & echo $!; exit 4"
    )
    daemon = int(_line(process))

    process.communicate(timeout=20)

    assert process.returncode == 4
    assert is_alive(daemon)
    os.kill(daemon, signal.SIGKILL)


def test_a_missing_command_reads_no_credentials(served: ServedJitsudo) -> None:
    """A slip of the finger leaves no event in the audit log."""
    request_id = an_approved_request(served)

    done = served.cli("alice", "exec", request_id, "--", "no-such-command-here")
    events = json.loads(
        served.cli("erin", "audit", "--request", request_id, "-o", "json").stdout
    )

    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr == "Error: no-such-command-here: command not found\n"
    assert "credentials.read" not in {event["action"] for event in events}


def test_open_files_reach_the_command(served: ServedJitsudo, active: str) -> None:
    """As they do without us: `kubectl apply -f <(…)` works."""
    line = f'"{JITSUDO}" --profile alice exec {active} -q -- cat <(echo from a shell)'

    done = subprocess.run(
        ["bash", "-c", line],
        env=served.persons_environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("from a shell\n", "")


_FILES = {"KUBECONFIG": "users: [secret-of-alice]\n", "OTHER_FILE": "two"}
_SHOW_FILES = (
    'stat -c "%a %n" "$KUBECONFIG" "$OTHER_FILE" "$(dirname "$KUBECONFIG")";'
    ' cat "$KUBECONFIG"; touch "$(dirname "$KUBECONFIG")/cache"'
)


def test_files_are_private_and_do_not_stay(served: ServedJitsudo) -> None:
    """0600 in 0700, beside nothing; gone with all that was put there."""
    request_id = an_active_request(served)
    give_files(served, request_id, _FILES)

    done = served.cli("alice", "exec", request_id, "--", "sh", "-c", _SHOW_FILES)

    first, second, directory, content = done.stdout.splitlines()
    place = directory.removeprefix("700 ")
    assert [first, second] == [f"600 {place}/KUBECONFIG", f"600 {place}/OTHER_FILE"]
    assert content + "\n" == _FILES["KUBECONFIG"]
    assert not Path(place).exists()


@pytest.mark.parametrize(
    ("number", "end"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
)
def test_files_do_not_outlive_a_signal(
    served: ServedJitsudo, tmp_path: Path, number: signal.Signals, end: int
) -> None:
    """However we are told to end, they go first."""
    request_id = an_active_request(served)
    give_files(served, request_id, _FILES)
    script = _says(tmp_path, 'echo up; echo "$KUBECONFIG"')
    process = _sh(served, request_id, code=script)
    file = Path(_line(process))
    assert file.exists()

    process.send_signal(number)
    process.communicate(timeout=20)

    assert process.returncode == end
    assert not file.parent.exists()


@pytest.mark.skipif(not _HAS_PROC, reason="needs /proc")
def test_no_credential_is_on_a_command_line(served: ServedJitsudo) -> None:
    """Neither ours nor the command's, which everybody on the machine can read."""
    request_id = an_active_request(served)
    give_files(served, request_id, _FILES)

    done = served.cli(
        "alice", "exec", request_id, "--", "sh", "-c",
        'tr "\\0" " " </proc/$PPID/cmdline; tr "\\0" " " </proc/$$/cmdline',
    )  # fmt: skip

    assert f"exec {request_id}" in done.stdout
    assert "secret-of-alice" not in done.stdout
    assert "jit" + "_" not in done.stdout


def test_exec_waits_for_an_approval_when_told_to(served: ServedJitsudo) -> None:
    """It says whom it waits for, then runs the command."""
    request_id = served.a_request()
    process = served.start("alice", "exec", request_id, "--wait", "30s", "--", "true")
    assert process.stderr is not None
    first = process.stderr.readline()

    served.cli("bob", "approve", request_id)
    _, errors = process.communicate(timeout=30)

    assert first == "PENDING; waiting until a member of sre-lead approves …\n"
    assert errors.splitlines()[-1].startswith("Elevated until ")
    assert process.returncode == 0


def test_an_undecided_request_is_refused_without_wait(served: ServedJitsudo) -> None:
    """One line says who can approve it and how to wait."""
    request_id = served.a_request()

    done = served.cli("alice", "exec", request_id, "--", "true")

    assert done.returncode == 6
    assert done.stderr == (
        f"Error: request {request_id} is PENDING, not ACTIVE: a member of sre-lead "
        "can approve it; --wait 10m waits for that\n"
    )


def test_ctrl_c_leaves_the_waiting(served: ServedJitsudo) -> None:
    """At once, with 130, and the request stays."""
    request_id = served.a_request()
    process = served.start("alice", "exec", request_id, "--wait", "60s", "--", "true")
    assert process.stderr is not None
    process.stderr.readline()

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)

    assert process.returncode == 130, errors
    assert errors.strip() == ""


def test_asked_for_waited_for_and_used_in_one_line(served: ServedJitsudo) -> None:
    """Standard output is the command's alone, and so is the exit code."""
    process = served.start(
        "alice", *_REQUEST, "--exec", "--", "sh", "-c", 'echo "$LOCAL_ROLE"; exit 5'
    )
    assert process.stderr is not None
    request_id = process.stderr.readline().split()[1].rstrip(":")

    served.cli("bob", "approve", request_id)
    output, _ = process.communicate(timeout=30)

    assert output == "infra-admin\n"
    assert process.returncode == 5


def test_a_denial_ends_the_one_line_with_8(served: ServedJitsudo) -> None:
    """Nothing is run, and it is said who denied it and why."""
    process = served.start("alice", *_REQUEST, "--exec", "--", "echo", "ran")
    assert process.stderr is not None
    request_id = process.stderr.readline().split()[1].rstrip(":")

    served.cli("bob", "deny", request_id, "--reason", "change freeze")
    output, errors = process.communicate(timeout=30)

    assert (output, process.returncode) == ("", 8)
    assert errors.splitlines()[-1] == (
        f"Error: request {request_id} is REJECTED: denied by bob@example.com: "
        "change freeze"
    )


def test_the_one_line_ends_at_its_timeout_with_124(served: ServedJitsudo) -> None:
    """The request stays, and it is said how to look at it again."""
    done = served.cli("alice", *_REQUEST, "--timeout", "1s", "--exec", "--", "true")

    assert (done.stdout, done.returncode) == ("", 124)
    assert "is still PENDING: nobody decided in time" in done.stderr
