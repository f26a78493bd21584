"""The database itself refuses to change the audit chain, after every migration."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from core.domain.audit import GENESIS
from core.store.engine import SqlStore
from core.store.migrate import migrate
from tests.contract.test_store_audit import a_fact, append, verify
from tests.support.databases import opened, run_sql

REFUSED = (asyncpg.IntegrityConstraintViolationError, sqlite3.IntegrityError)

COLUMNS = (
    "seq, prev_hash, hash, record, occurred_at, actor, action, outcome, request_id"
)
FORGED = (
    f"INSERT INTO audit_events ({COLUMNS}) VALUES "  # noqa: S608 - a test's attack
    "({seq}, '{prev}', 'f', '{{}}', '', 'eve', 'x', 'success', '')"
)

MERGE = "MERGE INTO audit_events USING (SELECT 2 AS n) s ON seq = n WHEN MATCHED THEN"

ON_BOTH = [
    "UPDATE audit_events SET actor = 'eve' WHERE seq = 2",
    "UPDATE audit_events SET seq = 9 WHERE seq = 2",
    "UPDATE audit_events SET record = record WHERE false OR seq = 1",
    "DELETE FROM audit_events WHERE seq = 2",
    "DELETE FROM audit_events",
    "UPDATE audit_head SET seq = 1",
    "UPDATE audit_head SET hash = 'f'",
    "UPDATE audit_head SET id = 2, seq = seq + 1",
    "DELETE FROM audit_head",
    "INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, 'f')",
    FORGED.format(seq=4, prev="f" * 64),
    FORGED.format(seq=5, prev="f" * 64),
    FORGED.format(seq=0, prev=GENESIS),
    FORGED.format(seq=1, prev=GENESIS),
    FORGED.format(seq=-1, prev=GENESIS),
]

ON_SQLITE = [
    FORGED.format(seq=2, prev=GENESIS).replace("INSERT", "INSERT OR REPLACE", 1),
    FORGED.format(seq=3, prev=GENESIS).replace("INSERT", "REPLACE", 1),
    "UPDATE OR REPLACE audit_events SET seq = 1 WHERE seq = 2",
    "INSERT OR REPLACE INTO audit_head (id, seq, hash) VALUES (1, 0, 'f')",
    "PRAGMA recursive_triggers=OFF; "
    + FORGED.format(seq=3, prev=GENESIS).replace("INSERT", "REPLACE", 1),
]

ON_POSTGRESQL = [
    "TRUNCATE audit_events",
    "TRUNCATE audit_events, audit_head CASCADE",
    "TRUNCATE audit_head",
    FORGED.format(seq=2, prev=GENESIS) + " ON CONFLICT (seq) DO UPDATE SET actor = 'e'",
    "SET session_replication_role = replica; DELETE FROM audit_events",
    f"{MERGE} DELETE",
    f"{MERGE} UPDATE SET actor = 'eve'",
]


async def attack(url: str, statement: str) -> None:
    """Run an attack, part by part; the database has to refuse."""
    before = await run_sql(url, "SELECT * FROM audit_events ORDER BY seq")
    with pytest.raises(REFUSED):
        await run_sql(url, *statement.split("; "))
    assert await run_sql(url, "SELECT * FROM audit_events ORDER BY seq") == before


@asynccontextmanager
async def three_events(url: str) -> AsyncIterator[SqlStore]:
    """Open a store whose chain has three events."""
    async with opened(url) as store:
        await append(store, a_fact(), a_fact(), a_fact())
        yield store


@pytest.mark.parametrize("statement", ON_BOTH)
async def test_chain_refuses_what_is_no_append(
    database_url: str, statement: str
) -> None:
    """Neither a change nor a deletion nor a forged event, and it goes on after."""
    async with three_events(database_url) as store:
        await attack(database_url, statement)

        assert (await append(store, a_fact()))[0].seq == 4
        assert (await verify(store)).events == 4


@pytest.mark.parametrize("statement", ON_SQLITE)
async def test_sqlite_refuses_its_own_ways_round(
    sqlite_url: str, statement: str
) -> None:
    """REPLACE deletes without a DELETE trigger; the INSERT trigger sees it."""
    async with three_events(sqlite_url) as store:
        await attack(sqlite_url, statement)

        assert (await verify(store)).events == 3


@pytest.mark.parametrize("statement", ON_POSTGRESQL)
async def test_postgresql_refuses_its_own_ways_round(
    postgres_url: str, statement: str
) -> None:
    """TRUNCATE, MERGE, ON CONFLICT, and a session that skips triggers."""
    async with three_events(postgres_url) as store:
        await attack(postgres_url, statement)

        assert (await verify(store)).events == 3


async def test_triggers_stand_after_migrating_a_chain_that_has_events(
    empty_database_url: str,
) -> None:
    """Migrating again neither drops a trigger nor touches an event."""
    await migrate(empty_database_url)
    async with three_events(empty_database_url) as store:
        await migrate(empty_database_url)

        for statement in ON_BOTH:
            await attack(empty_database_url, statement)
        assert (await verify(store)).events == 3
