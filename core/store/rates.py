"""How often something was done within a window, for every replica together."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.domain.identity import Rate
from core.ports import RateStore
from core.store.dialects import Moment
from core.store.link import Link, Row
from core.store.rows import names, to_moment
from core.store.schema import rates
from core.store.statements import Statement

FORGET_AFTER: Final = timedelta(hours=1)

_INSERT: Final = postgresql.insert(rates)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_IS_OVER: Final = rates.c.window_ends_at <= sa.bindparam("counted_at", type_=Moment)

_IS_TOO_LONG: Final = rates.c.window_ends_at > _INSERT.excluded.window_ends_at
"""Whoever began it has a clock that is ahead: it must not bar anybody for longer."""

_ADD: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "window_ends_at": sa.case(
                (sa.or_(_IS_OVER, _IS_TOO_LONG), _INSERT.excluded.window_ends_at),
                else_=rates.c.window_ends_at,
            ),
            "count": sa.case((_IS_OVER, 1), else_=rates.c.count + 1),
        },
    ).returning(rates.c.count, rates.c.window_ends_at),
    columns=names(rates.c),
)

_OF: Final = Statement(
    sa.select(rates).where(
        rates.c.name == sa.bindparam("of_what"),
        rates.c.window_ends_at > sa.bindparam("counted_at", type_=Moment),
    )
)

_FORGET: Final = Statement(
    sa.delete(rates).where(
        # Whoever counts something anew meanwhile is not waited for: two that forget
        # could wait for each other.
        rates.c.name.in_(
            sa.select(rates.c.name)
            .where(rates.c.window_ends_at <= sa.bindparam("before", type_=Moment))
            .with_for_update(skip_locked=True)
        )
    )
)


class SqlRateStore(RateStore):
    """Counts in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def add(self, name: str, *, at: datetime, window: timedelta) -> Rate:
        row = await self._link.row(
            _ADD, name=name, counted_at=at, window_ends_at=at + window, count=1
        )
        if row is None:  # an upsert that returns always has a row
            return Rate(count=1, window_ends_at=at + window)
        rate = _to_rate(row)
        if rate.count == 1:  # as often as a window begins, so that none pile up
            await self._link.rows(_FORGET, before=at - FORGET_AFTER)
        return rate

    @override
    async def of(self, name: str, *, at: datetime) -> Rate | None:
        row = await self._link.row(_OF, of_what=name, counted_at=at)
        return None if row is None else _to_rate(row)


def _to_rate(row: Row) -> Rate:
    return Rate(
        count=int(row["count"]), window_ends_at=to_moment(row["window_ends_at"])
    )
