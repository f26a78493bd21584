"""Trust tiers, and who is disabled."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.ports import PrincipalRow, PrincipalStore
from core.store.link import Link, Row
from core.store.rows import names, to_moment_or_none
from core.store.schema import principals
from core.store.statements import Statement

_INSERT: Final = postgresql.insert(principals)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_PUT: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["email"],
        set_={
            name: _INSERT.excluded[name]
            for name in names(principals.c, without=frozenset({"email"}))
        },
    ),
    columns=names(principals.c),
)

_GET: Final = Statement(
    sa.select(principals).where(principals.c.email == sa.bindparam("of_person"))
)

_GREET: Final = Statement(
    _INSERT.on_conflict_do_nothing(index_elements=["email"]),
    columns=names(principals.c),
)

_HOLD: Final = Statement(
    sa.select(principals)
    .where(principals.c.email == sa.bindparam("of_person"))
    .with_for_update()
)

_SHARE: Final = Statement(
    sa.select(principals)
    .where(principals.c.email == sa.bindparam("of_person"))
    .with_for_update(read=True)
)


@cache
def _of(count: int) -> Statement:
    """Return the statement that reads several people."""
    people = [
        sa.bindparam(f"person_{n}", type_=principals.c.email.type) for n in range(count)
    ]
    return Statement(sa.select(principals).where(principals.c.email.in_(people)))


class SqlPrincipalStore(PrincipalStore):
    """Principals in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def get(self, email: str) -> PrincipalRow:
        row = await self._link.row(_GET, of_person=email)
        if row is None:
            return PrincipalRow(email=email)
        return _to_principal(row)

    @override
    async def of(self, emails: Collection[str]) -> Mapping[str, PrincipalRow]:
        wanted = sorted(set(emails))
        found = {email: PrincipalRow(email=email) for email in wanted}
        if wanted:
            values = {f"person_{n}": email for n, email in enumerate(wanted)}
            for row in await self._link.rows(_of(len(wanted)), **values):
                found[row["email"]] = _to_principal(row)
        return found

    @override
    async def hold(self, email: str, *, is_alone: bool = True) -> PrincipalRow:
        statement = _HOLD if is_alone else _SHARE
        row = await self._link.row(statement, of_person=email)
        if row is None:
            await self._link.rows(_GREET, **_columns(PrincipalRow(email=email)))
            row = await self._link.row(statement, of_person=email)
        return PrincipalRow(email=email) if row is None else _to_principal(row)

    @override
    async def put(self, row: PrincipalRow) -> None:
        await self._link.rows(_PUT, **_columns(row))


def _columns(row: PrincipalRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in names(principals.c)}


def _to_principal(row: Row) -> PrincipalRow:
    return PrincipalRow(
        email=row["email"],
        trust_tier=row["trust_tier"],
        is_disabled=bool(row["is_disabled"]),
        notes=row["notes"],
        enrolled_by=row["enrolled_by"],
        enrolled_at=to_moment_or_none(row["enrolled_at"]),
    )
