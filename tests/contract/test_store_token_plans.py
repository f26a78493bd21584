"""Tokens are read by indexes, however many have ended: the plans say so."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from core.store.engine import SqlStore
from core.store.statements import Statement
from core.store.tokens import (
    _FORGET,
    _LAST_USE,
    _VALID_FOR_OTHERS,
    _VALID_OF,
    _listing,
)
from tests.contract.test_store_plans import explain
from tests.contract.test_store_tokens import a_token, put
from tests.support.builders import ALICE, NOON
from tests.support.databases import run_sql

_MANY: Final = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
    "SELECT i FROM n"
)
_WASTE: Final = ("SCAN tokens\n", "Seq Scan")
"""Reading the table; along an index until a page is full is another matter."""


async def fill(store: SqlStore, url: str) -> None:
    """Store a valid token and 20,000 of 40 people that ended, some revoked."""
    await put(store, [a_token()])
    is_sqlite = url.startswith("sqlite")
    before = "created_at - i * 3600000000" if is_sqlite else "i * interval '-1 hour'"
    at = before if is_sqlite else f"created_at + {before}"
    padded = "substr('00000' || i, -5)" if is_sqlite else "lpad(i::text, 5, '0')"
    await run_sql(
        url,
        "INSERT INTO tokens (id, digest, email, scopes, created_at, created_by, "  # noqa: S608 - constants
        f"expires_at, revoked_at) SELECT 'tok_0' || {padded}, {padded}, "
        f"'p' || (i % 40), scopes, {at}, created_by, {at}, "
        f"CASE WHEN i % 10 = 0 THEN {at} END FROM tokens, ({_MANY}) AS many",
        "ANALYZE",
    )


@pytest.mark.parametrize("is_paged", [False, True], ids=["first page", "later page"])
@pytest.mark.parametrize(
    ("is_of_person", "is_valid", "index"),
    [
        (False, False, "tokens_by_created_at_id"),
        (False, True, "tokens_by_expires_at"),
        (True, False, "tokens_by_email_created_at_id"),
        (True, True, "tokens_by_email_expires_at"),
    ],
    ids=["everybody's", "everybody's valid", "a person's", "a person's valid"],
)
async def test_a_page_of_tokens_is_read_by_its_index(
    store: SqlStore,
    database_url: str,
    index: str,
    *,
    is_of_person: bool,
    is_valid: bool,
    is_paged: bool,
) -> None:
    """In order, or what is valid first; what has ended is passed over unread."""
    await fill(store, database_url)
    values = {
        "of_person": "p7",
        "valid_at": NOON,
        "before_time": NOON - timedelta(days=400),
        "before_id": "tok_09600",
        "most": 50,
    }

    statement = _listing(
        is_of_person=is_of_person, is_valid=is_valid, is_paged=is_paged
    )
    plan = await explain(database_url, statement, values)

    assert index in plan
    for waste in _WASTE if is_valid else (*_WASTE, "B-TREE FOR ORDER", "Sort"):
        assert waste not in f"{plan}\n"


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (
            _VALID_OF,
            {"of_person": ALICE, "valid_at": NOON},
            "tokens_by_email_expires_at",
        ),
        (_VALID_FOR_OTHERS, {"valid_at": NOON}, "tokens_by_expires_at"),
        (_LAST_USE, {"of_person": ALICE}, "tokens_by_email_"),
    ],
    ids=["valid of", "valid for others", "last use"],
)
async def test_what_is_asked_of_tokens_within_a_transaction_is_looked_up(
    store: SqlStore,
    database_url: str,
    statement: Statement,
    values: Mapping[str, Any],
    index: str,
) -> None:
    """Locks are held meanwhile: nothing reads the table."""
    await fill(store, database_url)

    plan = await explain(database_url, statement, values)

    assert index in plan
    for waste in _WASTE:
        assert waste not in f"{plan}\n"


async def test_what_to_forget_is_found_by_either_end(
    store: SqlStore, database_url: str
) -> None:
    """A day on which nothing is old enough costs two looks at an index."""
    await fill(store, database_url)

    values = {"before": NOON - timedelta(days=90), "most": 500}
    plan = await explain(database_url, _FORGET, values)

    assert "tokens_by_expires_at" in plan
    assert "tokens_by_revoked_at" in plan
