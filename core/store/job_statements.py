"""How jobs are added and claimed, in SQL for both databases."""

from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core.store.dialects import later, now, smaller
from core.store.schema import WAITING, jobs
from core.store.statements import Statement
from core.vocabulary import JobKind

INSERT: Final = postgresql.insert(jobs)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""


@cache
def adding(count: int) -> Statement:
    """Return the statement that adds several jobs; without a time they are due."""
    rows = [
        {
            **{
                name: sa.bindparam(f"{name}_{number}", type_=jobs.c[name].type)
                for name in ("kind", "lane", "key", "payload")
            },
            "due_at": sa.func.coalesce(
                sa.bindparam(f"due_at_{number}", type_=jobs.c.due_at.type), now()
            ),
            "attempts": sa.literal_column("0"),
            "last_error": sa.literal_column("''"),
            "created_at": now(),
        }
        for number in range(count)
    ]
    return Statement(
        INSERT.values(rows).on_conflict_do_update(
            index_elements=["key"],
            index_where=WAITING,
            set_={"due_at": smaller(jobs.c.due_at, INSERT.excluded.due_at)},
        )
    )


def _one_of(
    column: sa.ColumnElement[str], kinds: frozenset[JobKind]
) -> sa.ColumnElement[bool]:
    return column.in_([sa.literal_column(f"'{kind.value}'") for kind in sorted(kinds)])


@cache
def claiming(kinds: frozenset[JobKind], *, of_lane: bool) -> Statement:
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
    found = sa.select(jobs.c.id).where(
        _one_of(jobs.c.kind, kinds), jobs.c.due_at <= now(), sa.or_(is_lost, is_first)
    )
    if of_lane:
        found = found.where(jobs.c.lane == sa.bindparam("of_lane"))
    picked = (
        found.order_by(jobs.c.due_at, jobs.c.id)
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
def due(kinds: frozenset[JobKind]) -> Statement:
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
