"""Lists read as little of 20,000 requests as of twenty: the plans use the indexes."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as aiosqlite_dialect

from core.domain.principal import AUDITORS_GROUP, Principal
from core.ports import RequestFilter
from core.store.engine import SqlStore
from core.store.listing import listing
from core.store.postgres import DIALECT, connect_options
from core.store.requests import _BY_SUBMISSION, _COUNT_BY, _EXTENSION_OF, _SHARES
from core.store.sqlite import _encoded
from core.store.statements import Statement
from core.vocabulary import RequestId, RequestState
from tests.contract.test_store_requests import put
from tests.support.builders import ALICE, BOB, DAVE, NOON, a_request
from tests.support.databases import run_sql

_MANY = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
    "SELECT i FROM n"
)

PENDING = frozenset({RequestState.PENDING})
ENDED = frozenset({RequestState.EXPIRED, RequestState.REVOKED})


async def fill(store: SqlStore, url: str) -> None:
    """Multiply one request, all PENDING, each with its group."""
    request = a_request()
    await put(store, request)
    columns = [
        name
        for (name,) in await run_sql(
            url,
            "SELECT name FROM pragma_table_info('requests')"
            if url.startswith("sqlite")
            else "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = 'requests'",
        )
        if name != "id"
    ]
    others = ", ".join(columns)
    many = f"({_MANY}) AS many"
    padded = (
        "'req_00' || substr('000000000000000000000000' || i, -24)"
        if url.startswith("sqlite")
        else "'req_00' || lpad(i::text, 24, '0')"
    )
    await run_sql(
        url,
        f"INSERT INTO requests (id, {others}) SELECT {padded}, {others} "  # noqa: S608 - constants
        f"FROM requests, {many}",
        "INSERT INTO request_groups (request_id, group_name) "
        "SELECT id, 'sre-lead' FROM requests WHERE id LIKE 'req_00%'",
        "INSERT INTO decisions (request_id, requester, approver, verdict, text, "
        "origin, self_allowed, decided_at) SELECT id, requester, "
        "'ben' || substr(id, 29), 'approve', '', 'api', false, created_at "
        "FROM requests",
        "ANALYZE",
    )


async def test_an_auditor_reads_one_state_in_order_and_no_further(
    store: SqlStore, database_url: str
) -> None:
    """Neither a sort, nor a scan, nor a hash of a table stands in the plan."""
    await fill(store, database_url)
    await run_sql(
        database_url,
        f"UPDATE requests SET state = 'EXPIRED' WHERE id > 'req_00{300:024}'",  # noqa: S608 - a constant
        "ANALYZE",
    )
    auditor = Principal(email=BOB, groups=frozenset({AUDITORS_GROUP}))

    wanted = RequestFilter(states=PENDING, visible_to=auditor, limit=10)
    plan = await explain(database_url, *listing(wanted))

    assert "requests_by_state_id" in plan
    for waste in ("SCAN request", "Seq Scan", "B-TREE FOR ORDER", "Sort", "hashed"):
        assert waste not in plan


_ONE_STATE: Final = (
    "requests_by_requester",
    "decisions_by_approver_state_request_id",
    "request_groups_by_group_name_state_request_id",
)


@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        (
            RequestFilter(),
            (
                "requests_by_requester",
                "decisions_by_approver_request_id",
                "request_groups_by_group_name_request_id",
            ),
        ),
        (RequestFilter(states=PENDING), _ONE_STATE),
        (RequestFilter(states=frozenset({RequestState.EXPIRED})), _ONE_STATE),
        (RequestFilter(states=ENDED, before=RequestId("req_01")), _ONE_STATE),
        (
            RequestFilter(requester=ALICE),
            (
                "decisions_by_approver_requester_state_request_id",
                "request_groups_by_group_name_requester_state_request_id",
            ),
        ),
    ],
    ids=["everything", "pending", "expired", "ended, a later page", "alice's"],
)
@pytest.mark.parametrize("who", [BOB, DAVE], ids=["sees all", "sees none"])
async def test_what_is_visible_is_read_a_page_of_each_way(
    store: SqlStore,
    database_url: str,
    who: str,
    wanted: RequestFilter,
    indexes: tuple[str, ...],
) -> None:
    """Each way to see a request by its own index, whoever asks for what."""
    await fill(store, database_url)
    await run_sql(
        database_url,
        f"UPDATE requests SET state = 'EXPIRED' WHERE id > 'req_00{1000:024}'",  # noqa: S608 - a constant
        "ANALYZE",
    )
    groups = frozenset({"developer", "sre-lead" if who == BOB else "sre"})

    person = Principal(email=who, groups=groups)
    wanted = replace(wanted, visible_to=person, limit=10)
    plan = await explain(database_url, *listing(wanted))

    for index in indexes:
        assert index in plan
    for waste in ("SCAN request", "SCAN decisions", "Seq Scan", "hashed"):
        assert waste not in plan


async def test_a_persons_week_is_counted_in_its_index_alone(
    store: SqlStore, database_url: str
) -> None:
    """Every drawing of a card counts; it reads that person's week, not the table."""
    await fill(store, database_url)
    week = {"by": BOB, "since": NOON - timedelta(days=7), "until": NOON}

    plan = await explain(database_url, _COUNT_BY, week)

    assert "requests_by_requester_created_at" in plan
    for waste in ("SCAN request", "Seq Scan"):
        assert waste not in plan


@pytest.mark.parametrize("is_auditor", [False, True])
async def test_open_reviews_are_read_from_an_index_of_their_own(
    store: SqlStore, database_url: str, *, is_auditor: bool
) -> None:
    """Few of many broke the glass; nothing is read of the others."""
    await fill(store, database_url)
    await run_sql(
        database_url,
        f"UPDATE requests SET break_glass = true WHERE id < 'req_00{30:024}'",  # noqa: S608 - a constant
        "ANALYZE",
    )
    groups = frozenset({AUDITORS_GROUP if is_auditor else "sre-lead"})
    bob = Principal(email=BOB, groups=groups)

    wanted = RequestFilter(needs_review=True, visible_to=bob, limit=10)
    plan = await explain(database_url, *listing(wanted))

    assert "requests_to_review" in plan
    for waste in ("Seq Scan", "hashed", "B-TREE FOR ORDER"):
        assert waste not in plan


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (_BY_SUBMISSION, {"submission": "k"}, "one_request_per_submission"),
        (_EXTENSION_OF, {"extended": "req_1"}, "requests_by_extends"),
        (_SHARES, {"shared": "x", "request_id": "req_1"}, "requests_by_lane_id"),
    ],
    ids=["by_submission", "open_extension_of", "shares_lane"],
)
async def test_what_is_asked_within_a_transaction_is_looked_up(
    store: SqlStore,
    database_url: str,
    statement: Statement,
    values: Mapping[str, Any],
    index: str,
) -> None:
    """Locks are held meanwhile: each by its own index, whoever has how many."""
    await fill(store, database_url)
    await run_sql(
        database_url,
        "UPDATE requests SET lane = 'lane ' || id, extends = id, state = 'ACTIVE', "  # noqa: S608 - a constant
        f"grant_status = 'active', submission_key = id WHERE id < 'req_00{9000:024}'",
        "ANALYZE",
    )

    plan = await explain(database_url, statement, values)

    assert index in plan
    for waste in ("SCAN request", "Seq Scan"):
        assert waste not in plan


async def explain(url: str, statement: Statement, values: Mapping[str, Any]) -> str:
    """Return the plan of a statement."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(str(sa.make_url(url).database))
        compiled = statement.compiled(aiosqlite_dialect())
        arguments = [_encoded(value) for value in compiled.arguments(values)]
        rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", arguments)
        plan = "\n".join(row[3] for row in rows)
        connection.close()
        return plan
    compiled = statement.compiled(DIALECT)
    link = await asyncpg.connect(**connect_options(sa.make_url(url)))
    try:
        found = await link.fetch(f"EXPLAIN {compiled.sql}", *compiled.arguments(values))
    finally:
        await link.close()
    return "\n".join(row[0] for row in found)
