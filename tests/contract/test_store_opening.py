"""Every database is opened by its URL, says what it is, and is closed."""

import pytest

from core.domain.principal import Principal
from core.errors import ConfigurationError, StoreUnavailable
from core.ports import RequestFilter
from core.store.engine import SqlStore, open_store
from tests.contract.test_store_requests import put
from tests.contract.test_store_transactions import tier_of_bob
from tests.support.builders import BEN, a_decision, a_request
from tests.support.databases import opened, run_sql


async def test_ping_names_what_is_there(store: SqlStore, database_url: str) -> None:
    """For the readiness page: product, version and schema."""
    product = "SQLite 3." if database_url.startswith("sqlite") else "PostgreSQL 1"
    answer = await store.ping()

    assert answer.startswith(product)
    assert answer.endswith(", schema 0004")


async def test_store_of_another_schema_refuses_to_start(database_url: str) -> None:
    """And says which command mends it, or that jitsudo is too old."""
    async with opened(database_url) as store:
        await store.check_schema()
        await run_sql(database_url, "UPDATE alembic_version SET version_num = '0000'")
        with pytest.raises(ConfigurationError, match="jitsudo server migrate"):
            await store.check_schema()
        await run_sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(ConfigurationError, match="newer"):
            await store.check_schema()


async def test_store_without_tables_says_so(empty_postgres_url: str) -> None:
    """Nothing is created by looking."""
    async with opened(empty_postgres_url) as store:
        assert (await store.ping()).endswith(", schema missing")
        with pytest.raises(ConfigurationError, match="jitsudo server migrate"):
            await store.check_schema()
        with pytest.raises(StoreUnavailable, match="jitsudo server migrate"):
            await tier_of_bob(store)


async def test_mistyped_sqlite_path_creates_no_file(empty_sqlite_url: str) -> None:
    """A file that is not there is not there, rather than empty."""
    async with opened(empty_sqlite_url) as store:
        for _ in range(6):
            with pytest.raises(StoreUnavailable, match="jitsudo server migrate"):
                await store.ping()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://root:hunter2@localhost/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file.db?mode=memory",
        "postgresql://u:hunter2@localhost/x?colour=blue",
        "postgresql://u:hunter2@localhost:port/x",
    ],
)
def test_url_that_names_no_usable_database_is_refused(url: str) -> None:
    """Before anything starts, and without repeating a password."""
    with pytest.raises(ConfigurationError) as refused:
        open_store(url)

    assert "hunter2" not in str(refused.value)
    assert refused.value.setting == "JITSUDO_DATABASE_URL"


async def test_closed_store_says_so(store: SqlStore) -> None:
    """Closing twice is fine; using it afterwards is not."""
    await store.close()
    await store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        await tier_of_bob(store)


async def test_people_see_what_they_decided_after_a_restart(
    database_url: str,
) -> None:
    """What one process kept, another finds."""
    request = a_request()
    async with opened(database_url) as first:
        await put(first, request)
        async with first.transaction() as uow:
            await uow.decisions.add(a_decision(request, approver=BEN))
            await uow.commit()
    async with opened(database_url) as second, second.snapshot() as uow:
        ben = Principal(email=BEN, groups=frozenset())
        assert await uow.requests.find(RequestFilter(visible_to=ben)) == [request]
