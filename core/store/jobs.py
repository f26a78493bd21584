"""Jobs: claimed by one worker at a time, one per lane, by the database's clock.

A job is *waiting* while it has no lease. Two unique indexes carry the promises: a
key waits once, a lane is in flight once. A job in flight is not waiting, so that
work promised while it runs is not lost with it when it finishes.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from typing_extensions import override
from ulid import ULID

from core.domain.job import Job, NewJob
from core.ports import JobStore
from core.store.dialects import larger, later
from core.store.job_statements import adding, claiming, due
from core.store.link import Link, Row
from core.store.rows import (
    from_pairs,
    to_moment,
    to_moment_or_none,
    to_pairs,
)
from core.store.schema import jobs
from core.store.statements import Statement
from core.vocabulary import JobKind

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
        due_at=larger(jobs.c.due_at, later("wait")),
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
        await self.add_all([job])

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
        await self._link.rows(adding(len(jobs)), **values)

    @override
    async def claim(
        self, kinds: frozenset[JobKind], *, limit: int, lease: timedelta
    ) -> list[Job]:
        rows = await self._link.rows(
            claiming(kinds, of_lane=False), most=limit, wait=lease, token=str(ULID())
        )
        return _to_jobs(rows)

    @override
    async def claim_lane(
        self, lane: str, kinds: frozenset[JobKind], *, lease: timedelta
    ) -> Job | None:
        rows = await self._link.rows(
            claiming(kinds, of_lane=True),
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
                wait=after,
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
        row = await self._link.row(due(kinds))
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
