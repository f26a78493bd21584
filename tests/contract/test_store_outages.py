"""PostgreSQL gone before a COMMIT, during it, and back again."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from types import ModuleType

import pytest

from core.clock import Deadline
from core.errors import DeadlineExceeded, OutcomeUnknown, StoreUnavailable
from core.ports import PrincipalRow
from core.store.engine import SqlStore
from core.store.migrate import migrate
from tests.support.builders import BOB
from tests.support.databases import opened, run_apart
from tests.support.postgres import PostgresServer
from tests.support.proxies import Fault, Proxy


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[Proxy]:
    """Yield a proxy before a migrated database."""
    async with Proxy(postgres_url).serving() as serving:
        yield serving


@pytest.fixture
async def remote(proxy: Proxy) -> AsyncIterator[SqlStore]:
    """Yield a store that reaches its database by way of the proxy."""
    async with opened(proxy.url) as store:
        await store.ping()
        yield store


@pytest.fixture
def own_server(own_postgres_wheel: ModuleType) -> Iterator[PostgresServer]:
    """Yield a server that a test may stop."""
    server = PostgresServer(own_postgres_wheel)
    server.start()
    run_apart(migrate(server.url))
    yield server
    server.remove()


async def put(store: SqlStore, tier: int, deadline: Deadline | None = None) -> None:
    """Keep bob's tier."""
    async with store.transaction(deadline) as uow:
        await uow.principals.put(PrincipalRow(email=BOB, trust_tier=tier))
        await uow.commit()


async def tier(store: SqlStore) -> int:
    """Return bob's tier."""
    async with store.snapshot() as uow:
        return (await uow.principals.get(BOB)).trust_tier


async def test_connection_lost_before_commit_keeps_nothing(
    proxy: Proxy, remote: SqlStore
) -> None:
    """The error says that nothing was decided, and the next one works."""
    async with remote.transaction() as uow:
        await uow.principals.put(PrincipalRow(email=BOB, trust_tier=1))
        proxy.cut()
        with pytest.raises(StoreUnavailable, match="nothing was decided"):
            await uow.principals.get(BOB)
        with pytest.raises(StoreUnavailable):
            await uow.commit()

    assert await tier(remote) == 0


@pytest.mark.parametrize(
    ("fault", "kept"), [(Fault.LOSE_IT, 0), (Fault.LOSE_ANSWER, 1)]
)
async def test_connection_lost_during_commit_is_an_unknown_outcome(
    proxy: Proxy, remote: SqlStore, fault: Fault, kept: int
) -> None:
    """Whether or not it was kept, nobody claims to know; asking again tells."""
    proxy.fail_on(b"COMMIT", fault)

    with pytest.raises(OutcomeUnknown):
        await put(remote, 1)

    assert await tier(remote) == kept


async def test_dead_connections_in_the_pool_are_replaced_unseen(
    proxy: Proxy, remote: SqlStore
) -> None:
    """After the network was cut, the next transactions simply work."""
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(put(remote, 1))
    proxy.cut()

    for number in range(5):
        await put(remote, number)
    assert await tier(remote) == 4


async def test_silent_connections_in_the_pool_are_replaced_in_time(
    proxy: Proxy, remote: SqlStore
) -> None:
    """A firewall that forgot the connections costs half of a deadline."""
    await put(remote, 1)
    proxy.go_silent()

    await put(remote, 2, Deadline(seconds=1))

    assert await tier(remote) == 2


async def test_silent_database_costs_no_more_than_the_deadline(
    proxy: Proxy, remote: SqlStore
) -> None:
    """Nothing is decided, and it is said in time for Slack."""
    proxy.freeze()
    begun = time.monotonic()

    with pytest.raises((DeadlineExceeded, StoreUnavailable)):
        await put(remote, 1, Deadline(seconds=0.4))

    assert time.monotonic() - begun < 1.5
    proxy.thaw()
    assert await tier(remote) == 0


async def test_slow_statement_ends_with_the_deadline(remote: SqlStore) -> None:
    """The database is told to stop, too: its lock is free afterwards."""
    deadline = Deadline(seconds=0.4)
    async with remote.transaction() as holding:
        await holding.audit.head()
        await put(remote, 1)
        begun = time.monotonic()
        async with remote.transaction() as other:
            await other.principals.put(PrincipalRow(email=BOB, trust_tier=2))
            with pytest.raises(DeadlineExceeded):
                await put(remote, 3, deadline)
    assert time.monotonic() - begun < 1.5
    await put(remote, 4)
    assert await tier(remote) == 4


async def test_refused_connections_are_unavailable_until_they_work(
    proxy: Proxy, remote: SqlStore
) -> None:
    """The texts name neither address nor password; then it works again."""
    proxy.is_refusing = True
    proxy.cut()
    for _ in range(12):
        with pytest.raises(StoreUnavailable) as refused:
            await put(remote, 1)
        assert "127.0.0.1" not in str(refused.value)
    proxy.is_refusing = False

    await put(remote, 2)
    assert await tier(remote) == 2


async def test_restarted_server_is_used_again_at_once(
    own_server: PostgresServer,
) -> None:
    """While it is down: unavailable. After it is up: as if nothing had been."""
    async with opened(own_server.url) as store:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(put(store, 1))

        await asyncio.to_thread(own_server.stop)
        with pytest.raises(StoreUnavailable):
            await put(store, 2)
        await asyncio.to_thread(own_server.start)

        for _ in range(4):
            await put(store, 3)
        assert await tier(store) == 3


async def test_server_that_stops_during_a_transaction_keeps_nothing(
    own_server: PostgresServer,
) -> None:
    """Its COMMIT is refused or unknown, and what was not committed is not there."""
    async with opened(own_server.url) as store:
        async with store.transaction() as uow:
            await uow.principals.put(PrincipalRow(email=BOB, trust_tier=1))
            await asyncio.to_thread(own_server.stop)
            with pytest.raises((StoreUnavailable, OutcomeUnknown)):
                await uow.commit()
        await asyncio.to_thread(own_server.start)

        assert await tier(store) == 0


async def test_missing_database_is_told_from_a_missing_server(proxy: Proxy) -> None:
    """It is a thing that an operator mends."""
    missing = proxy.url.rpartition("/")[0] + "/nowhere?ssl=disable"
    async with opened(missing) as store:
        with pytest.raises(StoreUnavailable, match="no such database"):
            await store.ping()
