"""Jobs: claimed by one worker at a time, one per lane, by the database's clock.

A job is *waiting* while it has no lease. Two unique indexes carry the promises: a
key waits once, a lane is in flight once. A job in flight is not waiting, so that
work promised while it runs is not lost with it when it finishes.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override
from ulid import ULID

from core.domain.job import Job, NewJob
from core.ports import JobStore
from core.store.dialects import later, now, smaller
from core.store.link import Link, Row
from core.store.rows import (
    from_pairs,
    to_moment,
    to_moment_or_none,
    to_pairs,
)
from core.store.schema import WAITING, jobs
from core.store.statements import Statement
from core.vocabulary import JobKind

_INSERT: Final = postgresql.insert(jobs)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_ADD: Final = Statement(
    _INSERT.values(created_at=now()).on_conflict_do_update(
        index_elements=["key"],
        index_where=WAITING,
        set_={"due_at": smaller(jobs.c.due_at, _INSERT.excluded.due_at)},
    ),
    columns=("kind", "lane", "key", "due_at", "payload", "attempts", "last_error"),
)


@cache
def _adding(count: int) -> Statement:
    """Return the statement that adds several jobs."""
    rows = [
        {
            **{
                name: sa.bindparam(f"{name}_{number}", type_=jobs.c[name].type)
                for name in ("kind", "lane", "key", "due_at", "payload")
            },
            "attempts": sa.literal_column("0"),
            "last_error": sa.literal_column("''"),
            "created_at": now(),
        }
        for number in range(count)
    ]
    return Statement(
        _INSERT.values(rows).on_conflict_do_update(
            index_elements=["key"],
            index_where=WAITING,
            set_={"due_at": smaller(jobs.c.due_at, _INSERT.excluded.due_at)},
        )
    )


_OWNED: Final = (
    jobs.c.id == sa.bindparam("job_id"),
    jobs.c.lease == sa.bindparam("its_lease"),
)

_FINISH: Final = Statement(sa.delete(jobs).where(*_OWNED).returning(jobs.c.id))

_twin: Final = jobs.alias("twin")

# The same key was promised again meanwhile: that job takes this one's place.
_YIELD: Final = Statement(
    sa.delete(jobs)
    .where(
        *_OWNED,
        sa.exists().where(_twin.c.key == jobs.c.key, _twin.c.lease.is_(None)),
    )
    .returning(jobs.c.key, jobs.c.attempts)
)

_NOTE_ON_TWIN: Final = Statement(
    sa.update(jobs)
    .where(jobs.c.key == sa.bindparam("its_key"), jobs.c.lease.is_(None))
    .values(
        attempts=sa.bindparam("tries", type_=sa.Integer),
        last_error=sa.bindparam("why", type_=sa.Text),
    )
)

_RETRY: Final = Statement(
    sa.update(jobs)
    .where(*_OWNED)
    .values(
        lease=sa.null(),
        leased_until=sa.null(),
        due_at=later("wait"),
        last_error=sa.bindparam("why", type_=sa.Text),
    )
    .returning(jobs.c.id)
)

_RELEASE: Final = Statement(
    sa.update(jobs)
    .where(*_OWNED)
    .values(
        lease=sa.null(),
        leased_until=sa.null(),
        attempts=jobs.c.attempts - sa.literal_column("1"),
    )
    .returning(jobs.c.id)
)

_FIND: Final = Statement(
    sa.select(jobs)
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)

_FIND_FAILING: Final = Statement(
    sa.select(jobs)
    .where(jobs.c.last_error != sa.literal_column("''"))
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


class SqlJobStore(JobStore):
    """Jobs in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def add(self, job: NewJob) -> None:
        await self._link.rows(
            _ADD,
            kind=job.kind.value,
            lane=job.lane,
            key=job.key,
            due_at=job.due_at,
            payload=from_pairs(job.payload),
            attempts=0,
            last_error="",
        )

    @override
    async def add_all(self, jobs: Sequence[NewJob]) -> None:
        if not jobs:
            return
        values: dict[str, object] = {}
        # Always in one order, so that two transactions never wait for each other.
        for number, job in enumerate(sorted(jobs, key=lambda job: job.key)):
            values |= {
                f"kind_{number}": job.kind.value,
                f"lane_{number}": job.lane,
                f"key_{number}": job.key,
                f"due_at_{number}": job.due_at,
                f"payload_{number}": from_pairs(job.payload),
            }
        await self._link.rows(_adding(len(jobs)), **values)

    @override
    async def claim(
        self, kinds: frozenset[JobKind], *, limit: int, lease: timedelta
    ) -> list[Job]:
        rows = await self._link.rows(
            _claiming(kinds, of_lane=False), most=limit, wait=lease, token=str(ULID())
        )
        return _to_jobs(rows)

    @override
    async def claim_lane(
        self, lane: str, kinds: frozenset[JobKind], *, lease: timedelta
    ) -> Job | None:
        rows = await self._link.rows(
            _claiming(kinds, of_lane=True),
            of_lane=lane,
            most=1,
            wait=lease,
            token=str(ULID()),
        )
        return _to_job(rows[0]) if rows else None

    @override
    async def finish(self, job: Job) -> bool:
        return await self._link.row(_FINISH, **_owned(job)) is not None

    @override
    async def retry(self, job: Job, *, after: timedelta, error: str) -> bool:
        replaced = await self._link.row(_YIELD, **_owned(job))
        if replaced is not None:
            await self._link.rows(
                _NOTE_ON_TWIN,
                its_key=replaced["key"],
                tries=replaced["attempts"],
                why=error,
            )
            return True
        row = await self._link.row(_RETRY, **_owned(job), wait=after, why=error)
        return row is not None

    @override
    async def release(self, job: Job) -> bool:
        if await self._link.row(_YIELD, **_owned(job)) is not None:
            return True
        return await self._link.row(_RELEASE, **_owned(job)) is not None

    @override
    async def next_due(self, kinds: frozenset[JobKind]) -> timedelta | None:
        row = await self._link.row(_due(kinds))
        if row is None:
            return None
        moments = [
            to_moment(value)
            for value in (row["waiting"], row["in_flight"])
            if value is not None
        ]
        if not moments:
            return None
        return max(min(moments) - to_moment(row["now"]), timedelta(0))

    @override
    async def find(self, *, failing_only: bool, limit: int) -> list[Job]:
        rows = await self._link.rows(
            _FIND_FAILING if failing_only else _FIND, most=limit
        )
        return [_to_job(row) for row in rows]


def _one_of(
    column: sa.ColumnElement[str], kinds: frozenset[JobKind]
) -> sa.ColumnElement[bool]:
    return column.in_([sa.literal_column(f"'{kind.value}'") for kind in sorted(kinds)])


@cache
def _claiming(kinds: frozenset[JobKind], *, of_lane: bool) -> Statement:
    """Return the statement that claims due jobs of some kinds.

    A job whose lease ran out goes before everything else of its lane. Otherwise
    only the first waiting job of a lane is looked at: so two claimers that run at
    once reach for the same row, and one of them skips it.
    """
    other = jobs.alias("other")
    is_lost = sa.and_(jobs.c.lease.is_not(None), jobs.c.leased_until <= now())
    lane_is_in_flight = sa.exists().where(
        other.c.lane == jobs.c.lane, other.c.lease.is_not(None)
    )
    earlier = jobs.alias("earlier")
    another_is_first = sa.exists().where(
        earlier.c.lane == jobs.c.lane,
        earlier.c.lease.is_(None),
        _one_of(earlier.c.kind, kinds),
        sa.tuple_(earlier.c.due_at, earlier.c.id) < sa.tuple_(jobs.c.due_at, jobs.c.id),
    )
    is_first = sa.and_(jobs.c.lease.is_(None), ~lane_is_in_flight, ~another_is_first)
    due = sa.select(jobs.c.id).where(
        _one_of(jobs.c.kind, kinds), jobs.c.due_at <= now(), sa.or_(is_lost, is_first)
    )
    if of_lane:
        due = due.where(jobs.c.lane == sa.bindparam("of_lane"))
    picked = (
        due.order_by(jobs.c.due_at, jobs.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    return Statement(
        sa.update(jobs)
        .where(jobs.c.id.in_(sa.select(picked.c.id)))
        .values(
            lease=sa.bindparam("token", type_=sa.Text),
            leased_until=later("wait"),
            attempts=jobs.c.attempts + sa.literal_column("1"),
        )
        .returning(jobs)
    )


@cache
def _due(kinds: frozenset[JobKind]) -> Statement:
    """Return the statement that asks when there is something to do.

    A job that waits behind one in flight counts from the end of that lease; it
    usually comes sooner, but then a worker has just finished and looks anyway.
    """
    other = jobs.alias("other")
    waiting = (
        sa.select(jobs.c.due_at)
        .where(
            _one_of(jobs.c.kind, kinds),
            jobs.c.lease.is_(None),
            ~sa.exists().where(other.c.lane == jobs.c.lane, other.c.lease.is_not(None)),
        )
        .order_by(jobs.c.due_at, jobs.c.id)
        .limit(sa.literal_column("1"))
        .scalar_subquery()
    )
    lost = jobs.alias("lost")
    in_flight = (
        sa.select(sa.func.min(lost.c.leased_until))
        .where(lost.c.lease.is_not(None), _one_of(lost.c.kind, kinds))
        .scalar_subquery()
    )
    return Statement(
        sa.select(
            waiting.label("waiting"), in_flight.label("in_flight"), now().label("now")
        )
    )


def _owned(job: Job) -> dict[str, object]:
    return {"job_id": job.id, "its_lease": job.lease}


def _to_jobs(rows: Sequence[Row]) -> list[Job]:
    return sorted((_to_job(row) for row in rows), key=lambda job: (job.due_at, job.id))


def _to_job(row: Row) -> Job:
    return Job(
        id=row["id"],
        kind=JobKind(row["kind"]),
        lane=row["lane"],
        key=row["key"],
        due_at=to_moment(row["due_at"]),
        payload=to_pairs(row["payload"]),
        created_at=to_moment(row["created_at"]),
        attempts=row["attempts"],
        lease=row["lease"],
        leased_until=to_moment_or_none(row["leased_until"]),
        last_error=row["last_error"],
    )
