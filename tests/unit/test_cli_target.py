"""Which server and which token: precedence, and tokens that stay where they belong."""

from datetime import timedelta
from pathlib import Path

import pytest

from cli.target import Target, display_name, find_target, is_same
from cli.terminal import Flags, Terminal
from core.errors import ConfigurationError
from core.logins import Login, Logins
from tests.support.builders import NOON, FrozenClock

_FLAG = "http://flag.example.com"
_VARIABLE = "http://variable.example.com"
_FILE = "http://file.example.com"
_LOGIN = "http://login.example.com"


def _find(home: Path, *, flags: Flags | None = None, **variables: str) -> Target:
    return find_target(
        Terminal(
            flags=flags or Flags(),
            environment={"JITSUDO_HOME": str(home), **variables},
            now=FrozenClock().now,
        )
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with a login in `default` and one in `bob`."""
    logins = Logins(tmp_path)
    logins.store("default", Login(server=_LOGIN, token="stored"))
    logins.store("bob", Login(server=_LOGIN + "/", token="bobs"))
    return tmp_path


def _configure(home: Path, text: str) -> None:
    (home / "config.yaml").write_text(text, encoding="utf-8")


def test_the_server_comes_from_flag_then_variable_then_file_then_login(
    home: Path,
) -> None:
    """Each source is asked only if the ones before it are silent."""
    assert _find(home).server == _LOGIN
    _configure(home, f"server: {_FILE}")
    assert _find(home).server == _FILE
    assert _find(home, JITSUDO_SERVER=_VARIABLE).server == _VARIABLE
    flags = Flags(server=_FLAG)
    assert _find(home, flags=flags, JITSUDO_SERVER=_VARIABLE).server == _FLAG


def test_the_token_comes_from_flag_then_variable_then_login(home: Path) -> None:
    """A token that was named wins over the stored one."""
    assert _find(home).token == "stored"
    assert _find(home, JITSUDO_TOKEN="variable").token == "variable"
    flags = Flags(token="flag")
    assert _find(home, flags=flags, JITSUDO_TOKEN="variable").token == "flag"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    """A variable that was emptied counts as not set."""
    flags = Flags(server="sqlite:///jitsudo.db")

    assert _find(tmp_path, flags=flags, JITSUDO_TOKEN="").token is None


def test_a_stored_token_is_sent_to_its_own_server_only(home: Path) -> None:
    """Another server gets no token, and the error says whose login there is."""
    target = _find(home, JITSUDO_SERVER="http://elsewhere.example.com")

    assert target.token is None
    assert "is for http://login.example.com, not for http://elsewhere" in (
        target.why_no_token
    )


@pytest.mark.parametrize(
    "server",
    [
        "https://login.example.com",
        "http://login.example.com:8080",
        "http://login.example.com.evil.example",
        "http://login.example.com@evil.example",
        "http://evil.example/?http://login.example.com",
        "http://login.example.com/other",
        "postgresql://login.example.com/jitsudo",
    ],
)
def test_what_only_looks_like_the_server_is_another_one(
    home: Path, server: str
) -> None:
    """Scheme, host, port and path all have to be the same."""
    try:
        target = _find(home, JITSUDO_SERVER=server)
    except ConfigurationError:
        return  # refused altogether, with a user name in it
    assert target.token is None


def test_the_same_server_may_be_spelled_differently() -> None:
    """Capitals in the host, the default port and a last slash change nothing."""
    assert is_same("https://A.example.com/", "https://a.example.com:443")
    assert not is_same("https://a.example.com", "https://a.example.com/x")


def test_who_names_server_and_token_needs_no_file(home: Path) -> None:
    """A file that cannot be used stops only who would use it."""
    _configure(home, "nonsense: true")
    (home / "credentials").write_text("- nonsense", encoding="utf-8")
    flags = Flags(server="https://flag.example.com", token="t")

    assert _find(home, flags=flags).token == "t"
    with pytest.raises(ConfigurationError, match=r"config\.yaml"):
        _find(home, flags=Flags(server="https://flag.example.com"))


def test_a_profile_is_chosen_by_flag_or_variable(home: Path) -> None:
    """The flag wins over the variable."""
    assert _find(home, flags=Flags(profile="bob")).token == "bobs"
    assert _find(home, JITSUDO_PROFILE="bob").token == "bobs"
    flags = Flags(profile="default")
    assert _find(home, flags=flags, JITSUDO_PROFILE="bob").token == "stored"


def test_an_unknown_profile_is_named_with_those_there_are(home: Path) -> None:
    """Nothing falls back to somebody else's login."""
    with pytest.raises(ConfigurationError, match="'eve'; there are: default, bob"):
        _find(home, flags=Flags(profile="eve"))


def test_a_login_that_has_ended_is_said_to_have(tmp_path: Path) -> None:
    """The stored end is looked at, before the server has to refuse."""
    ended = NOON - timedelta(minutes=1)
    login = Login(server=_LOGIN, token="old", expires_at=ended)
    Logins(tmp_path).store("default", login)

    target = _find(tmp_path)

    assert target.token is None
    assert "ended at 2026-03-20 11:59 UTC" in target.why_no_token


def test_without_any_server_the_error_says_every_way(tmp_path: Path) -> None:
    """Somebody new is told what to do."""
    with pytest.raises(ConfigurationError, match="pass --server URL"):
        _find(tmp_path)


@pytest.mark.parametrize(
    "server",
    ["localhost:8080", "ftp://x", "http://", "http://u:p@x", "x", "http://x:port"],
)
def test_an_address_that_cannot_be_is_refused(tmp_path: Path, server: str) -> None:
    """A wrong address is a configuration error, not a surprise later."""
    with pytest.raises(ConfigurationError):
        _find(tmp_path, flags=Flags(server=server))


@pytest.mark.parametrize(
    "text",
    ["server: [", "- a\n- b", "server: 1", "server: http://x\nservr: y", "\x00"],
)
def test_a_config_file_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    """An invalid file or an unknown key stops, with the file's name."""
    _configure(tmp_path, text)

    with pytest.raises(ConfigurationError, match=r"config\.yaml"):
        _find(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://jitsudo:secret@db/jitsudo",
        "postgresql+asyncpg://jitsudo:secret@db/jitsudo?password=secret",
        "sqlite:////var/lib/jitsudo.db",
        "sqlite+aiosqlite:////var/lib/jitsudo.db",
    ],
)
def test_a_database_url_is_known_and_never_shown_whole(
    tmp_path: Path, url: str
) -> None:
    """Neither a message nor a repr holds a database's password."""
    target = _find(tmp_path, flags=Flags(server=url, token="t"))

    assert target.is_database
    assert "secret" not in display_name(url) + repr(target)


def test_a_missing_login_names_the_file_and_the_profiles(home: Path) -> None:
    """Who has profiles but no `default` is told to choose one of them."""
    logins = Logins(home)
    logins.remove("default")

    with pytest.raises(ConfigurationError) as nowhere:
        _find(home)
    unsigned = _find(home, JITSUDO_SERVER=_LOGIN).why_no_token

    for told in (str(nowhere.value), unsigned):
        assert str(logins.path) in told
        assert "stored profiles: bob; choose one with --profile" in told


def test_a_missing_home_is_named_as_it_was_looked_at(tmp_path: Path) -> None:
    """JITSUDO_HOME moves the files, so the advice names them there."""
    with pytest.raises(ConfigurationError, match="no server is known") as error:
        _find(tmp_path)
    assert str(tmp_path / "config.yaml") in str(error.value)
    assert str(tmp_path / "credentials") in str(error.value)
