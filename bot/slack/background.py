"""Work after an answer: supervised, waited for at the end, harmless if it fails."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Final, Self

import structlog

CUT_SECONDS: Final = 1.0
"""How long work that was cancelled may take to undo what it began."""

_log = structlog.get_logger()


class Background:
    """Runs what nobody waits for; entered and left by one and the same task."""

    def __init__(self) -> None:
        """Run nothing yet."""
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what still runs, tell of it, and wait a moment for it."""
        self._is_over = True
        for task in self._running:
            _log.warning("background_work_cut", work=task.get_name())
            task.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Run `work` beside everything else; after the end it is dropped, and told."""
        _ = self._start(work)

    async def finish_within(
        self, work: Coroutine[object, object, None], seconds: float
    ) -> None:
        """Run `work`; return when it is done, or after `seconds` without it."""
        task = self._start(work)
        if task is not None:
            await asyncio.wait({task}, timeout=seconds)

    def _start(
        self, work: Coroutine[object, object, None]
    ) -> asyncio.Task[None] | None:
        name = getattr(work, "__qualname__", type(work).__name__)
        if self._is_over:
            _log.error("background_work_dropped", work=name)
            work.close()
            return None
        task = self._tasks.create_task(_supervised(work), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait until nothing runs, but no longer than `seconds`."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)


async def happens_within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for `event`, but not longer than this; tell whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def _supervised(work: Coroutine[object, object, None]) -> None:
    """Await `work` so that its failure is logged and takes nothing else along."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=CUT_SECONDS)
        raise
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("background_work_failed", exc_info=error)
