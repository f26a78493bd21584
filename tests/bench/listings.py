"""Lists of 100,000 requests, for who sees all, few or none of them."""

import time
from pathlib import Path
from typing import Final

from core.domain.principal import AUDITORS_GROUP, Principal
from core.ports import RequestFilter
from core.store.engine import SqlStore, open_store
from core.store.migrate import migrate
from core.store.schema import requests
from core.vocabulary import RequestId, RequestState
from tests.bench.table import Figure, percentile
from tests.support.builders import ALICE, BEN, BOB, CAROL, DAVE, a_request
from tests.support.databases import run_sql

MANY: Final = 100_000
FEW: Final = 20
TIMES: Final = 21
PAGE: Final = 51

ALL: Final = Principal(email=BOB, groups=frozenset({"sre-lead", "on-call"}))
SOME: Final = Principal(email=CAROL, groups=frozenset({"security"}))
NOBODY: Final = Principal(email=DAVE, groups=frozenset({"developer", "sre"}))
DECIDER: Final = Principal(email=BEN, groups=frozenset())
REQUESTER: Final = Principal(email=ALICE, groups=frozenset({"sre"}))
AUDITOR: Final = Principal(email=DAVE, groups=frozenset({AUDITORS_GROUP}))

_PEOPLE: Final = {
    "who sees all": ALL,
    "who sees 20": SOME,
    "who sees none": NOBODY,
    "who decided most": DECIDER,
    "who asked for all": REQUESTER,
    "an auditor": AUDITOR,
}

_FILTERS: Final = {
    "everything": RequestFilter(),
    "PENDING (5%)": RequestFilter(states=frozenset({RequestState.PENDING})),
    "ACTIVE (20)": RequestFilter(states=frozenset({RequestState.ACTIVE})),
    "REJECTED (95%)": RequestFilter(states=frozenset({RequestState.REJECTED})),
    "ACTIVE or REJECTED": RequestFilter(
        states=frozenset({RequestState.ACTIVE, RequestState.REJECTED})
    ),
    "alice's": RequestFilter(requester=ALICE),
    "alice's ACTIVE": RequestFilter(
        requester=ALICE, states=frozenset({RequestState.ACTIVE})
    ),
    "to review (200)": RequestFilter(needs_review=True),
    "REJECTED, a page in the middle": RequestFilter(
        states=frozenset({RequestState.REJECTED}),
        before=RequestId(f"req_00{MANY // 2:024}"),
    ),
}


async def measure(name: str, database_url: str, _directory: Path) -> list[Figure]:
    """Return the figures of one database."""
    await migrate(database_url)
    store = open_store(database_url)
    try:
        await fill(store, database_url)
        return [
            Figure(
                what=f"{name}: {what}, for {who}",
                measured=await _figure(store, person, wanted),
                aim="50 ms",
            )
            for what, wanted in _FILTERS.items()
            for who, person in _PEOPLE.items()
        ]
    finally:
        await store.close()


async def _figure(store: SqlStore, person: Principal, wanted: RequestFilter) -> str:
    asked = RequestFilter(
        requester=wanted.requester,
        states=wanted.states,
        needs_review=wanted.needs_review,
        before=wanted.before,
        visible_to=person,
        limit=PAGE,
    )
    seconds, found = [], 0
    for _ in range(TIMES):
        begun = time.perf_counter()
        async with store.snapshot() as uow:
            found = len(await uow.requests.find(asked))
        seconds.append(time.perf_counter() - begun)
    milliseconds = percentile(seconds, 50) * 1000
    return f"{milliseconds:.1f} ms ({found} found)"


async def fill(store: SqlStore, url: str) -> None:
    """Multiply one request of alice's, decided by ben, most of them REJECTED."""
    async with store.transaction() as uow:
        await uow.requests.add(a_request())
        await uow.commit()
    kept = {"id", "state", "break_glass"}
    others = ", ".join(c.name for c in requests.c if c.name not in kept)
    padded = (
        "'req_00' || substr('000000000000000000000000' || i, -24)"
        if url.startswith("sqlite")
        else "'req_00' || lpad(i::text, 24, '0')"
    )
    some = MANY // FEW
    await run_sql(
        url,
        f"""
        INSERT INTO requests (id, state, break_glass, {others})
        SELECT {padded},
          CASE WHEN i % {some} = 7 THEN 'ACTIVE'
               WHEN i % 20 = 0 THEN 'PENDING' ELSE 'REJECTED' END,
          i % {MANY // 200} = 3, {others}
        FROM requests, (WITH RECURSIVE n(i) AS (
          SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}
        ) SELECT i FROM n) AS many
        """,  # noqa: S608 - constants
        *_more(some),
        "ANALYZE",
    )


def _more(some: int) -> tuple[str, ...]:
    """Return what puts the groups, and ben's decisions, beside the requests."""
    new = "FROM requests WHERE id LIKE 'req_00%'"
    groups = "INSERT INTO request_groups (request_id, group_name) SELECT id"
    of_some = f"CAST(substr(id, 7) AS INTEGER) % {some} = 9"
    decided = (
        "INSERT INTO decisions (request_id, requester, approver, verdict, text, "
        f"origin, self_allowed, decided_at) SELECT id, requester, '{BEN}', 'deny', "
        f"'', 'api', false, created_at {new} AND state = 'REJECTED'"
    )
    return (
        f"{groups}, 'sre-lead' {new}",
        f"{groups}, 'security' {new} AND {of_some}",
        decided,
    )
