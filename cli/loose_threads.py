"""Threads that nobody waits for when the process ends."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import ParamSpec, TypeVar

from typing_extensions import override

P = ParamSpec("P")
T = TypeVar("T")


class LooseThreads(ThreadPoolExecutor):
    """Runs each call in a thread of its own, which the process does not wait for.

    A call to a server may hang in the look-up of a name or in connecting, where
    nothing can interrupt it. When the elevated command has ended, so must we.
    """

    def __init__(self) -> None:
        """Begin without a thread."""
        super().__init__(max_workers=1)
        self._running: list[Thread] = []

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Start a call; its result comes by the future."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
                future.set_exception(error)
            else:
                future.set_result(result)

        thread = Thread(target=run, daemon=True)
        self._running = [other for other in self._running if other.is_alive()]
        self._running.append(thread)
        thread.start()
        return future

    def settle(self) -> None:
        """Wait for the threads there are: a process forks best without any."""
        for thread in self._running:
            thread.join()
        self._running.clear()

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nothing, whatever is asked."""
