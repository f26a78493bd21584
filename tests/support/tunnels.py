"""A proxy before a database, in a thread of its own, for tests without asyncio."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tests.support.demos import eventually
from tests.support.proxies import Fault, Proxy

T = TypeVar("T")


class Tunnel:
    """The way from a server process to its PostgreSQL, which a test may break."""

    def __init__(self, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
        """Work on a proxy that is serving in `loop`."""
        self._proxy = proxy
        self._loop = loop

    @property
    def url(self) -> str:
        """Return the database URL, by way of the tunnel."""
        return self._proxy.url

    @contextmanager
    def closed(self) -> Iterator[None]:
        """End every connection and refuse new ones while the block runs."""
        self._do(self._close)
        try:
            yield
        finally:
            self._do(self._open)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Pass nothing on while the block runs; what was sent is lost."""
        self._do(self._proxy.freeze)
        try:
            yield
        finally:
            self._do(self._proxy.cut)
            self._do(self._proxy.thaw)

    def fail_on(self, word: str, fault: Fault, *, after: str) -> None:
        """Let a connection fail at `word`, once it has carried `after`."""
        self._do(
            lambda: self._proxy.fail_on(word.encode(), fault, after=after.encode())
        )

    def await_strike(self) -> None:
        """Wait until the fault has met its word."""
        eventually(lambda: self._proxy.has_struck, "the connection's fault")

    def cut(self) -> None:
        """End every connection there is now."""
        self._do(self._proxy.cut)

    def _close(self) -> None:
        self._proxy.is_refusing = True
        self._proxy.cut()

    def _open(self) -> None:
        self._proxy.is_refusing = False

    def _do(self, act: Callable[[], T]) -> T:
        async def run() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=10)


@contextmanager
def tunnel_to(database_url: str) -> Iterator[Tunnel]:
    """Run a tunnel to a PostgreSQL server while the block runs."""
    opened: list[Tunnel] = []
    is_open, is_over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with Proxy(database_url).serving() as proxy:
            opened.append(Tunnel(proxy, asyncio.get_running_loop()))
            is_open.set()
            await asyncio.to_thread(is_over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert is_open.wait(timeout=10)
        yield opened[0]
    finally:
        is_over.set()
        thread.join(timeout=20)
