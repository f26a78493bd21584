"""Which files make the way to a server, and what `--insecure` says."""

from pathlib import Path

import pytest

from cli.target import find_target
from cli.terminal import Flags, Terminal
from core.errors import ConfigurationError
from core.logins import Login, Logins
from core.remote.transport import Transport
from tests.support.builders import FrozenClock
from tests.support.terminals import TestTerminal

_SERVER = "https://jitsudo.example.com"
_OTHER = "https://other.example.com"


def _transport(
    home: Path, *, flags: Flags | None = None, **variables: str
) -> Transport:
    found = find_target(
        Terminal(
            flags=flags or Flags(),
            environment={"JITSUDO_HOME": str(home), **variables},
            now=FrozenClock().now,
        )
    ).transport
    assert found is not None
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with a login that remembers its server's files."""
    login = Login(
        server=_SERVER,
        token="t",
        ca_file="/login/ca",
        client_cert="/login/cert",
        client_key="/login/key",
    )
    Logins(tmp_path).store("default", login)
    return tmp_path


def _configure(home: Path, text: str) -> None:
    (home / "config.yaml").write_text(text, encoding="utf-8")


def test_the_authority_comes_from_flag_then_variable_then_file_then_login(
    home: Path,
) -> None:
    """Each source is asked only if the ones before it are silent."""
    assert _transport(home).ca_file == "/login/ca"
    _configure(home, "tls: {ca_file: /file/ca}")
    assert _transport(home).ca_file == "/file/ca"
    assert _transport(home, JITSUDO_CA_FILE="/env/ca").ca_file == "/env/ca"
    flags = Flags(ca_file="/flag/ca")
    assert _transport(home, flags=flags, JITSUDO_CA_FILE="/e").ca_file == "/flag/ca"


def test_the_clients_files_come_from_one_place(home: Path) -> None:
    """A certificate from here and a key from there would be no pair."""
    assert _transport(home).client_cert == "/login/cert"
    _configure(home, "tls: {cert_file: /file/cert, key_file: /file/key}")
    found = _transport(home)
    assert (found.client_cert, found.client_key) == ("/file/cert", "/file/key")

    with pytest.raises(ConfigurationError, match="--client-key: is missing"):
        _transport(home, flags=Flags(client_cert="/flag/cert"))
    with pytest.raises(ConfigurationError, match="--client-cert: is missing"):
        _transport(home, JITSUDO_CLIENT_KEY="/env/key")
    found = _transport(
        home, JITSUDO_CLIENT_CERT="/env/cert", JITSUDO_CLIENT_KEY="/env/key"
    )
    assert (found.client_cert, found.client_key) == ("/env/cert", "/env/key")


def test_files_stay_with_their_server(home: Path) -> None:
    """Neither a login's nor a settings file's go along to another server."""
    _configure(home, f"server: {_SERVER}\ntls: {{ca_file: /file/ca}}")
    other = Flags(server=_OTHER, token="t")

    assert _transport(home, flags=other) == Transport()
    assert _transport(home, flags=Flags(token="t")).ca_file == "/file/ca"


def test_a_relative_path_is_one_as_seen_from_who_wrote_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A flag's from where one is; the settings file's from beside the file."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    _configure(home, "tls: {ca_file: ca.pem}")

    assert _transport(home).ca_file == str(home / "ca.pem")
    assert _transport(home, JITSUDO_CA_FILE="ca.pem").ca_file == (
        str(elsewhere / "ca.pem")
    )


@pytest.mark.parametrize(
    "text",
    [
        "tls: {ca_file: 1}",
        "tls: {ca_file: ''}",
        "tls: {insecure: true}",
        "tls: [ca.pem]",
        "insecure: true",
        "server: 1",
    ],
)
def test_a_settings_file_that_cannot_be_is_refused(home: Path, text: str) -> None:
    """Above all it cannot make a token go in clear, nor switch a check off."""
    _configure(home, text)

    with pytest.raises(ConfigurationError, match=r"config\.yaml"):
        _transport(home)


def test_insecure_cannot_come_from_the_environment(home: Path) -> None:
    """It is typed each time, by who means it."""
    assert not _transport(home, JITSUDO_INSECURE="1").is_insecure
    assert _transport(home, flags=Flags(insecure=True)).is_insecure


@pytest.mark.parametrize(
    "line",
    [
        "--insecure whoami",
        "whoami --insecure",
        "--ca-file /ca whoami",
        "whoami --client-cert /c --client-key /k",
    ],
)
def test_a_database_takes_no_flags_of_a_server(
    terminal: TestTerminal, line: str
) -> None:
    """They would change nothing, so they are refused."""
    result = terminal.run(*line.split(), "--server", "sqlite:///x.db", "--token", "t")

    assert result.exit_code == 1
    assert "are for a server" in result.stderr
