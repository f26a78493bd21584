"""The database itself refuses reviews that are none, whoever writes them."""

import sqlite3
from dataclasses import replace

import asyncpg
import pytest

from core.domain.request import ElevationRequest
from core.errors import NotAllowed
from core.store.engine import SqlStore
from tests.contract.test_store_requests import put
from tests.support.builders import ALICE, BOB, CAROL, NOON, a_request, an_ask
from tests.support.databases import run_sql

REFUSED = (asyncpg.IntegrityConstraintViolationError, sqlite3.IntegrityError)

LATER = "reviewed_at = created_at"

FORGED = {
    "one's own": f"reviewed_by = '{ALICE}', {LATER}",
    "one's own, shouted": f"reviewed_by = '{ALICE.upper()}', {LATER}",
    "nobody's": f"reviewed_by = NULL, {LATER}",
    "without a time": f"reviewed_by = '{BOB}', reviewed_at = NULL",
}

FORGED_AGAIN = {
    **FORGED,
    "somebody else's": f"reviewed_by = '{CAROL}', {LATER}",
    "opened again": "reviewed_by = NULL, reviewed_at = NULL",
}


def an_emergency() -> ElevationRequest:
    """Return a request that broke the glass."""
    return a_request(ask=an_ask(break_glass=True))


def reviewed(request: ElevationRequest, by: str) -> ElevationRequest:
    """Return it reviewed."""
    return replace(
        request, version=request.version + 1, reviewed_by=by, reviewed_at=NOON
    )


async def review(store: SqlStore, request: ElevationRequest) -> None:
    """Save a request in a transaction of its own."""
    async with store.transaction() as uow:
        await uow.requests.save(request)
        await uow.commit()


@pytest.mark.parametrize("forgery", FORGED)
async def test_an_open_review_is_closed_by_somebody_else_at_some_time(
    store: SqlStore, database_url: str, forgery: str
) -> None:
    """Not by oneself in any case of letters, and not by half."""
    request = an_emergency()
    await put(store, request)

    with pytest.raises(REFUSED):
        await run_sql(database_url, f"UPDATE requests SET {FORGED[forgery]}")  # noqa: S608 - a test's attack

    async with store.snapshot() as uow:
        assert await uow.requests.get(request.id) == request


@pytest.mark.parametrize("forgery", FORGED_AGAIN)
async def test_a_closed_review_stays_whose_it_is(
    store: SqlStore, database_url: str, forgery: str
) -> None:
    """Nobody takes it over or opens it again; the rest of the row goes on."""
    request = an_emergency()
    await put(store, request)
    await review(store, reviewed(request, BOB))

    with pytest.raises(REFUSED):
        await run_sql(database_url, f"UPDATE requests SET {FORGED_AGAIN[forgery]}")  # noqa: S608 - a test's attack

    kept = replace(reviewed(request, BOB), version=3, end_reason="goes on")
    await review(store, kept)
    async with store.snapshot() as uow:
        assert await uow.requests.get(request.id) == kept


async def test_no_request_begins_reviewed(store: SqlStore, database_url: str) -> None:
    """Neither by the store nor by who copies a row."""
    with pytest.raises(NotAllowed, match="other than the requester"):
        await put(store, replace(reviewed(an_emergency(), ALICE), version=1))
    await put(store, an_emergency())
    columns = await names_of(database_url)
    copied = ", ".join(
        {
            "id": "'req_copy'",
            "reviewed_by": f"'{BOB}'",
            "reviewed_at": "created_at",
        }.get(name, name)
        for name in columns
    )

    listed = ", ".join(columns)

    with pytest.raises(REFUSED):
        await run_sql(
            database_url,
            f"INSERT INTO requests ({listed}) SELECT {copied} FROM requests",  # noqa: S608 - a test's attack
        )


async def names_of(url: str) -> list[str]:
    """Return the columns of the table of requests."""
    rows = await run_sql(
        url,
        "SELECT name FROM pragma_table_info('requests')"
        if url.startswith("sqlite")
        else "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = 'requests'",
    )
    return [name for (name,) in rows]


async def test_the_store_says_who_has_to_review(store: SqlStore) -> None:
    """Its error is the rule's, not the driver's."""
    request = an_emergency()
    await put(store, request)

    with pytest.raises(NotAllowed, match="other than the requester"):
        await review(store, reviewed(request, ALICE))
