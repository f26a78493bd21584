"""`jitsudo logout`: what is forgotten, what is ended, and what is said if not."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.logins import Login, LoginKind, Logins
from tests.support.issuers import CLIENT, DISCOVERY, Issuer
from tests.support.sign_in_servers import SignInServer
from tests.support.terminals import run_jitsudo

_REVOCATION = "/revoke"


def _logout(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_jitsudo("logout", *arguments, home=home)


@pytest.fixture
def through_slack(sign_in_server: SignInServer, tmp_path: Path) -> SignInServer:
    """Return a server to which somebody is signed in through Slack, twice."""
    sign_in_server.offer(slack=True)
    for profile in ("other", "default"):
        done = run_jitsudo(
            "--profile", profile, "login", "--server", sign_in_server.url,
            home=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return sign_in_server


@pytest.fixture
def at_issuer(sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path) -> Login:
    """Return a stored login from the issuer."""
    sign_in_server.offer(issuer)
    found = Login(
        server=sign_in_server.url,
        token=issuer.token(),
        email="alice@example.com",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        kind=LoginKind.OIDC,
        refresh_token="refresh-me",
        issuer=issuer.url,
        client_id=CLIENT,
    )
    Logins(tmp_path).store("default", found)
    return found


def test_a_token_from_slack_is_revoked(
    through_slack: SignInServer, tmp_path: Path
) -> None:
    """The login's own token, and not that of another machine."""
    done = _logout(tmp_path)

    assert done.returncode == 0
    assert "Its token is revoked." in done.stderr
    assert through_slack.revoked == ["tok_2"]
    assert list(Logins(tmp_path).all()) == ["other"]


def test_a_token_that_was_revoked_before_is_not_said_to_be_valid(
    through_slack: SignInServer, tmp_path: Path
) -> None:
    """Whoever revoked it by hand is not told that it goes on."""
    through_slack.tokens.clear()

    done = _logout(tmp_path)

    assert done.returncode == 0
    assert "does not take its token any more" in done.stderr
    assert "stays valid" not in done.stderr
    assert through_slack.revoked == []
    assert list(Logins(tmp_path).all()) == ["other"]


def test_keep_token_only_forgets(through_slack: SignInServer, tmp_path: Path) -> None:
    """The server is not even asked."""
    before = len(through_slack.bearers)

    done = _logout(tmp_path, "--keep-token")

    assert done.returncode == 0
    assert through_slack.revoked == []
    assert len(through_slack.bearers) == before
    assert "default" not in Logins(tmp_path).all()


def test_a_server_that_is_gone_does_not_keep_the_login(tmp_path: Path) -> None:
    """It is forgotten, and what is still good is said."""
    ends = datetime.now(UTC) + timedelta(hours=1)
    login = Login(
        server="http://127.0.0.1:9",
        token="jit_t",
        kind=LoginKind.SLACK,
        expires_at=ends,
    )
    Logins(tmp_path).store("default", login)

    done = _logout(tmp_path, "-q")

    assert done.returncode == 0
    assert "could not be revoked and stays valid until" in done.stderr
    assert f"{ends:%Y-%m-%dT%H:%M:%SZ}" in done.stderr
    assert "jit_t" not in done.stderr
    assert Logins(tmp_path).all() == {}


def test_two_tokens_with_one_end_are_told_apart(
    through_slack: SignInServer, tmp_path: Path
) -> None:
    """The server says which one it is; nobody compares times, or lists tokens."""
    (_, one), (second, two) = through_slack.tokens.items()
    through_slack.tokens[second] = replace(two, expires_at=one.expires_at)

    done = _logout(tmp_path)

    assert "Its token is revoked." in done.stderr
    assert through_slack.revoked == ["tok_2"]
    assert through_slack.bearers[-2:] == [second, second]


def test_a_server_that_does_not_say_which_token_ends_none(
    through_slack: SignInServer, tmp_path: Path
) -> None:
    """Nobody guesses; what stays valid is said."""
    through_slack.names_tokens = False

    done = _logout(tmp_path)

    assert done.returncode == 0
    assert "does not say which token it is" in done.stderr
    assert "stays valid until" in done.stderr
    assert through_slack.revoked == []


def test_the_issuer_forgets_the_refresh_token(
    issuer: Issuer, at_issuer: Login, tmp_path: Path
) -> None:
    """Where it says how. Source: RFC 7009."""
    document = {
        **issuer.discovery(),
        "revocation_endpoint": issuer.url + _REVOCATION,
    }
    with (
        issuer.answering(DISCOVERY, document),
        issuer.answering(_REVOCATION, b""),
    ):
        done = _logout(tmp_path)

    assert done.returncode == 0
    assert f"{at_issuer.issuer} has forgotten its refresh token." in done.stderr
    assert "refresh-me" not in done.stderr
    assert issuer.asked[_REVOCATION] == 1


def test_an_issuer_without_revocation_is_told(
    issuer: Issuer, at_issuer: Login, tmp_path: Path
) -> None:
    """What stays good is said, and for how long."""
    done = _logout(tmp_path)

    assert done.returncode == 0
    assert f"{at_issuer.issuer} has no way to revoke a refresh token" in done.stderr
    assert issuer.asked[DISCOVERY] == 1
    assert Logins(tmp_path).all() == {}


@pytest.mark.parametrize("trouble", ["down", "error"])
def test_an_issuer_in_trouble_does_not_keep_the_login(
    issuer: Issuer, at_issuer: Login, tmp_path: Path, trouble: str
) -> None:
    """It is forgotten here, and that it was not told is said."""
    document = {
        **issuer.discovery(),
        "revocation_endpoint": issuer.url + _REVOCATION,
    }
    with issuer.answering(DISCOVERY, document):
        if trouble == "down":
            with issuer.down():
                done = _logout(tmp_path)
        else:
            with issuer.answering(_REVOCATION, {"error": "server_error"}, status=503):
                done = _logout(tmp_path)

    assert done.returncode == 0
    assert f"{at_issuer.issuer} was not told" in done.stderr
    assert Logins(tmp_path).all() == {}


def test_a_token_of_an_admins_stays_valid(tmp_path: Path) -> None:
    """It may be in use elsewhere; nobody is asked."""
    login = Login(server="http://127.0.0.1:9", token="jit_t", email="bob@example.com")
    Logins(tmp_path).store("default", login)

    done = _logout(tmp_path)

    assert done.returncode == 0
    assert done.stderr == (
        "Forgot bob@example.com at http://127.0.0.1:9 (profile default).\n"
    )
