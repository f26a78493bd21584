"""Migrations make exactly the schema that the code uses, once, on both databases."""

import asyncio
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from core.errors import ConfigurationError, StoreUnavailable
from core.store.migrate import config, migrate
from core.store.schema import REVISION, metadata
from tests.support.databases import opened, run_apart, run_sql


async def inspected(url: str, *, create: bool = False) -> tuple[Any, Any]:
    """Return what a database holds, and how Alembic says it differs.

    Args:
        url: the database to look at.
        create: make the tables from the code's own metadata first.
    """
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            if create:
                await connection.run_sync(metadata.create_all)
            return await connection.run_sync(_look)
    finally:
        await engine.dispose()


def _look(connection: sa.Connection) -> tuple[Any, Any]:
    looking = sa.inspect(connection)
    found = {
        table: {
            "columns": [_plain(column) for column in looking.get_columns(table)],
            "key": looking.get_pk_constraint(table),
            "foreign": _by_name(looking.get_foreign_keys(table)),
            "unique": _by_name(looking.get_unique_constraints(table)),
            "checks": _by_name(looking.get_check_constraints(table)),
            "indexes": _by_name(looking.get_indexes(table)),
        }
        for table in looking.get_table_names()
        if table != "alembic_version"
    }
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return found, compare_metadata(context, metadata)


def _plain(column: Any) -> Any:
    kind = column["type"]
    return {**column, "type": (repr(kind), getattr(kind, "collation", None))}


def _by_name(found: Any) -> Any:
    return sorted(
        ({key: _text(value) for key, value in each.items()} for each in found),
        key=lambda each: each["name"],
    )


def _text(value: Any) -> str:
    # A condition of a partial index comes as an object within a mapping.
    if isinstance(value, dict):
        return str({key: str(member) for key, member in value.items()})
    return str(value)


@pytest.fixture
def beside_url(empty_database_url: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a second empty database of the same kind."""
    if empty_database_url.startswith("sqlite"):
        return empty_database_url.replace("empty.db", "beside.db")
    url: str = request.getfixturevalue("postgres_url")
    tables = ", ".join(metadata.tables)
    run_apart(run_sql(url, f"DROP TABLE {tables} CASCADE"))
    return url


async def test_migrations_make_exactly_the_codes_schema(
    empty_database_url: str, beside_url: str
) -> None:
    """Columns, keys, constraints by name and text, and partial indexes."""
    await migrate(empty_database_url)
    migrated, differences = await inspected(empty_database_url)

    created, _ = await inspected(beside_url, create=True)

    assert differences == []
    assert migrated == created
    assert set(migrated) == set(metadata.tables)


async def test_newest_revision_is_the_one_that_the_code_needs() -> None:
    """A migration that nobody noted in `REVISION` would never be asked for."""
    assert ScriptDirectory.from_config(config()).get_heads() == [REVISION]


async def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    """The second time, and both of two at once, answer with the revision."""
    async with asyncio.TaskGroup() as group:
        first = group.create_task(migrate(empty_database_url))
        second = group.create_task(migrate(empty_database_url))
    before = await inspected(empty_database_url)

    assert first.result() == second.result() == REVISION
    assert await migrate(empty_database_url) == REVISION
    assert await inspected(empty_database_url) == before
    async with opened(empty_database_url) as store:
        await store.check_schema()


async def test_a_new_file_that_somebody_else_is_locking_is_waited_for(
    empty_sqlite_url: str,
) -> None:
    """SQLite itself does not wait when the write-ahead log is turned on."""
    path = empty_sqlite_url.removeprefix("sqlite+aiosqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        migrating = asyncio.ensure_future(migrate(empty_sqlite_url))
        done, _ = await asyncio.wait({migrating}, timeout=0.5)
        other.execute("COMMIT")

    assert done == set()
    assert await migrating == REVISION


def test_terminal_can_migrate_without_an_event_loop(empty_sqlite_url: str) -> None:
    """`jitsudo server migrate` starts one of its own."""
    assert run_apart(migrate(empty_sqlite_url)) == REVISION


def test_sqlite_file_is_its_owners_alone(empty_sqlite_url: str) -> None:
    """It holds ciphertext and reasons; the log beside it has the same mode."""
    run_apart(migrate(empty_sqlite_url))
    path = Path(empty_sqlite_url.removeprefix("sqlite+aiosqlite:///"))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run_apart(run_sql(empty_sqlite_url, "PRAGMA journal_mode")) == [("wal",)]


async def test_failed_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    """A table in the way: told, and no half of a schema."""
    await run_sql(empty_database_url, "CREATE TABLE grants (id INTEGER)")

    with pytest.raises(StoreUnavailable, match="migrating failed"):
        await migrate(empty_database_url)

    found, _ = await inspected(empty_database_url)
    assert set(found) == {"grants"}


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:////nowhere/at/all/x.db"])
async def test_missing_directory_is_named(url: str) -> None:
    """Which one to create, before any database is asked."""
    with pytest.raises(ConfigurationError, match="/nowhere/at/all"):
        await migrate(url)


async def test_unreachable_server_is_unavailable_without_its_password() -> None:
    """Neither host nor password in the text."""
    with pytest.raises(StoreUnavailable) as refused:
        await migrate("postgresql+asyncpg://u:hunter2@127.0.0.1:1/x")

    assert not re.search("hunter2|127", str(refused.value))
