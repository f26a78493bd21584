"""Groups as an identity provider named them at somebody's last sign-in."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.domain.identity import Membership
from core.ports import MembershipStore
from core.store.dialects import Moment
from core.store.link import Link
from core.store.rows import from_strings, names, to_moment, to_strings
from core.store.schema import member_groups, memberships
from core.store.statements import Statement

_INSERT: Final = postgresql.insert(memberships)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_OF: Final = Statement(
    sa.select(memberships).where(memberships.c.email == sa.bindparam("of_person"))
)

_PUT: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["email"],
        set_={
            name: _INSERT.excluded[name]
            for name in names(memberships.c, without=frozenset({"email"}))
        },
    ),
    columns=names(memberships.c),
)

_CLEAR: Final = Statement(
    sa.delete(member_groups).where(member_groups.c.email == sa.bindparam("of_person"))
)

_ADD: Final = Statement(
    postgresql.insert(member_groups).on_conflict_do_nothing(),
    columns=names(member_groups.c),
)

_MEMBERS_OF: Final = Statement(
    sa.select(memberships.c.email)
    .join(member_groups, member_groups.c.email == memberships.c.email)
    .where(
        member_groups.c.group_name == sa.bindparam("of_group"),
        memberships.c.signed_in_at >= sa.bindparam("since", type_=Moment),
    )
    .order_by(memberships.c.email)
)


class SqlMembershipStore(MembershipStore):
    """Remembered groups in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def of(self, email: str) -> Membership | None:
        row = await self._link.row(_OF, of_person=email)
        if row is None:
            return None
        return Membership(
            email=row["email"],
            issuer=row["issuer"],
            subject=row["subject"],
            signed_in_at=to_moment(row["signed_in_at"]),
            groups=frozenset(to_strings(row["groups"])),
        )

    @override
    async def put(self, membership: Membership) -> None:
        groups = sorted(membership.groups)
        await self._link.rows(
            _PUT,
            email=membership.email,
            issuer=membership.issuer,
            subject=membership.subject,
            signed_in_at=membership.signed_in_at,
            groups=from_strings(groups),
        )
        await self._link.rows(_CLEAR, of_person=membership.email)
        for group in groups:
            await self._link.rows(_ADD, group_name=group, email=membership.email)

    @override
    async def members_of(self, group: str, *, since: datetime) -> list[str]:
        rows = await self._link.rows(_MEMBERS_OF, of_group=group, since=since)
        return [row["email"] for row in rows]
