"""What `jitsudo login` shows on a terminal: the code, and a QR code if it fits."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.logins import Logins
from tests.support.issuers import Issuer
from tests.support.screens import CTRL_C, Screen
from tests.support.sign_in_servers import SignInServer
from tests.support.terminals import JITSUDO

_BLOCKS = re.compile("[█▀▄]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def offering(sign_in_server: SignInServer, issuer: Issuer) -> SignInServer:
    """Return a server that sends people to the issuer."""
    sign_in_server.offer(issuer)
    return sign_in_server


@contextmanager
def _screen(
    server: SignInServer, home: Path, *arguments: str, **variables: str
) -> Iterator[Screen]:
    environment = {
        "JITSUDO_HOME": str(home),
        "COLUMNS": "80",
        "LINES": "50",
        "LANG": "C.UTF-8",
        **variables,
    }
    line = (str(JITSUDO), "login", "--server", server.url, *arguments)
    with Screen.running(*line, environment=environment) as screen:
        yield screen


def _code(screen: Screen) -> str:
    return screen.see(r"enter the code\r\n\r\n    ([B-Z]{4}-[B-Z]{4})\r\n")[1]


def test_a_terminal_of_80_columns_shows_the_qr_code(
    offering: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """All lines are as wide as each other, and fit; then it counts down."""
    with _screen(offering, tmp_path) as screen:
        code = _code(screen)
        screen.see(r"shows the same code:\r\n")
        screen.see(r"waiting for your yes; 9:5\d left")
        shown = screen.shown
        issuer.devices.approve(code)
        screen.see("Logged in as alice@example.com")

    lines = [line for line in shown.split("\r\n") if _BLOCKS.search(line)]
    plain = [_COLOUR.sub("", line) for line in lines]
    assert 12 < len(lines) < 30
    assert {len(line) for line in plain} == {len(plain[0])}
    assert len(plain[0]) < 80
    assert all(line.startswith("\x1b[38;5;16m\x1b[48;5;231m") for line in lines)
    assert all(line.endswith("\x1b[0m") for line in lines)


@pytest.mark.parametrize(
    "variables",
    [
        {"COLUMNS": "30"},
        {"LINES": "12"},
        {"TERM": "dumb"},
        {"PYTHONIOENCODING": "ascii"},
    ],
    ids=["narrow", "flat", "dumb", "ascii"],
)
def test_where_it_does_not_fit_there_is_none(
    offering: SignInServer, tmp_path: Path, variables: dict[str, str]
) -> None:
    """The code in text is there all the same, and the address that has it."""
    with _screen(offering, tmp_path, **variables) as screen:
        code = _code(screen)
        screen.see(re.escape(f"user_code={code}"))
        screen.see(r"shows the same code\.\r\n")
        screen.see("waiting for your yes")

    assert not _BLOCKS.search(screen.shown)
    assert "\\u2588" not in screen.shown


def test_quiet_shows_the_code_and_nothing_else(
    offering: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """Without it nobody could go on; the rest is left out."""
    with _screen(offering, tmp_path, "-q") as screen:
        issuer.devices.approve(_code(screen))
        assert screen.process.wait(timeout=20) == 0

    assert not _BLOCKS.search(screen.shown)
    assert "waiting" not in screen.shown
    assert Logins(tmp_path).all()["default"].email == "alice@example.com"


def test_without_colours_light_is_drawn(offering: SignInServer, tmp_path: Path) -> None:
    """So that it is black on white on a dark terminal, without a sequence."""
    with _screen(offering, tmp_path, NO_COLOR="1") as screen:
        _code(screen)
        screen.see("waiting for your yes")

    lines = [line for line in screen.shown.split("\r\n") if _BLOCKS.search(line)]
    assert set(lines[0].strip("\r")) == {"█"}
    assert not _COLOUR.search("".join(lines))


def test_ctrl_c_leaves_nothing_behind(offering: SignInServer, tmp_path: Path) -> None:
    """At once, in the middle of a pause."""
    with _screen(offering, tmp_path) as screen:
        _code(screen)
        screen.see("waiting for your yes")
        screen.type(CTRL_C)
        assert screen.process.wait(timeout=10) == 130

    assert Logins(tmp_path).all() == {}


def test_a_token_is_typed_without_an_echo(
    sign_in_server: SignInServer, tmp_path: Path
) -> None:
    """--token-stdin on a terminal asks for it."""
    with _screen(sign_in_server, tmp_path, "--token-stdin") as screen:
        screen.see("Token: ")
        screen.enter("jit_of-nobody")
        assert screen.process.wait(timeout=20) == 3

    assert "jit_of-nobody" not in screen.shown
