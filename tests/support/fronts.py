"""A front before a real server that loses answers after the work is done."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto
from urllib.parse import urlsplit


class Fate(Enum):
    """What becomes of one call."""

    PASS = auto()
    """It is passed on, and so is its answer."""
    LOSE = auto()
    """It is passed on and done; the connection ends without the answer."""
    BUSY = auto()
    """It is not passed on; the answer is that the database is away."""
    LOSE_AND_LEAVE = auto()
    """As LOSE, and nobody listens from then on."""


_BUSY = (
    b'{"code": 14, "error": "store_unavailable", "message": "away", '
    b'"details": [{"why": "away"}]}'
)


class Front:
    """Takes calls for a server, each to its fate; the last one stays."""

    def __init__(self, server: str, fates: Sequence[Fate]) -> None:
        """Stand before `server`, an http address."""
        self._host = urlsplit(server).hostname or ""
        self._port = urlsplit(server).port or 80
        self._fates = list(fates)
        self.calls = 0
        self.leave: Callable[[], None] = lambda: None

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take one call."""
        fate = self._fates.pop(0) if len(self._fates) > 1 else self._fates[0]
        self.calls += 1
        try:
            call = await _whole_call(reader)
            if fate is Fate.BUSY:
                head = f"HTTP/1.1 503 Busy\r\nContent-Length: {len(_BUSY)}\r\n\r\n"
                writer.write(head.encode() + _BUSY)
            else:
                answer = await self._ask(call)
                if fate is Fate.PASS:
                    writer.write(answer)
                if fate is Fate.LOSE_AND_LEAVE:
                    self.leave()
            await writer.drain()
        finally:
            writer.close()

    async def _ask(self, call: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(call)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


async def _whole_call(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.decode().lower().split("\r\n"):
        if line.startswith("content-length:"):
            return head + await reader.readexactly(int(line.partition(":")[2]))
    return head


@asynccontextmanager
async def front_of(server: str, *fates: Fate) -> AsyncIterator[tuple[str, Front]]:
    """Run a front before a server; yields its address and itself."""
    front = Front(server, fates)
    listener = await asyncio.start_server(front.serve, "127.0.0.1", 0)
    front.leave = listener.close
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", front
