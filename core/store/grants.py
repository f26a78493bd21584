"""Grants, one per request, with the ciphertext of their credentials."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.domain.grant import Grant
from core.ports import GrantStore
from core.store.dialects import Moment
from core.store.link import Link, Row
from core.store.rows import names, to_moment, to_moment_or_none
from core.store.schema import grants
from core.store.statements import Statement
from core.vocabulary import RequestId

_COLUMNS: Final = names(grants.c)

_INSERT: Final = postgresql.insert(grants)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_PUT: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["request_id"],
        set_={
            name: _INSERT.excluded[name] for name in _COLUMNS if name != "request_id"
        },
    ),
    columns=_COLUMNS,
)

_GET: Final = Statement(
    sa.select(grants).where(grants.c.request_id == sa.bindparam("of_request"))
)

_ERASE: Final = Statement(
    sa.update(grants)
    .where(grants.c.request_id == sa.bindparam("of_request"))
    .values(sealed_credentials=sa.null())
)

_END: Final = Statement(
    sa.update(grants)
    .where(grants.c.request_id == sa.bindparam("of_request"))
    .values(sealed_credentials=sa.null(), ended_at=sa.bindparam("at", type_=Moment))
)

_SEALED: Final = Statement(
    sa.select(grants.c.request_id)
    .where(
        grants.c.sealed_credentials.is_not(None),
        grants.c.request_id > sa.bindparam("after", type_=sa.Text),
    )
    .order_by(grants.c.request_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


class SqlGrantStore(GrantStore):
    """Grants in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def put(self, grant: Grant) -> None:
        await self._link.rows(_PUT, **{name: getattr(grant, name) for name in _COLUMNS})

    @override
    async def get(self, request_id: RequestId) -> Grant | None:
        row = await self._link.row(_GET, of_request=request_id)
        return None if row is None else _to_grant(row)

    @override
    async def sealed(self, *, after: RequestId | None, limit: int) -> list[RequestId]:
        rows = await self._link.rows(_SEALED, after=after or "", most=limit)
        return [RequestId(row["request_id"]) for row in rows]

    @override
    async def erase_credentials(self, request_id: RequestId) -> None:
        await self._link.rows(_ERASE, of_request=request_id)

    @override
    async def end(self, request_id: RequestId, *, at: datetime) -> None:
        await self._link.rows(_END, of_request=request_id, at=at)


def _to_grant(row: Row) -> Grant:
    return Grant(
        request_id=RequestId(row["request_id"]),
        provider=row["provider"],
        handle=row["handle"],
        issued_at=to_moment(row["issued_at"]),
        expires_at=to_moment(row["expires_at"]),
        sealed_credentials=row["sealed_credentials"],
        ended_at=to_moment_or_none(row["ended_at"]),
    )
