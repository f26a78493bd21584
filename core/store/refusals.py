"""Repeated refusals, counted so that nobody can flood the audit chain."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.ports import RefusalKey, RefusalStore
from core.store.dialects import Moment
from core.store.link import Link
from core.store.rows import names
from core.store.schema import refusals
from core.store.statements import Statement

_INSERT: Final = postgresql.insert(refusals)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_IS_OVER: Final = refusals.c.window_ends_at <= sa.bindparam("noted_at", type_=Moment)

# When the window is over but nobody told of it yet, a new one begins in the same
# row: this refusal is a first again, and what was counted is still told.
_NOTE: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["actor", "request_id", "verdict", "code"],
        set_={
            "window_ends_at": sa.case(
                (_IS_OVER, _INSERT.excluded.window_ends_at),
                else_=refusals.c.window_ends_at,
            ),
            "was_first": _IS_OVER,
            "repeats": sa.case(
                (_IS_OVER, refusals.c.repeats), else_=refusals.c.repeats + 1
            ),
        },
    ).returning(refusals.c.was_first),
    columns=names(refusals.c),
)

_CLOSE: Final = Statement(
    sa.delete(refusals)
    .where(
        refusals.c.actor == sa.bindparam("actor"),
        refusals.c.request_id == sa.bindparam("request_id"),
        refusals.c.verdict == sa.bindparam("verdict"),
        refusals.c.code == sa.bindparam("code"),
    )
    .returning(refusals.c.repeats)
)


class SqlRefusalStore(RefusalStore):
    """Counted refusals in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def note(self, key: RefusalKey, *, at: datetime, window: timedelta) -> bool:
        row = await self._link.row(
            _NOTE,
            **_columns(key),
            noted_at=at,
            window_ends_at=at + window,
            was_first=True,
            repeats=0,
        )
        return row is not None and bool(row["was_first"])

    @override
    async def close(self, key: RefusalKey) -> int:
        row = await self._link.row(_CLOSE, **_columns(key))
        return 0 if row is None else int(row["repeats"])


def _columns(key: RefusalKey) -> dict[str, str]:
    return {
        "actor": key.actor,
        "request_id": key.request_id,
        "verdict": "" if key.verdict is None else key.verdict.value,
        "code": key.code,
    }
