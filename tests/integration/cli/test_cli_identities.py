"""Links with the real command and server."""

import json

from tests.support.serving import ServedJitsudo

_ACCOUNT = "T0123ABC/U0456DEF"
_DAVE = "dave@example.com"


def test_an_admin_links_lists_and_unlinks(served: ServedJitsudo) -> None:
    """Others may not; what is linked elsewhere says what to unlink."""
    admin = served.direct(
        "token", "issue", "--email", "erin@example.com", "--scope", "admin", "-q"
    ).stdout.strip()
    stranger = served.cli("bob", "identity", "list")
    linked = served.cli("erin", "--token", admin, "identity", "link", _ACCOUNT, _DAVE)
    taken = served.cli(
        "erin", "--token", admin, "identity", "link", "T0123ABC/U9", _DAVE
    )
    listed = served.direct("identity", "list", "-o", "json")
    ended = served.cli("erin", "--token", admin, "identity", "unlink", _ACCOUNT)
    again = served.direct("identity", "unlink", _ACCOUNT)

    assert stranger.returncode == 4
    assert (linked.returncode, linked.stdout) == (
        0,
        f"Slack account {_ACCOUNT} → {_DAVE}\n",
    )
    assert taken.returncode == 1
    assert f"unlink {_ACCOUNT} first" in taken.stderr
    (link,) = json.loads(listed.stdout)
    assert (link["email"], link["method"], link["linked_by"]) == (
        _DAVE,
        "admin",
        "erin@example.com",
    )
    assert ended.returncode == 0
    assert again.returncode == 5


def test_a_code_needs_a_sign_in(served: ServedJitsudo) -> None:
    """A token of jitsudo's own is none; the line says what to do."""
    done = served.cli("bob", "link", "BCDF-GHJK", "--yes")

    assert done.returncode == 4
    assert "`jitsudo login`" in done.stderr
    assert done.stdout == ""
