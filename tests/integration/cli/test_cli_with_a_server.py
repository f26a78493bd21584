"""The real command against a real server: pipes, terminals, signals, exit codes."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.serving import ServedJitsudo
from tests.support.terminals import JITSUDO, run_jitsudo

_NOWHERE = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"


def test_ask_approve_use(served: ServedJitsudo) -> None:
    """The whole way in a terminal: asked, approved, waited for, used."""
    request_id = served.a_request("--reason", "INC-4421")

    approved = served.cli("bob", "approve", request_id, "--comment", "go")
    used = served.cli(
        "alice", "exec", request_id, "--", "sh", "-c",
        'test "$JITSUDO_ELEVATED" = 1 && test -n "$LOCAL_ACCESS_KEY" && exit 9',
    )  # fmt: skip
    shown = json.loads(served.cli("alice", "status", request_id, "-o", "json").stdout)

    assert approved.stdout == f"Request {request_id} → APPROVED\n"
    assert used.returncode == 9
    assert shown["state"] == "ACTIVE"
    assert shown["approvals"][0]["approver"] == "bob@example.com"
    assert shown["approvals"][0]["origin"] == "api"


def test_refusals_end_with_their_codes(served: ServedJitsudo) -> None:
    """Nobody decides their own, strangers to the policy decide nothing."""
    request_id = served.a_request()

    assert served.cli("alice", "approve", request_id).returncode == 4
    assert served.cli("dave", "approve", request_id).returncode == 4
    assert served.cli("dave", "status", request_id).returncode == 5
    assert served.cli("bob", "approve", _NOWHERE).returncode == 5
    denied = served.cli("bob", "deny", request_id, "--reason", "-", stdin="freeze\n")
    assert denied.stdout == f"Request {request_id} → REJECTED\n"
    assert served.cli("ben", "approve", request_id).returncode == 6
    assert served.cli("bob", "deny", request_id, "--reason", "again").returncode == 0


def test_a_wrong_token_ends_with_3_and_no_server_with_7(served: ServedJitsudo) -> None:
    """Scripts can tell who is at fault."""
    wrong = served.cli("bob", "--token", "jit_wrong", "status")
    silent = served.cli("bob", "--server", "http://127.0.0.1:9", "--token=t", "status")

    assert (wrong.returncode, wrong.stdout) == (3, "")
    assert (silent.returncode, silent.stdout) == (7, "")
    assert len(wrong.stderr.splitlines()) == len(silent.stderr.splitlines()) == 1


def test_wait_ends_when_somebody_decides(served: ServedJitsudo) -> None:
    """A waiting request prints what became of it and ends with 0."""
    waiting = served.start(
        "alice", "request", "--provider", "local", "--role", "infra-admin",
        "--scope", "staging", "--wait", "--timeout", "30s",
    )  # fmt: skip
    assert waiting.stdout is not None
    request_id = waiting.stdout.readline().split()[-1]

    served.cli("bob", "approve", request_id)
    rest, _ = waiting.communicate(timeout=30)

    assert rest.splitlines()[-1] == f"Request {request_id} → ACTIVE"
    assert waiting.returncode == 0


def test_ctrl_c_ends_a_wait_at_once_with_130(served: ServedJitsudo) -> None:
    """Nobody waits for the long poll to end."""
    waiting = served.start(
        "alice", "request", "--provider", "local", "--role", "infra-admin",
        "--scope", "staging", "--wait",
    )  # fmt: skip
    assert waiting.stdout is not None
    waiting.stdout.readline()
    began = time.monotonic()

    waiting.send_signal(signal.SIGINT)
    _, errors = waiting.communicate(timeout=10)

    assert waiting.returncode == 130
    assert time.monotonic() - began < 2
    assert "Traceback" not in errors


def test_watching_prints_changes_into_a_pipe(served: ServedJitsudo) -> None:
    """One line for each state, and the end when nothing more can happen."""
    request_id = served.a_request()
    watching = served.start("bob", "status", request_id, "--watch")
    assert watching.stdout is not None
    first = watching.stdout.readline()

    served.cli("bob", "deny", request_id, "--reason", "no")
    rest, _ = watching.communicate(timeout=30)

    assert first.endswith(f"Request {request_id} → PENDING\n")
    assert rest.endswith(f"Request {request_id} → REJECTED\n")
    assert watching.returncode == 0


def test_a_closed_pipe_is_quiet(served: ServedJitsudo) -> None:
    """`jitsudo status | true` prints no traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [JITSUDO, "--profile", "erin", "audit", "--limit", "500", "-o", "json"],
        env={"PATH": os.defpath, "JITSUDO_HOME": str(served.home)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_states_are_coloured_on_a_terminal(
    served: ServedJitsudo, environment: dict[str, str], *, is_coloured: bool
) -> None:
    """Only where colours can be seen and are wanted."""
    request_id = served.a_request()

    shown = served.on_a_terminal("bob", "status", "--pending", environment=environment)

    assert request_id in shown
    assert ("\x1b[33mPENDING\x1b[0m" in shown) is is_coloured
    assert is_coloured or "\x1b" not in shown


def test_what_people_typed_never_steers_a_terminal(served: ServedJitsudo) -> None:
    """A reason with marks of direction is shown spelled out."""
    request_id = served.a_request("--reason", "safe\u202etxt.exe\u0085")

    shown = served.on_a_terminal(
        "bob", "status", request_id, environment={"NO_COLOR": "1"}
    )

    assert "safe\\u202etxt.exe" in shown
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", shown)


def test_direct_mode_decides_as_a_person(served: ServedJitsudo) -> None:
    """With the database's URL and a token: policy decides, and all is recorded."""
    request_id = served.a_request()
    token = served.token("bob")

    own = served.direct("approve", request_id, token=served.token("alice"))
    done = served.direct("approve", request_id, token=token)
    events = json.loads(
        served.cli("erin", "audit", "--request", request_id, "-o", "json").stdout
    )

    assert own.returncode == 4
    assert done.returncode == 0
    assert done.stdout == f"Request {request_id} → APPROVED\n"
    assert "wait for a server" in done.stderr
    (approved,) = [e for e in events if e["action"] == "request.approved"]
    assert approved["origin"] == "direct"
    assert approved["actor"] == "bob@example.com"
    assert {"os_user", "host"} <= set(approved["details"])


def test_direct_mode_without_a_token_decides_nothing(served: ServedJitsudo) -> None:
    """Who holds the URL may issue tokens and read the log, and says who they are."""
    request_id = served.a_request()

    refused = served.direct("approve", request_id)
    issued = served.direct("token", "issue", "--email", "new@example.com")
    audit = json.loads(
        served.direct("audit", "--action", "token.issued", "-o", "json").stdout
    )

    assert refused.returncode == 3
    assert issued.returncode == 0
    assert re.fullmatch(r"operator:.+@.+", audit[0]["actor"])
    assert audit[0]["origin"] == "direct"


def test_direct_mode_without_a_token_reads_as_the_operator(
    served: ServedJitsudo,
) -> None:
    """One request or all of them; on stderr it says so."""
    request_id = served.a_request()

    one = served.direct("status", request_id, "-o", "json")
    many = served.direct("status", "--pending", "-o", "json")

    assert (one.returncode, many.returncode) == (0, 0)
    assert json.loads(one.stdout)["id"] == request_id
    assert request_id in [request["id"] for request in json.loads(many.stdout)]
    for done in (one, many):
        assert "no token, so this reads as the operator" in done.stderr


def test_direct_mode_never_reads_credentials(served: ServedJitsudo) -> None:
    """Not even those of the token's owner."""
    request_id = served.a_request()
    served.cli("bob", "approve", request_id)

    done = served.direct("exec", request_id, "--", "env", token=served.token("alice"))

    assert done.returncode == 4
    assert "LOCAL_" not in done.stdout


def test_direct_mode_refuses_to_decide_without_a_policy(
    served: ServedJitsudo, tmp_path: Path
) -> None:
    """It says which setting names the policy."""
    done = run_jitsudo(
        "--server", served.database_url, "approve", _NOWHERE,
        home=tmp_path,
        environment={"JITSUDO_TOKEN": served.token("bob")},
    )  # fmt: skip

    assert done.returncode == 1
    assert "JITSUDO_POLICY_DIR" in done.stderr


def test_the_chain_verifies_from_both_sides(served: ServedJitsudo) -> None:
    """The server and the database agree, and a wrong checkpoint is found."""
    checkpoint = served.direct("audit", "verify", "-q").stdout.strip()

    assert (
        served.cli("erin", "audit", "verify", "--checkpoint", checkpoint).returncode
        == 0
    )
    number = checkpoint.partition(":")[0]
    wrong = served.cli(
        "erin", "audit", "verify", "--checkpoint", f"{number}:{'0' * 64}"
    )
    assert wrong.returncode == 1
    assert "broken" in wrong.stderr


def test_server_status_needs_no_token(served: ServedJitsudo, tmp_path: Path) -> None:
    """Up ends with 0, not there with 1."""
    up = run_jitsudo("server", "status", "--server", served.url, home=tmp_path)
    down = run_jitsudo(
        "server", "status", "--server", "http://127.0.0.1:9", home=tmp_path
    )
    version = run_jitsudo("server", "version", "--server", served.url, home=tmp_path)

    assert up.returncode == 0
    assert [line.split()[1] for line in up.stdout.splitlines()[1:]] == ["UP"] * 3
    assert down.returncode == 1
    assert "DOWN" in down.stdout
    assert version.stdout == "Server version: 0.1.0\n"


def test_the_credentials_file_is_private(served: ServedJitsudo) -> None:
    """0600 in 0700."""
    path = served.home / "credentials"

    assert path.stat().st_mode & 0o777 == 0o600
    assert served.home.stat().st_mode & 0o777 == 0o700
