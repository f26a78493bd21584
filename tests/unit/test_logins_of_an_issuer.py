"""Stored logins with more than a token, and files that others could read."""

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from core.errors import ConfigurationError, NotAuthenticated
from core.logins import Login, LoginKind, Logins
from core.remote.issuer import end_of
from tests.support.issuer_keys import SigningKey

_ALICE = Login(
    server="https://jitsudo.example.com",
    token="a.b.c",
    email="alice@example.com",
    expires_at=datetime(2026, 4, 1, tzinfo=UTC),
    kind=LoginKind.OIDC,
    refresh_token="refresh-me",
    issuer="https://login.example.com",
    client_id="jitsudo-cli",
    discovery_url="https://internal.example.com/discovery",
    ca_file="/etc/ca.pem",
    client_cert="/etc/me.pem",
    client_key="/etc/me.key",
)


def test_every_field_comes_back(tmp_path: Path) -> None:
    """And a token by itself is written as it always was."""
    logins = Logins(tmp_path)
    logins.store("alice", _ALICE)
    logins.store("bob", Login(server="http://x", token="t", email="b@x"))

    assert logins.get("alice") == _ALICE
    written = yaml.safe_load(logins.path.read_text(encoding="utf-8"))
    assert written["profiles"]["bob"] == {
        "server_url": "http://x",
        "token": "t",
        "email": "b@x",
    }


def test_neither_token_is_in_a_repr() -> None:
    """A login may end up in a traceback."""
    assert "a.b.c" not in repr(_ALICE)
    assert "refresh-me" not in repr(_ALICE)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o604])
def test_a_file_that_others_could_read_is_made_private(
    tmp_path: Path, mode: int
) -> None:
    """Already when it is read."""
    logins = Logins(tmp_path)
    logins.store("alice", _ALICE)
    logins.path.chmod(mode)

    assert logins.get("alice") == _ALICE
    assert stat.S_IMODE(logins.path.stat().st_mode) == 0o600


def test_a_kind_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """Nobody knows how such a login goes on."""
    text = "profiles:\n  a: {server_url: http://x, token: t, kind: saml}\n"
    (tmp_path / "credentials").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="does not know"):
        Logins(tmp_path).all()


def test_a_renewal_that_fails_changes_nothing(tmp_path: Path) -> None:
    """And the next one gets the lock."""
    logins = Logins(tmp_path)
    logins.store("alice", _ALICE)

    def refuse(_login: Login | None) -> Login:
        raise NotAuthenticated(why="no")

    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            logins.renew("alice", refuse)
    assert logins.get("alice") == _ALICE


def test_a_renewal_needs_token_issuer_and_client() -> None:
    """Where one is missing the login simply ends."""
    assert _ALICE.can_renew
    assert not replace(_ALICE, refresh_token="").can_renew
    assert not replace(_ALICE, issuer="").can_renew
    assert not replace(_ALICE, client_id="").can_renew


def test_the_end_of_an_id_token_is_read() -> None:
    """To ask for a new one in time; the signature is the server's to check."""
    key = SigningKey.rsa("k")

    assert end_of(key.sign({"exp": 1_800_000_000})) == datetime.fromtimestamp(
        1_800_000_000, UTC
    )


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b.c",
        "a..c",
        "a.e30.c",
        "a.W10.c",
        "a.eyJleHAiOiAxZTk5OX0.c",
        "é.é.é",
    ],
)
def test_a_token_without_an_end_that_can_be_read_says_none(token: str) -> None:
    """Neither does it raise."""
    assert end_of(token) is None
