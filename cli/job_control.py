"""The terminal's foreground: lent to a command, and taken back.

Source: POSIX.1-2017, General Terminal Interface, 11.1.2 to 11.1.4.
"""

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

_Modes = list[int | list[bytes | int]]

IN_FRONT: Final = (0, 1)
"""Standard input and output: a command that has both is given the foreground.

One that writes into a pipe gets it when it asks, since at the other end there may
be a pager that reads the keyboard.
"""


class ControllingTerminal:
    """The terminal that sends this process its signals."""

    def __init__(self, descriptor: int) -> None:
        """Take an open terminal, and keep its modes for the end."""
        self._descriptor = descriptor
        self._modes = termios.tcgetattr(descriptor)
        self._modes_of_command: _Modes | None = None
        self.is_lent = False

    @classmethod
    def open(cls) -> Self | None:
        """Return the terminal; None if this process has none."""
        try:
            return cls(os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY))
        except (OSError, termios.error):
            return None

    def close(self) -> None:
        """Let go of the terminal."""
        os.close(self._descriptor)

    @property
    def is_ours(self) -> bool:
        """Tell whether our process group is the one in the foreground."""
        return self.foreground == os.getpgrp()

    @property
    def foreground(self) -> int | None:
        """Return the process group in the foreground; None if it has hung up."""
        try:
            return os.tcgetpgrp(self._descriptor)
        except OSError:
            return None

    @property
    def job_in_front(self) -> int | None:
        """Return the process group in the foreground, if the command has put it there.

        Who has stopped us from elsewhere may have given the terminal to the shell
        that we come from: that is no job of ours to end, or to take it from.
        """
        group = self.foreground
        where_we_come_from = {os.getpgid(os.getppid()), os.getsid(0), os.getpgrp()}
        return None if not self.is_lent or group in where_we_come_from else group

    def wants_to_lend(self) -> bool:
        """Tell whether a command should begin in the foreground."""
        return self.is_ours and all(map(os.isatty, IN_FRONT))

    def lend(self, group: int) -> None:
        """Put a process group in the foreground, with the modes it had there."""
        self.is_lent = True
        with suppress(OSError, termios.error):
            if self._modes_of_command is not None:
                self._set(self._modes_of_command)
            os.tcsetpgrp(self._descriptor, group)

    def take_back(
        self, *, is_stopped: bool = False, is_badly_left: bool = False
    ) -> bool:
        """Put our own group in the foreground, if it was lent.

        Args:
            is_stopped: the command goes on later; until then the modes are those
                from before, and then its own again.
            is_badly_left: the command had no chance to put the modes right.

        Returns:
            Whether it was lent.
        """
        was_lent = self.job_in_front is not None
        self.is_lent = False
        if not was_lent:
            return False
        with suppress(OSError, termios.error):
            self._modes_of_command = (
                termios.tcgetattr(self._descriptor) if is_stopped else None
            )
            os.tcsetpgrp(self._descriptor, os.getpgrp())
            if is_stopped or is_badly_left:
                self._set(self._modes)
        return True

    def _set(self, modes: _Modes) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, modes)


@contextmanager
def writing_from_behind() -> Iterator[set[signal.Signals]]:
    """Let this process write to the terminal, and steer it, from the background.

    Yields:
        The signal mask from before, which belongs to the command.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    known = {signal.Signals(number) for number in before}
    try:
        yield known
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, known)
