"""Brings a database to the schema this version needs."""

import asyncio
import os
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core.errors import ConfigurationError, StoreUnavailable
from core.store.engine import SETTING, parse_url, sqlite_path
from core.store.schema import REVISION

LOCK: Final = 7_311_846_201
"""Names the advisory lock: two migrations of one database wait for each other."""

PATIENCE: Final = "60s"
"""How long a migration waits for a lock before it gives up."""

_WAL_TRIES: Final = 600
_WAL_PAUSE_SECONDS: Final = 0.1


async def migrate(url: str) -> str:
    """Create or upgrade the tables in one transaction, and return the revision.

    Migrating twice, or two at once, does nothing the second time.

    Raises:
        ConfigurationError: the URL names no database that jitsudo can use, or
            the directory of a SQLite file is missing.
        StoreUnavailable: the database does not answer, or refused; nothing was
            changed.
    """
    parsed = parse_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        _create_file(sqlite_path(parsed))
        engine = create_async_engine(
            parsed, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
    else:
        engine = create_async_engine(parsed, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            if is_sqlite:
                await _upgrade_sqlite(connection)
            else:
                await _upgrade_postgres(connection)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(why=_why(error)) from error
    finally:
        await engine.dispose()
    return REVISION


def config(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's settings; there is no file of them.

    Args:
        connection: where to migrate, with its transaction open.
    """
    settings = Config()
    settings.set_main_option("script_location", "core.store:migrations")
    settings.attributes["connection"] = connection
    return settings


async def _upgrade_postgres(connection: AsyncConnection) -> None:
    await connection.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
    await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    await connection.run_sync(_upgrade)
    await connection.commit()


async def _upgrade_sqlite(connection: AsyncConnection) -> None:
    await connection.exec_driver_sql("PRAGMA busy_timeout=60000")
    await _write_ahead(connection)
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        await connection.run_sync(_upgrade)
    except BaseException:
        await connection.exec_driver_sql("ROLLBACK")
        raise
    await connection.exec_driver_sql("COMMIT")


async def _write_ahead(connection: AsyncConnection) -> None:
    """Turn on the write-ahead log, which stays with the file.

    It cannot be done inside a transaction, and SQLite does not wait for a lock
    here, whatever `busy_timeout` says: of two at once one is told to try again.
    """
    for _ in range(_WAL_TRIES):
        try:
            await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except sa.exc.OperationalError:
            await asyncio.sleep(_WAL_PAUSE_SECONDS)
        else:
            return
    await connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _upgrade(connection: sa.Connection) -> None:
    command.upgrade(config(connection), REVISION)


def _create_file(path: Path) -> None:
    """Create an empty file that only its owner can read, if there is none."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigurationError(
            setting=SETTING,
            why=f"{path} cannot be written ({error.strerror}); create its directory",
        ) from error


def _why(error: Exception) -> str:
    cause = getattr(error, "orig", error)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return f"migrating failed with error {state}"
    name = getattr(cause, "sqlite_errorname", None)
    return f"migrating failed with error {name}" if name else "cannot connect"
