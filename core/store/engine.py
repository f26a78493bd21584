"""The store: which database a URL names, and its transactions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from typing_extensions import override

from core.clock import Deadline
from core.errors import ConfigurationError, StoreUnavailable
from core.ports import Store, UnitOfWork
from core.store.link import Database
from core.store.schema import REVISION
from core.store.statements import Statement
from core.store.unit_of_work import SqlUnitOfWork

SETTING: Final = "JITSUDO_DATABASE_URL"

_POSTGRES: Final = frozenset({"postgresql+asyncpg", "postgresql", "postgres"})
_SQLITE: Final = frozenset({"sqlite+aiosqlite", "sqlite"})

_REVISION: Final = Statement(sa.text("SELECT version_num FROM alembic_version"))


class SqlStore(Store):
    """`core.ports.Store` over one database; connects when it is first used."""

    def __init__(self, database: Database) -> None:
        """Keep the database; `close` closes it."""
        self._database: Final = database

    @override
    @asynccontextmanager
    async def transaction(
        self, deadline: Deadline | None = None
    ) -> AsyncIterator[UnitOfWork]:
        async with self._database.link(writes=True, deadline=deadline) as link:
            yield SqlUnitOfWork(link)

    @override
    @asynccontextmanager
    async def snapshot(
        self, deadline: Deadline | None = None
    ) -> AsyncIterator[UnitOfWork]:
        async with self._database.link(writes=False, deadline=deadline) as link:
            yield SqlUnitOfWork(link)

    @override
    async def ping(self) -> str:
        version = await self._database.version()
        return f"{version}, schema {await self._revision() or 'missing'}"

    @override
    async def close(self) -> None:
        await self._database.close()

    async def check_schema(self) -> None:
        """Check that the database has the tables that this version needs.

        Raises:
            ConfigurationError: it has older, newer or none.
            StoreUnavailable: the database does not answer.
        """
        await self._database.version()
        found = await self._revision()
        if found == REVISION:
            return
        if found is not None and found > REVISION:
            raise ConfigurationError(
                setting=SETTING,
                why=f"the database has schema {found}, newer than this version's "
                f"{REVISION}; install the version of jitsudo that made it",
            )
        raise ConfigurationError(
            setting=SETTING,
            why=f"the database has {f'schema {found}' if found else 'no schema'}, "
            f"this version needs {REVISION}; run `jitsudo server migrate`",
        )

    async def _revision(self) -> str | None:
        try:
            async with self._database.link(writes=False, deadline=None) as link:
                row = await link.row(_REVISION)
        except StoreUnavailable:
            # The database answered just before, so it is the table that is not
            # there: nobody has migrated yet.
            await self._database.version()
            return None
        return None if row is None else str(row["version_num"])


def open_store(url: str, *, pool_size: int = 10) -> SqlStore:
    """Return the store of a database URL; it connects when it is first used.

    Args:
        url: `postgresql+asyncpg://…` or `sqlite+aiosqlite:///…`; the driver may be
            left out.
        pool_size: most connections to PostgreSQL.

    Raises:
        ConfigurationError: the URL names no database that jitsudo can use.
    """
    parsed = parse_url(url)
    # Each driver takes a while to import, and only one is needed.
    if parsed.drivername in _POSTGRES:
        from core.store.postgres import PostgresDatabase  # noqa: PLC0415 - see above

        return SqlStore(PostgresDatabase(parsed, pool_size=pool_size))
    from core.store.sqlite import SqliteDatabase  # noqa: PLC0415 - see above

    return SqlStore(SqliteDatabase(sqlite_path(parsed), pool_size=pool_size))


def parse_url(url: str) -> sa.URL:
    """Return a database URL in parts, with the driver that jitsudo uses.

    Raises:
        ConfigurationError: it is no URL, or of another kind of database; never
            repeats it, since it may hold a password.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ConfigurationError(setting=SETTING, why=_EXPECTED) from error
    if parsed.drivername in _POSTGRES:
        return parsed.set(drivername="postgresql+asyncpg")
    if parsed.drivername in _SQLITE:
        return parsed.set(drivername="sqlite+aiosqlite")
    raise ConfigurationError(setting=SETTING, why=_EXPECTED)


def sqlite_path(url: sa.URL) -> Path:
    """Return the file that a SQLite URL names.

    Raises:
        ConfigurationError: it names none, or has parameters.
    """
    name = url.database
    if not name or name == ":memory:" or name.startswith("file:") or url.query:
        raise ConfigurationError(setting=SETTING, why=_EXPECTED)
    return Path(name)


_EXPECTED: Final = (
    "expected postgresql+asyncpg://user:password@host/name or "
    "sqlite+aiosqlite:///path/to/file.db"
)
