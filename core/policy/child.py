"""The parent's end of the evaluating child process: questions out, answers in."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, cast

from typing_extensions import override

import core
from core.errors import ConfigurationError, PolicyUnavailable

PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from core.policy.evaluator import main; main()"
)
"""Isolated (-I), Python finds neither the working directory nor what we import."""

MOST_PENDING_BYTES: Final = 1024 * 1024
"""An unfinished line of this length is no answer of ours."""


class Unreached(Exception):
    """The child was gone before it turned to this order; another may be asked."""


class EvaluatorProcess(asyncio.SubprocessProtocol):
    """One child process: it answers in order, and dies if it takes too long.

    The budget of a question runs from when the child turns to it, so that an
    impatient caller, or a long queue, ends no healthy child. When it is over, the
    child is killed and every question it still had gets an error.
    """

    def __init__(self) -> None:
        """Use `start`."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._waiting: dict[int, tuple[asyncio.Future[Any], float]] = {}
        self._received = bytearray()
        self._next_id = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._why_ended = ""
        self._is_retired = False
        self._gone = self._loop.create_future()

    @classmethod
    async def start(cls) -> Self:
        """Start a child with an empty environment.

        Raises:
            ConfigurationError: the operating system does not start it.
        """
        try:
            _, process = await asyncio.get_running_loop().subprocess_exec(
                cls,
                sys.executable,
                *("-I", "-c", PROGRAM, str(Path(core.__file__).parents[1])),
                env={},
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigurationError(
                setting="policy", why=f"the evaluator cannot be started: {error}"
            ) from error
        return process

    @property
    def is_alive(self) -> bool:
        """Tell whether it takes questions."""
        return not (self._why_ended or self._is_retired)

    @property
    def is_gone(self) -> bool:
        """Tell whether the process has ended and nothing of it is left."""
        return self._gone.done()

    async def ask(self, order: Mapping[str, object], *, seconds: float) -> Any:
        """Return the answer to one order.

        Args:
            seconds: how long the child may take once it turns to this order.

        Raises:
            PolicyUnavailable: the child died, or was killed, over this order.
            Unreached: it was over an order before this one.
        """
        if self._stdin is None or not self.is_alive:
            raise Unreached
        self._next_id += 1
        order_id = self._next_id
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting[order_id] = (future, seconds)
        # The child's own alarm is the later one, for when this process is gone.
        message = {"id": order_id, "seconds": seconds * 2, **order}
        self._stdin.write(json.dumps(message).encode() + b"\n")
        if self._alarm is None:
            self._watch_first()
        return await future

    def kill(self, why: str) -> None:
        """End the child now; whatever it still had gets `why`."""
        self._fail(why)
        if self._transport is not None and self._transport.get_returncode() is None:
            self._transport.kill()

    def retire(self) -> None:
        """Let the child finish what it was asked, and then end by itself."""
        self._is_retired = True
        if self._stdin is not None:
            self._stdin.close()

    async def close(self) -> None:
        """End the child and wait until it is gone."""
        self.kill("the policy engine was closed")
        await asyncio.shield(self._gone)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the pipes."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        stdin = self._transport.get_pipe_transport(0)
        self._stdin = cast("asyncio.WriteTransport | None", stdin)

    @override
    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Hand every whole line to whoever waits for it."""
        self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = rest
        for line in lines:
            self._answer(bytes(line))
        if len(self._received) > MOST_PENDING_BYTES:
            self.kill("the policy's answer is too long")

    @override
    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Give up: a child without its pipes answers nothing."""
        if not self._is_retired:
            self._fail("the policy ended its process")

    @override
    def process_exited(self) -> None:
        """Give up; answers that were given already still come by the pipe."""
        if not self._waiting:
            self._fail("the policy ended its process")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Give up, and let `close` go on: process and pipes are gone."""
        self._fail("the policy ended its process")
        if self._transport is not None:
            self._transport.close()
        if not self._gone.done():
            self._gone.set_result(None)

    def _answer(self, line: bytes) -> None:
        try:
            reply = json.loads(line)
            future, _ = self._waiting.pop(reply.pop("id"))
        except (ValueError, AttributeError, KeyError, TypeError):
            self.kill("the evaluator answered with something else")
            return
        if not future.done():
            future.set_result(reply)
        self._watch_first()

    def _watch_first(self) -> None:
        """Give the oldest question its whole budget, from now."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for _, seconds in self._waiting.values():
            why = f"the policy took longer than {seconds:g} s"
            self._alarm = self._loop.call_later(seconds, self.kill, why)
            break

    def _fail(self, why: str) -> None:
        if self._why_ended:
            return
        self._why_ended = why
        if self._alarm is not None:
            self._alarm.cancel()
        error: Exception = PolicyUnavailable(why=why)
        for future, _ in self._waiting.values():
            if not future.done():
                future.set_exception(error)
            error = Unreached()
        self._waiting.clear()
