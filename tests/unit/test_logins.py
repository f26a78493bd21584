"""Stored logins: private, replaced whole, and safe from a demo."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from core.errors import ConfigurationError, Invalid
from core.logins import Login, Logins, home_directory

_BOB = Login(
    server="https://jitsudo.example.com",
    token="jts_bob",
    email="bob@example.com",
    expires_at=datetime(2026, 4, 1, tzinfo=UTC),
)


def test_a_login_is_read_as_it_was_stored(tmp_path: Path) -> None:
    """Every field comes back, under its profile."""
    logins = Logins(tmp_path / "home")
    logins.store("bob", _BOB)
    logins.store("default", Login(server="http://x", token="t"))

    assert logins.all() == {"bob": _BOB, "default": Login(server="http://x", token="t")}


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """The file has 0600 and its directory 0700, whatever they had before."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "credentials").touch(mode=0o644)

    Logins(home).store("bob", _BOB)

    assert stat.S_IMODE((home / "credentials").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_somebody_elses_directory_keeps_its_mode(tmp_path: Path) -> None:
    """JITSUDO_HOME may name a directory that is used for more than this."""
    home = tmp_path / "shared"
    home.mkdir(mode=0o755)
    (home / "notes.txt").touch()

    Logins(home).store("bob", _BOB)

    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "credentials").stat().st_mode) == 0o600


def test_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    """The temporary file became the file."""
    logins = Logins(tmp_path)
    logins.store("bob", _BOB)
    logins.store("bob", _BOB)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "credentials",
        "credentials.lock",
    ]


def test_a_demo_leaves_everybody_elses_logins_alone(tmp_path: Path) -> None:
    """It writes no `default`, and replaces only what a demo wrote."""
    logins = Logins(tmp_path)
    logins.store("bob", _BOB)
    demo = Login(server="http://127.0.0.1:8080", token="jts_demo")

    refused = logins.store_demo({"alice": demo, "bob": demo, "default": demo})
    again = logins.store_demo({"alice": Login(server="http://127.0.0.1:1", token="n")})

    assert refused == ("bob", "default")
    assert again == ()
    assert logins.get("bob") == _BOB
    assert logins.get("default") is None
    assert logins.get("alice") == Login(
        server="http://127.0.0.1:1", token="n", is_demo=True
    )


def test_a_demo_takes_back_only_the_logins_it_stored(tmp_path: Path) -> None:
    """Another demo's, another token's and a person's own logins stay."""
    logins = Logins(tmp_path)
    first, second = "http://127.0.0.1:8080", "http://127.0.0.1:8081"
    mine = {
        name: Login(server=first, token=f"jts_{name}")
        for name in ("alice", "ben", "bob", "carol")
    }
    logins.store_demo(mine)
    logins.store_demo({"ben": Login(server=second, token="jts_ben")})
    logins.store_demo({"carol": Login(server=first, token="jts_other")})
    logins.store("bob", mine["bob"])

    logins.remove_demo(mine)

    assert list(logins.all()) == ["ben", "bob", "carol"]


def test_a_demo_takes_back_nothing_where_nothing_is_stored(tmp_path: Path) -> None:
    """Neither the directory nor the file is made for that."""
    logins = Logins(tmp_path / "none")

    logins.remove_demo({"alice": _BOB})

    assert not (tmp_path / "none").exists()


def test_a_login_of_ones_own_takes_a_demos_place(tmp_path: Path) -> None:
    """After a real login the demo does not get the profile back."""
    logins = Logins(tmp_path)
    logins.store_demo({"bob": Login(server="http://127.0.0.1:8080", token="demo")})
    logins.store("bob", _BOB)

    assert logins.store_demo({"bob": _BOB}) == ("bob",)
    assert logins.get("bob") == _BOB


def test_a_login_can_be_forgotten(tmp_path: Path) -> None:
    """What was removed is returned; a second time there is nothing."""
    logins = Logins(tmp_path)
    assert logins.remove("bob") is None
    logins.store("bob", _BOB)

    assert logins.remove("bob") == _BOB
    assert logins.remove("bob") is None
    assert logins.all() == {}


@pytest.mark.parametrize(
    "text",
    [
        "profiles: [",
        "- a",
        "token: abc",
        "profiles:\n  bob: text",
        "profiles:\n  bob: {token: t}",
        "profiles:\n  bob: {server_url: http://x, token: 1}",
        "profiles:\n  bob: {server_url: http://x, token: t, servr: y}",
        "profiles:\n  bob: {server_url: http://x, token: t, expires_at: soon}",
        "profiles: {}\nmore: 1",
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    """The error names the file; storing does not overwrite what it cannot read."""
    path = tmp_path / "credentials"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="credentials"):
        Logins(tmp_path).all()
    with pytest.raises(ConfigurationError):
        Logins(tmp_path).store("bob", _BOB)

    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["", "../x", "a b", "é", "-x", "x" * 65])
def test_a_profile_has_a_plain_name(tmp_path: Path, name: str) -> None:
    """Nothing is stored under a name that could be mistaken."""
    with pytest.raises(Invalid):
        Logins(tmp_path).store(name, _BOB)


def test_the_home_can_be_moved() -> None:
    """JITSUDO_HOME wins over the home directory."""
    assert home_directory({"JITSUDO_HOME": "/srv/jitsudo"}) == Path("/srv/jitsudo")
    assert home_directory({}) == Path.home() / ".jitsudo"


def test_a_login_never_shows_its_token() -> None:
    """Neither a log nor a traceback holds the secret."""
    assert "jts_bob" not in repr(_BOB)


def test_the_file_is_yaml_that_a_person_can_read(tmp_path: Path) -> None:
    """The keys are the reference's, one mapping for each profile."""
    logins = Logins(tmp_path)
    logins.store("bob", _BOB)

    assert yaml.safe_load(logins.path.read_text(encoding="utf-8")) == {
        "profiles": {
            "bob": {
                "server_url": "https://jitsudo.example.com",
                "token": "jts_bob",
                "email": "bob@example.com",
                "expires_at": "2026-04-01T00:00:00+00:00",
            }
        }
    }
