"""`exec` and `shell` on a real terminal, under a shell with job control."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.grants import an_active_request, start_revoking
from tests.support.processes import is_gone
from tests.support.screens import (
    CTRL_BACKSLASH,
    CTRL_C,
    CTRL_Z,
    Screen,
    a_shell_with_job_control,
)
from tests.support.serving import ServedJitsudo
from tests.support.terminals import JITSUDO


@pytest.fixture(scope="module")
def active(served: ServedJitsudo) -> str:
    """Return a request of alice's that is in force for an hour."""
    return an_active_request(served)


@pytest.fixture
def screen(served: ServedJitsudo) -> Iterator[Screen]:
    """Yield a terminal with a shell that has job control."""
    with a_shell_with_job_control(
        {**served.persons_environment, "PS2": ""}, profile="alice"
    ) as screen:
        yield screen


@pytest.fixture
def lasting(tmp_path: Path) -> str:
    """Return a command that says `up` and stays, by itself: no shell is between.

    A shell that is interrupted between two commands may keep it for later. The
    word is not in the line as it is typed, which is on the screen as well.
    """
    says = tmp_path / "says"
    says.write_text("up\n", encoding="utf-8")
    return f"tail -f {says}"


def _ends_with(screen: Screen, code: int) -> None:
    screen.see("ready> ")
    screen.enter('echo "code=$?"')
    screen.see(f"code={code}\r\n")
    screen.see("ready> ")


def test_ctrl_z_stops_both_and_fg_continues_both(screen: Screen, active: str) -> None:
    """The shell gets its prompt back, and the command goes on where it was."""
    screen.enter(f"jitsudo exec {active} -- sh -c 'echo u''p; read x; echo got=$x'")
    screen.see("up\r\n")

    screen.type(CTRL_Z)
    screen.see("Stopped")
    screen.see("ready> ")
    screen.enter("jobs -s | wc -l")
    screen.see("1\r\n")
    screen.see("ready> ")
    screen.enter("fg")
    screen.see("jitsudo")
    screen.enter("typed")

    screen.see("got=typed")
    _ends_with(screen, 0)


def test_a_job_in_the_background_stops_when_it_reads(
    screen: Screen, active: str
) -> None:
    """It never takes the keyboard from the shell; with `fg` it gets it."""
    screen.enter(f"jitsudo exec {active} -q -- sh -c 'echo u''p; read x; echo g=$x' &")
    screen.see("up\r\n")
    screen.enter("wait %1")
    screen.see("Stopped")
    screen.see("ready> ")

    screen.enter("fg")
    screen.see("jitsudo")
    screen.enter("typed")

    screen.see("g=typed")
    _ends_with(screen, 0)


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (CTRL_BACKSLASH, 131)])
def test_the_keys_that_end_go_to_the_command(
    screen: Screen, active: str, lasting: str, key: str, code: int
) -> None:
    """It ends by them, and nothing of ours is printed."""
    screen.enter(f"jitsudo exec {active} -q -- {lasting}")
    screen.see("up\r\n")

    screen.type(key)

    _ends_with(screen, code)
    assert "Traceback" not in screen.shown


def test_a_command_may_catch_ctrl_c(screen: Screen, active: str, lasting: str) -> None:
    """It is its own business; we neither end nor say anything."""
    screen.enter(
        f"jitsudo exec {active} -q -- "
        f"bash -c 'trap \"echo caught; exit 6\" INT; {lasting}'"
    )
    screen.see("up\r\n")

    screen.type(CTRL_C)

    screen.see("caught")
    _ends_with(screen, 6)


def test_ctrl_c_ends_a_script_around_us(
    screen: Screen, active: str, lasting: str, tmp_path: Path
) -> None:
    """As it would if the command had been in the script without us."""
    script = tmp_path / "script"
    script.write_text(
        f"{JITSUDO} --profile alice exec {active} -q -- {lasting}\necho next line\n",
        encoding="utf-8",
    )
    screen.enter(f"bash {script}")
    screen.see("up\r\n")

    screen.type(CTRL_C)

    _ends_with(screen, 130)
    assert "next line" not in screen.shown


def test_the_windows_size_reaches_the_command(screen: Screen, active: str) -> None:
    """A full-screen program redraws itself."""
    screen.enter(
        f"jitsudo exec {active} -q -- "
        "bash -c 'trap \"stty size; exit\" WINCH; echo u''p; sleep 60 & wait'"
    )
    screen.see("up\r\n")

    screen.resize(rows=33, columns=122)

    screen.see("33 122")


def test_a_pager_keeps_the_keyboard(screen: Screen, active: str, lasting: str) -> None:
    """A command that writes into a pipe does not take it from who reads there."""
    screen.enter(
        f"jitsudo exec {active} -q -- {lasting} |"
        " bash -c 'read x; echo $x; read key </dev/tty; echo pager=$key'"
    )
    screen.see("up\r\n")
    screen.enter("q")

    screen.see("pager=q")
    screen.type(CTRL_C)
    screen.see("ready> ")


def test_a_command_in_a_pipe_may_ask_for_a_password(
    screen: Screen, active: str
) -> None:
    """It gets the keyboard when it reads from it."""
    screen.enter(
        f"jitsudo exec {active} -q -- sh -c 'read x </dev/tty; echo answer=$x' | cat"
    )
    screen.enter("secret")

    screen.see("answer=secret")
    screen.see("ready> ")


def test_the_modes_are_right_after_a_bad_end(
    screen: Screen, served: ServedJitsudo
) -> None:
    """A command that is killed cannot put the terminal right itself."""
    request_id = an_active_request(served)
    screen.enter(
        f"jitsudo exec {request_id} -q --grace 1s -- "
        "bash -c 'trap \"\" TERM HUP; stty raw -echo; printf u''p; sleep 60'"
    )
    screen.see("up")
    assert not screen.has_echo

    start_revoking(served, request_id, why="enough")
    screen.see("the grant was revoked by bob@example.com: enough; ending the command")
    screen.see("it was still there after 1s: killed")

    _ends_with(screen, 9)
    assert screen.has_echo


def test_a_shell_says_what_it_is(screen: Screen, active: str) -> None:
    """The reference's lines, a hint for the prompt, and the shell's own exit code."""
    screen.enter(f"jitsudo shell {active} --shell /bin/sh")
    screen.see(
        rf"\r\n\r\n\*\*\* jitsudo elevated shell — request {active} \*\*\*\r\n"
        r"\*\*\* Credentials expire at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"
        r" \*\*\*\r\n"
        r"\*\*\* Type 'exit' to leave the elevated context \*\*\*\r\n\r\n"
    )
    screen.enter('echo "$JITSUDO_ELEVATED:$JITSUDO_PROMPT"')
    screen.see("1:infra-admin@staging\r\n")
    screen.enter("exit 5")

    _ends_with(screen, 5)


def test_the_shell_is_the_one_of_the_environment(
    screen: Screen, active: str, tmp_path: Path
) -> None:
    """Without --shell it is $SHELL."""
    own = tmp_path / "own"
    own.write_text("#!/bin/sh\necho my own shell\n", encoding="utf-8")
    own.chmod(0o755)

    screen.enter(f"SHELL={own} jitsudo shell {active}")

    screen.see("my own shell\r\n")


def test_the_end_of_the_grant_ends_a_shell_and_its_jobs(
    screen: Screen, served: ServedJitsudo
) -> None:
    """Interactive shells ignore TERM; they and what they run are hung up."""
    request_id = an_active_request(served)
    screen.enter(f"jitsudo shell {request_id} -q --shell 'bash'")
    screen.enter("unset PROMPT_COMMAND; PS1='in''side> '")
    screen.see("inside> ")
    screen.enter("sleep 61 & echo pid=$!")
    behind = int(screen.see(r"pid=(\d+)\r")[1])
    screen.enter("sh -c 'echo pid=$$; exec sleep 62'")
    in_front = int(screen.see(r"pid=(\d+)\r")[1])

    start_revoking(served, request_id, why="enough")
    screen.see("ending the command")

    _ends_with(screen, 9)
    assert "killed" not in screen.shown
    assert is_gone(behind)
    assert is_gone(in_front)


def test_job_control_works_inside_the_shell(screen: Screen, active: str) -> None:
    """Ctrl-Z there stops its job and not itself."""
    screen.enter(f"jitsudo shell {active} -q --shell 'bash'")
    screen.enter("unset PROMPT_COMMAND; PS1='in''side> '")
    screen.see("inside> ")
    screen.enter("sh -c 'echo u''p; exec sleep 60'")
    screen.see("up\r\n")

    screen.type(CTRL_Z)

    screen.see("Stopped")
    screen.see("inside> ")
    # Bash may not have heard of its end yet, and would not leave a stopped job.
    screen.enter("kill -9 %1; disown -a")
    screen.see("inside> ")
    screen.enter("exit 0")
    _ends_with(screen, 0)
    assert re.search("Traceback", screen.shown) is None


def test_a_shell_that_nobody_could_continue_does_not_stop(
    served: ServedJitsudo, active: str
) -> None:
    """Started by the terminal itself, Ctrl-Z has no shell to go back to."""
    with Screen.running(
        str(JITSUDO), "--profile", "alice", "exec", active, "-q", "--",
        "sh", "-c", "echo up; read x; echo got=$x",
        environment=served.persons_environment,
    ) as screen:  # fmt: skip
        screen.see("up\r\n")
        screen.type(CTRL_Z)
        screen.enter("typed")
        screen.see("got=typed")
