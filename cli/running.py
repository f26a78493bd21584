"""A command as this process's child: its signals, its stops, its end."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Self

from cli.job_control import ControllingTerminal, writing_from_behind

PASSED_ON: Final = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTSTP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)
"""What is sent to us is meant for the command."""

_FATAL: Final = frozenset({signal.SIGTERM, signal.SIGHUP})
"""What a stopped process has to be continued for, to notice."""

_PERSONAL: Final = frozenset({signal.SIGUSR1, signal.SIGUSR2})
"""What means something to one program and is the end of another."""

_WANTS_TERMINAL: Final = frozenset({signal.SIGTTIN, signal.SIGTTOU})

_LOOK_SECONDS: Final = 0.05
"""How often a group that is being ended is looked at; nothing tells of its end."""


class Child:
    """A command in a process group of its own.

    On a terminal it has the foreground, and we are stopped and continued with
    it, as if the shell had started it and not us.

    Attributes:
        is_ending: whether `end` was called before it ended by itself.
        was_interrupted: whether Ctrl-C ended it while it had the terminal.
    """

    def __init__(
        self, *, terminal: ControllingTerminal | None, mask: set[signal.Signals]
    ) -> None:
        """Take the terminal, and the signal mask that the command begins with."""
        self._terminal = terminal
        self._mask = mask
        self._pid = 0
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.is_ending = False
        self.was_interrupted = False

    @classmethod
    @contextmanager
    def prepared(cls) -> Iterator[Self]:
        """Yield a command to start, with signals passed on until the block is left.

        What arrives before the start is passed on after it.
        """
        terminal = ControllingTerminal.open()
        try:
            with writing_from_behind() as mask:
                child = cls(terminal=terminal, mask=mask)
                with child._signals():
                    try:
                        yield child
                    finally:
                        child._give_up()
        finally:
            if terminal is not None:
                terminal.take_back()
                terminal.close()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        wanted = PASSED_ON if self._terminal else (*PASSED_ON, signal.SIGCONT)
        before = {number: signal.getsignal(number) for number in wanted}
        # One that is ignored, as by nohup, stays ignored by the command too.
        caught = [n for n, handler in before.items() if handler is not signal.SIG_IGN]
        for number in caught:
            loop.add_signal_handler(number, self.pass_on, number)
        loop.add_signal_handler(signal.SIGCHLD, self._look)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGCHLD)
            for number in caught:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number] or signal.SIG_DFL)

    @property
    def is_over(self) -> bool:
        """Tell whether the command has ended, by itself or not."""
        return self._code.done()

    def start(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the command; no other thread may be running.

        Raises:
            OSError: it is not there, or cannot be run.
        """
        terminal = self._terminal
        is_in_front = terminal is not None and terminal.wants_to_lend()

        def begin() -> None:
            if terminal is not None and is_in_front:
                terminal.lend(os.getpid())
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

        if terminal is not None:
            terminal.is_lent = is_in_front
        # Open files are inherited, for `<(…)`; our own close themselves.
        process = subprocess.Popen(  # noqa: S603 - the person's own command
            list(words),
            env=dict(environment),
            process_group=0,
            preexec_fn=begin,  # noqa: PLW1509 - there is no thread
            close_fds=False,
        )
        self._pid = process.pid
        process.returncode = 0  # It is ours to wait for.

    async def wait(self) -> int:
        """Return the exit code, 128 and the number if a signal ended it."""
        return await asyncio.shield(self._code)

    def pass_on(self, number: int) -> None:
        """Send a signal to the command, and to its group if that is usual."""
        if not self._pid or self.is_over:
            return
        if number in _PERSONAL:
            os.kill(self._pid, number)
        else:
            self._send(self._pid, number)
        if number in _FATAL:
            self._send(self._pid, signal.SIGCONT)

    async def end(self, *, grace_seconds: float) -> bool:
        """End the command, all of its group, and the job that it has in front.

        On a terminal it hangs up as well: interactive shells ignore TERM, and
        tell their jobs.

        Args:
            grace_seconds: how long it has before it is killed.

        Returns:
            Whether it had to be killed.
        """
        self.is_ending = True
        terminal = self._terminal
        in_front = terminal and terminal.job_in_front
        groups = {self._pid, in_front or self._pid}
        for group in groups:
            self._send(group, signal.SIGTERM)
            if in_front is not None:
                self._send(group, signal.SIGHUP)
            self._send(group, signal.SIGCONT)
        loop = asyncio.get_running_loop()
        ends = loop.time() + grace_seconds
        while loop.time() < ends:
            if self.is_over and not any(map(_is_there, groups)):
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        for group in groups:
            self._send(group, signal.SIGKILL)
        await self.wait()
        return True

    def _give_up(self) -> None:
        """Let a command that is still there not outlive an error of ours."""
        if not self.is_over:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCONT):
                self._send(self._pid, number)

    def _send(self, group: int, number: int) -> None:
        if self._pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)

    def _look(self) -> None:
        """See whether the command has stopped or ended."""
        while self._pid and not self.is_over:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self._stopped(signal.Signals(os.WSTOPSIG(status)))
            else:
                self._ended(os.waitstatus_to_exitcode(status))

    def _ended(self, code: int) -> None:
        is_badly_left = code < 0 or self.is_ending
        if self._terminal is not None:
            was_lent = self._terminal.take_back(is_badly_left=is_badly_left)
            self.was_interrupted = was_lent and code == -signal.SIGINT
        self._code.set_result(code if code >= 0 else 128 - code)

    def _stopped(self, number: signal.Signals) -> None:
        """Stop with the command, so that the shell shows its prompt; go on with it."""
        terminal = self._terminal
        if self.is_ending:
            self._send(self._pid, signal.SIGCONT)
        elif terminal is not None:
            wants_it = number in _WANTS_TERMINAL
            if not (wants_it and terminal.is_ours):
                was_lent = terminal.take_back(is_stopped=True)
                wants_it = wants_it or was_lent
                _stop_our_group(number)
            if wants_it and terminal.is_ours:
                terminal.lend(_group_of(self._pid))
            self._send(self._pid, signal.SIGCONT)


def _stop_our_group(number: signal.Signals) -> None:
    """Stop like a process that the terminal stops; return when continued.

    The group may have more in it than us, such as a script. Where nobody could
    continue it, the system leaves it running.
    """
    if number is signal.SIGSTOP:
        number = signal.SIGTSTP
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    before = signal.signal(number, signal.SIG_DFL)
    os.killpg(os.getpgrp(), number)
    signal.signal(number, before)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _group_of(pid: int) -> int:
    """Return the group that a process is in; it may have made a new one."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return pid


def _is_there(group: int) -> bool:
    """Tell whether a group has a process that we could end."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
