"""What a person sees while the terminal waits for them to confirm its code."""

import time
from typing import Final

from cli.qr import qr_lines
from cli.terminal import Terminal
from cli.waiting import Spinner
from core.remote.device_flow import Waiting

_HALF: Final = 4
_INDENT: Final = "    "


def show_for_issuer(terminal: Terminal, issuer: str, waiting: Waiting) -> None:
    """Say where to type which code; nothing is opened by itself."""
    page = waiting.page or waiting.page_with_code
    _tell(
        terminal,
        f"To sign in at {issuer}, open",
        "",
        f"{_INDENT}{page}",
        "",
        "and enter the code",
        "",
        f"{_INDENT}{waiting.user_code}",
        "",
    )
    if waiting.page_with_code:
        _show_qr(terminal, waiting.page_with_code)


def show_for_slack(terminal: Terminal, host: str, waiting: Waiting) -> None:
    """Say what to type in Slack."""
    _tell(
        terminal,
        "To sign in, type this in Slack, or open jitsudo's home there:",
        "",
        f"{_INDENT}/jitsudo login {in_halves(waiting.user_code)}",
        "",
        "Slack then shows what is granted, and asks for this machine's name:",
        "",
        f"{_INDENT}{host}",
        "",
    )
    if waiting.page_with_code:
        _show_qr(terminal, waiting.page_with_code)


def in_halves(code: str) -> str:
    """Return a code of eight letters as `BCDF-GHJK`, any other as it is."""
    if len(code) == 2 * _HALF and code.isalnum():
        return f"{code[:_HALF]}-{code[_HALF:]}"
    return code


def _tell(terminal: Terminal, *lines: str) -> None:
    """Print what has to be read, with `-q` as well."""
    for line in lines:
        terminal.warn(line)


def _show_qr(terminal: Terminal, address: str) -> None:
    lines = qr_lines(terminal, address)
    terminal.note(f"Or open {address}")
    terminal.note(f"and check that it shows the same code{':' if lines else '.'}")
    for line in lines:
        terminal.draw(line)


class Countdown:
    """Waits between two questions, and shows how long the code is still good."""

    def __init__(self, terminal: Terminal, waiting: Waiting) -> None:
        """Begin to count."""
        self._spinner = Spinner(terminal)
        self._ends = time.monotonic() + waiting.expires_in

    def pause(self, seconds: float) -> None:
        """Wait so long, turning once a second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            minutes, rest = divmod(max(int(self._ends - time.monotonic()), 0), 60)
            self._spinner.turn(f"waiting for your yes; {minutes}:{rest:02} left")
            time.sleep(min(left, 1.0))

    def clear(self) -> None:
        """Wipe the line."""
        self._spinner.clear()
