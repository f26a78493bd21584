"""Logins that are renewed in silence, and what is said when they are not."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.logins import Login, LoginKind, Logins
from tests.support.issuers import CLIENT, DISCOVERY, TOKEN, Issuer
from tests.support.sign_in_servers import SignInServer, signed_in
from tests.support.terminals import run_jitsudo

_ALICE = "alice@example.com"


@pytest.fixture
def login(sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path) -> Login:
    """Return a stored login of alice whose ID token ended a second ago."""
    sign_in_server.offer(issuer)
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
    found = Login(
        server=sign_in_server.url,
        token=issuer.token(_ALICE, exp=int(ended.timestamp())),
        email=_ALICE,
        expires_at=ended,
        kind=LoginKind.OIDC,
        refresh_token=signed_in(issuer, _ALICE),
        issuer=issuer.url,
        client_id=CLIENT,
    )
    Logins(tmp_path).store("default", found)
    return found


def _whoami(home: Path) -> subprocess.CompletedProcess[str]:
    return run_jitsudo("whoami", "-q", home=home)


def _stored(home: Path) -> Login:
    return Logins(home).all()["default"]


def test_an_ended_token_is_renewed_before_the_call(
    sign_in_server: SignInServer, issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """In silence; the new pair is stored, and the server sees the new one only."""
    done = _whoami(tmp_path)
    after = _stored(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{_ALICE}\n", "")
    assert sign_in_server.bearers == [after.token]
    assert after.token != login.token
    assert after.refresh_token != login.refresh_token
    assert after.expires_at is not None
    assert after.expires_at > datetime.now(UTC)
    assert issuer.devices.forms == [
        {
            "grant_type": "refresh_token",
            "refresh_token": login.refresh_token,
            "client_id": CLIENT,
        }
    ]
    assert (tmp_path / "credentials").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("seconds", "renewals"), [(50, 1), (90, 0)])
def test_a_token_is_renewed_within_a_minute_of_its_end(
    issuer: Issuer, login: Login, tmp_path: Path, seconds: int, renewals: int
) -> None:
    """Earlier there is no need, and nothing is asked."""
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    token = issuer.token(_ALICE, exp=int(ends.timestamp()))
    Logins(tmp_path).store("default", replace(login, token=token, expires_at=ends))

    assert _whoami(tmp_path).returncode == 0
    assert issuer.asked[TOKEN] == renewals


def test_two_at_once_renew_once(
    sign_in_server: SignInServer, issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """A refresh token that is used twice would end the login at this issuer."""
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: _whoami(tmp_path), range(4)))

    assert [each.returncode for each in done] == [0] * 4
    assert issuer.asked[TOKEN] == 1
    assert set(sign_in_server.bearers) == {_stored(tmp_path).token}
    assert login.token not in sign_in_server.bearers


def test_a_login_is_renewed_again_and_again(
    issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """Each time with the refresh token of the time before."""
    for _ in range(3):
        assert _whoami(tmp_path).returncode == 0
        ended = datetime.now(UTC) - timedelta(seconds=1)
        Logins(tmp_path).store("default", replace(_stored(tmp_path), expires_at=ended))

    used = [form["refresh_token"] for form in issuer.devices.forms]
    assert used[0] == login.refresh_token
    assert len(set(used)) == 3


def test_a_refused_renewal_says_how_to_sign_in_again(
    sign_in_server: SignInServer, issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """With exit code 3; nothing is sent to the server."""
    issuer.devices.revoke()

    done = _whoami(tmp_path)

    assert (done.returncode, done.stdout) == (3, "")
    assert f"{issuer.url} does not renew your login" in done.stderr
    assert "sign in again: `jitsudo login`" in done.stderr
    assert sign_in_server.bearers == []
    assert _stored(tmp_path) == login


def test_an_issuer_that_is_down_is_told_with_the_end_of_the_token(
    sign_in_server: SignInServer, issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """With exit code 7: signing in again would not help."""
    with issuer.down():
        done = _whoami(tmp_path)

    assert login.expires_at is not None
    assert done.returncode == 7
    assert f"{issuer.url} is unavailable" in done.stderr
    assert f"your token ended at {login.expires_at:%Y-%m-%d %H:%M} UTC" in done.stderr
    assert sign_in_server.bearers == []
    assert _whoami(tmp_path).returncode == 0


@pytest.mark.parametrize("path", [DISCOVERY, TOKEN])
@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_issuer_in_trouble_ends_no_login(
    issuer: Issuer, login: Login, tmp_path: Path, path: str, status: int
) -> None:
    """Only a no is a no."""
    with issuer.answering(path, b"<html>", status=status):
        assert _whoami(tmp_path).returncode == 7

    assert _stored(tmp_path) == login
    assert _whoami(tmp_path).returncode == 0


def test_a_token_that_is_good_a_little_longer_is_used_meanwhile(
    sign_in_server: SignInServer, issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """An issuer that is down keeps nobody from what they may still do."""
    ends = datetime.now(UTC) + timedelta(seconds=50)
    token = issuer.token(_ALICE, exp=int(ends.timestamp()))
    Logins(tmp_path).store("default", replace(login, token=token, expires_at=ends))

    with issuer.down():
        assert _whoami(tmp_path).returncode == 0

    assert sign_in_server.bearers == [token]


def test_an_answer_without_an_id_token_is_none(
    issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """An access token is not what the server takes."""
    with issuer.answering(TOKEN, {"access_token": "x", "token_type": "Bearer"}):
        done = _whoami(tmp_path)

    assert done.returncode == 3
    assert "without an ID token" in done.stderr
    assert _stored(tmp_path) == login


def test_a_renewal_without_a_new_refresh_token_keeps_the_old_one(
    issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """Not every issuer rotates them. Source: RFC 6749 section 6."""
    with issuer.answering(TOKEN, {"id_token": issuer.token(_ALICE)}):
        assert _whoami(tmp_path).returncode == 0

    assert _stored(tmp_path).refresh_token == login.refresh_token


def test_what_needs_no_token_renews_nothing(
    issuer: Issuer, login: Login, tmp_path: Path
) -> None:
    """Nor does a token that is given by hand."""
    run_jitsudo("server", "version", home=tmp_path)
    run_jitsudo("whoami", "--help", home=tmp_path)
    run_jitsudo("whoami", "--token", "jit_x", home=tmp_path)

    assert issuer.asked[TOKEN] == issuer.asked[DISCOVERY] == 0
    assert _stored(tmp_path) == login
