"""A TCP proxy before a database that loses connections when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Final

import sqlalchemy as sa


class Fault(Enum):
    """What happens to the bytes that carry a certain word."""

    LOSE_IT = auto()
    """The connection ends before the database sees the word."""
    LOSE_ANSWER = auto()
    """The database sees it; the connection ends before its answer arrives."""
    HOLD_IT = auto()
    """The database never sees it; the connection stays, and stays silent."""


class Proxy:
    """Passes bytes between clients on loopback and one PostgreSQL server."""

    def __init__(self, database_url: str) -> None:
        """Stand before the server of a database URL."""
        self._url: Final = sa.make_url(database_url)
        self._clients: Final[set[asyncio.StreamWriter]] = set()
        self._silent: Final[set[asyncio.StreamWriter]] = set()
        self._flowing: Final = asyncio.Event()
        self._flowing.set()
        self._port = 0
        self._fault: tuple[bytes, Fault] | None = None
        self._after = b""
        self._marked: Final[set[asyncio.StreamWriter]] = set()
        self.is_refusing = False
        self.connections = 0

    @property
    def url(self) -> str:
        """Return the database URL, by way of the proxy."""
        through = self._url.set(host="127.0.0.1", port=self._port, query={})
        through = through.update_query_dict({"ssl": "disable"})
        return through.render_as_string(hide_password=False)

    def cut(self) -> None:
        """End every connection there is now."""
        for client in list(self._clients):
            client.transport.abort()

    def freeze(self) -> None:
        """Pass nothing on, and say nothing of it, as a firewall does."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on again."""
        self._flowing.set()

    def go_silent(self) -> None:
        """Pass nothing on for the connections of now; new ones work."""
        self._silent.update(self._clients)

    def fail_on(self, word: bytes, fault: Fault, *, after: bytes = b"") -> None:
        """Lose the connection that next carries `word` to the database.

        Args:
            after: only a connection that has carried this before is struck, so
                that a test can name the transaction it means.
        """
        self._fault = (word, fault)
        self._after = after
        self._marked.clear()

    @property
    def has_struck(self) -> bool:
        """Tell whether the fault has met its word."""
        return self._fault is None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Proxy"]:
        """Listen on a free port of 127.0.0.1 while the context is open."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.thaw()
            self.cut()
            await server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        if self.is_refusing:
            writer.transport.abort()
            return
        back, forth = await self._connect()
        self._clients.add(writer)
        losing = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._send(reader, forth, writer, losing))
                both.create_task(self._answer(back, writer, losing))
        except* OSError:
            # One side hung up; that is what this proxy is for.
            writer.transport.abort()
        finally:
            self._clients.discard(writer)
            self._silent.discard(writer)
            self._marked.discard(writer)
            forth.transport.abort()
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        directory = self._url.query.get("host")
        if isinstance(directory, str) and directory.startswith("/"):
            return await asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432")
        return await asyncio.open_connection(
            self._url.host or "127.0.0.1", self._url.port or 5432
        )

    async def _send(
        self,
        reader: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        losing: asyncio.Event,
    ) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            if writer in self._silent:
                continue
            fault = self._strike(data, writer)
            if fault is Fault.LOSE_IT:
                break
            if fault is Fault.HOLD_IT:
                self._silent.add(writer)
                continue
            if fault is Fault.LOSE_ANSWER:
                losing.set()
            forth.write(data)
            await forth.drain()
        writer.transport.abort()
        raise ConnectionResetError

    def _strike(self, data: bytes, writer: asyncio.StreamWriter) -> Fault | None:
        """Return the fault that these bytes meet, and use it up."""
        if self._fault is None:
            return None
        if self._after in data:
            self._marked.add(writer)
        word, fault = self._fault
        if word not in data or writer not in self._marked:
            return None
        self._fault = None
        return fault

    async def _answer(
        self,
        back: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        losing: asyncio.Event,
    ) -> None:
        while data := await back.read(65536):
            await self._flowing.wait()
            if losing.is_set():
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
