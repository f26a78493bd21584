"""Ending, extending, reviewing and offboarding with the real command and server."""

import json

import pytest

from tests.support.serving import ServedJitsudo

_ALICE = "alice@example.com"
_BREAK = (
    "request", "--provider", "local", "--role", "infra-admin", "--scope", "staging",
    "--break-glass", "--reason", "INC-1: staging is down",
)  # fmt: skip


def _granted(served: ServedJitsudo) -> str:
    request_id = served.a_request()
    assert served.cli("bob", "approve", request_id).returncode == 0
    used = served.cli("alice", "exec", request_id, "--", "true")
    assert used.returncode == 0, used.stderr
    return request_id


def _broken(served: ServedJitsudo) -> str:
    done = served.cli("alice", *_BREAK, "-q")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_revoked_grant_is_of_no_use(served: ServedJitsudo) -> None:
    """REVOKED once the provider has confirmed, and `exec` says so."""
    request_id = _granted(served)

    stranger = served.cli("dave", "revoke", request_id)
    done = served.cli("bob", "revoke", request_id, "--reason", "-", stdin="stolen\n")
    again = served.cli("bob", "revoke", request_id)
    used = served.cli("alice", "exec", request_id, "--", "true")
    shown = served.cli("alice", "status", request_id).stdout

    assert stranger.returncode == 4
    assert (done.returncode, done.stdout) == (0, f"Request {request_id} → REVOKED\n")
    assert done.stderr == f"{_ALICE}: infra-admin on staging (local) for 1h\n"
    assert again.stdout == done.stdout
    assert used.returncode == 6
    assert "Because:   stolen" in shown


def test_pending_request_is_not_revoked(served: ServedJitsudo) -> None:
    """Exit code 6, with both ways out; nothing has changed."""
    request_id = served.a_request()

    done = served.cli("bob", "revoke", request_id)

    assert done.returncode == 6
    assert "`jitsudo withdraw`" in done.stderr
    shown = json.loads(served.cli("alice", "status", request_id, "-o", "json").stdout)
    assert shown["state"] == "PENDING"


def test_everything_of_a_person_is_revoked(served: ServedJitsudo) -> None:
    """After a yes on a terminal; then there is nothing left."""
    ids = {_granted(served), _granted(served)}

    no, told = served.typing("erin", "revoke", "--user", _ALICE, "--all", typed="n\n")
    yes, shown = served.typing(
        "erin", "revoke", "--user", _ALICE, "--all", typed="y\n",
        environment={"NO_COLOR": "1"},
    )  # fmt: skip
    nothing = served.cli("erin", "revoke", "--user", _ALICE, "--all")

    assert no == 1
    assert "Nothing was done." in told
    assert "→" not in told
    assert yes == 0
    for request_id in ids:
        assert f"Request {request_id} → REVOKED" in shown
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "Nothing to revoke" in nothing.stderr


def test_broken_glass_is_used_at_once_and_reviewed(served: ServedJitsudo) -> None:
    """Nobody approves; somebody else closes the review."""
    request_id = _broken(served)

    used = served.cli("alice", "exec", request_id, "--", "true")
    waiting = served.cli("bob", "status", "--needs-review", "-q")
    own = served.cli("alice", "review", request_id, "--note", "it was me")
    done = served.cli("bob", "review", request_id, "--note", "justified")
    late = served.cli("ben", "review", request_id, "--note", "justified")
    shown = json.loads(served.cli("erin", "status", request_id, "-o", "json").stdout)

    assert used.returncode == 0
    assert request_id in waiting.stdout.split()
    assert (own.returncode, done.returncode, late.returncode) == (4, 0, 6)
    assert done.stdout == f"Request {request_id} → reviewed\n"
    assert shown["break_glass"] is True
    assert shown["needs_review"] is False
    assert (shown["reviewed_by"], shown["review_note"]) == (
        "bob@example.com",
        "justified",
    )


@pytest.mark.parametrize(
    ("typed", "exit_code"), [("staging\n", 0), ("stagign\n", 1), ("\n", 1)]
)
def test_breaking_the_glass_takes_the_scope_typed(
    served: ServedJitsudo, typed: str, exit_code: int
) -> None:
    """Nobody does this by habit; what is not typed is not asked for."""
    before = served.cli("alice", "status", "--mine", "-q").stdout.split()

    code, shown = served.typing("alice", *_BREAK, typed=typed)

    assert code == exit_code
    assert "Type the scope, staging, to go on: " in shown
    after = served.cli("alice", "status", "--mine", "-q").stdout.split()
    assert len(set(after) - set(before)) == int(exit_code == 0)


def test_ctrl_c_at_the_question_asks_for_nothing(served: ServedJitsudo) -> None:
    """One press is enough."""
    before = served.cli("alice", "status", "--mine", "-q").stdout

    code, _ = served.typing("alice", *_BREAK, interrupt_at="to go on: ")

    assert code == 130
    assert served.cli("alice", "status", "--mine", "-q").stdout == before


def test_extension_replaces_the_grant(served: ServedJitsudo) -> None:
    """Waited for in one line, while somebody approves it."""
    old = _granted(served)
    waiting = served.start(
        "alice", "extend", old, "--duration", "2h", "--wait", "--timeout", "30s"
    )
    assert waiting.stdout is not None
    shown = [waiting.stdout.readline()]
    # All that is written before it waits; `communicate` would lose what is buffered.
    while not shown[-1].startswith("Extends:"):
        shown.append(waiting.stdout.readline())
        assert shown[-1], shown
    request_id = shown[0].split()[-1]

    foreign = served.cli("bob", "extend", old, "--duration", "2h")
    served.cli("bob", "approve", request_id)
    rest, errors = waiting.communicate(timeout=30)
    watched = served.cli("alice", "status", old, "--watch").stdout

    assert foreign.returncode == 4
    assert waiting.returncode == 0, errors
    assert shown[-1] == f"Extends:    {old}\n"
    assert rest.splitlines()[-1] == f"Request {request_id} → ACTIVE"
    assert watched.splitlines()[-1].endswith(f"Request {old} → REVOKED")
    assert served.cli("alice", "exec", request_id, "--", "true").returncode == 0


def test_offboarding_ends_everything_of_a_person(served: ServedJitsudo) -> None:
    """Ids and states on standard output; nobody but an admin may."""
    zoe = "zoe@example.com"
    token = served.token("zoe")
    admin = served.direct(
        "token", "issue", "--email", "erin@example.com", "--scope", "admin,read", "-q"
    ).stdout.strip()
    disable = ("principal", "disable", zoe, "--reason", "left")

    refused = served.cli("bob", *disable)
    done = served.cli("erin", "--token", admin, *disable)
    shut_out = served.cli("alice", "--token", token, "whoami")
    back = served.cli("erin", "--token", admin, "principal", "enable", zoe)

    assert refused.returncode == 4
    assert done.stdout == "Principal zoe@example.com → disabled\n"
    assert "Tokens that are not valid any more: 1" in done.stderr
    assert shut_out.returncode == 3
    assert back.stdout == "Principal zoe@example.com → enabled\n"


def test_the_chain_holds_after_all_of_it(served: ServedJitsudo) -> None:
    """Nothing of the above left a gap."""
    assert served.cli("erin", "audit", "verify").returncode == 0
