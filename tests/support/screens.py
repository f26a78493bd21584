"""A terminal with somebody at its keyboard: a pseudo-terminal, its own session."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Self

import pytest

from tests.support.terminals import JITSUDO

_PATIENCE_SECONDS: Final = 20.0

_CLAIM: Final = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)
"""Makes standard input the session's terminal, which `setsid` alone does not."""

CTRL_C: Final = "\x03"
CTRL_Z: Final = "\x1a"
CTRL_BACKSLASH: Final = "\x1c"


@dataclass
class Screen:
    """What a program on the terminal shows, and a way to type at it."""

    process: subprocess.Popen[bytes]
    descriptor: int
    shown: str = ""
    _seen: int = 0

    @classmethod
    @contextmanager
    def running(cls, *words: str, environment: Mapping[str, str]) -> Iterator[Self]:
        """Yield a screen with a program on it; both are gone afterwards."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", _CLAIM, *words],
            env={"PATH": os.defpath, "TERM": "xterm", "COLUMNS": "200", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield cls(process, ours)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(ours)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.descriptor, text.encode())

    def enter(self, line: str) -> None:
        """Type a line and press enter."""
        self.type(line + "\n")

    def see(self, pattern: str) -> re.Match[str]:
        """Wait until something shows that was not seen before; return it."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < ends:
            found = re.compile(pattern).search(self.shown, self._seen)
            if found is not None:
                self._seen = found.end()
                return found
            if not self._read(ends - time.monotonic()):
                break
        pytest.fail(f"{pattern!r} is not in:\n{self.shown[self._seen :]!r}")

    def resize(self, *, rows: int, columns: int) -> None:
        """Change the window's size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)

    @property
    def has_echo(self) -> bool:
        """Tell whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)

    def _read(self, seconds: float) -> bool:
        """Read more; False at the end, or when nothing comes."""
        ready, _, _ = select.select([self.descriptor], [], [], max(seconds, 0))
        if not ready:
            return False
        try:
            part = os.read(self.descriptor, 65_536)
        except OSError:
            return False  # how Linux tells that nobody has the terminal any more
        self.shown += part.decode(errors="replace")
        return bool(part)


@contextmanager
def a_shell_with_job_control(
    environment: Mapping[str, str], *, profile: str
) -> Iterator[Screen]:
    """Yield an interactive bash in which `jitsudo` is a person's command."""
    with Screen.running(
        "bash", "--norc", "--noprofile", "--noediting", "-i", environment=environment
    ) as screen:
        # In two parts, so that what is typed is not taken for the prompt.
        screen.enter(f"alias jitsudo='{JITSUDO} --profile {profile}'; PS1=rea'dy> '")
        screen.see("ready> ")
        yield screen
