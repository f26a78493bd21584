"""Lists of 100,000 tokens, of which some hundred are valid."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from core.domain.token import Token
from core.ports import TokenFilter
from core.services.forget_tokens import BATCH, KEPT_FOR
from core.store.engine import SqlStore, open_store
from core.store.migrate import migrate
from core.vocabulary import TokenScope
from tests.bench.table import Figure, milliseconds
from tests.support.databases import run_sql

MANY: Final = 100_000
PEOPLE: Final = 200
TIMES: Final = 21
PAGE: Final = 101
NOW: Final = datetime.now(UTC)
TTL: Final = timedelta(hours=12)
APART: Final = timedelta(minutes=3)
"""One sign-in after the other: 240 of them are valid, and 56,000 long ended."""

_MIDDLE: Final = NOW - MANY // 2 * APART


async def measure(name: str, database_url: str, _directory: Path) -> list[Figure]:
    """Return the figures of one database."""
    await migrate(database_url)
    store = open_store(database_url)
    try:
        await fill(store, database_url)
        lists = {
            "everybody's valid": TokenFilter(valid_at=NOW, limit=PAGE),
            "everybody's": TokenFilter(limit=PAGE),
            "everybody's, a page in the middle": TokenFilter(
                before=a_token(created_at=_MIDDLE), limit=PAGE
            ),
            "a person's valid": TokenFilter(email="p7", valid_at=NOW, limit=PAGE),
            "a person's": TokenFilter(email="p7", limit=PAGE),
        }
        figures = [
            Figure(
                what=f"{name}: {what}",
                measured=await _timed(partial(_find, store, wanted)),
                aim="50 ms",
            )
            for what, wanted in lists.items()
        ]
        forgetting = await _timed(partial(_forget, store))
        what = f"{name}: forgetting {BATCH}"
        return [*figures, Figure(what=what, measured=forgetting, aim="50 ms")]
    finally:
        await store.close()


async def _timed(act: Callable[[], Awaitable[object]]) -> str:
    seconds = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await act()
        seconds.append(time.perf_counter() - begun)
    return milliseconds(seconds)


async def _find(store: SqlStore, wanted: TokenFilter) -> None:
    async with store.snapshot() as uow:
        await uow.tokens.find(wanted)


async def _forget(store: SqlStore) -> None:
    async with store.transaction() as uow:
        await uow.tokens.forget_ended(before=NOW - KEPT_FOR, most=BATCH)
        await uow.commit()


def a_token(*, created_at: datetime) -> Token:
    """Return a token as a sign-in through Slack makes it."""
    return Token(
        id="tok_1",
        digest="d" * 64,
        email="p0",
        scopes=frozenset(TokenScope),
        created_at=created_at,
        created_by="p0",
        expires_at=created_at + TTL,
    )


async def fill(store: SqlStore, url: str) -> None:
    """Multiply one token, one in ten of them revoked an hour after it was made."""
    async with store.transaction() as uow:
        await uow.tokens.add(a_token(created_at=NOW))
        await uow.commit()
    second = "1000000" if url.startswith("sqlite") else "interval '1 second'"
    at = f"created_at - i * {APART.seconds} * {second}"
    ends = f"{at} + {TTL.seconds} * {second}"
    await run_sql(
        url,
        f"""
        INSERT INTO tokens (id, digest, email, scopes, created_at, created_by,
                            expires_at, revoked_at)
        SELECT 'tok_0' || i, 'digest ' || i, 'p' || (i % {PEOPLE}), scopes, {at},
          'p' || (i % {PEOPLE}), {ends},
          CASE WHEN i % 10 = 0 THEN {at} + 3600 * {second} END
        FROM tokens, (WITH RECURSIVE n(i) AS (
          SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}
        ) SELECT i FROM n) AS many
        """,  # noqa: S608 - constants
        "ANALYZE",
    )
