"""Which account in Slack is whose, and the codes that lead to a link."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.domain.identity import LinkCode, SlackAccount, SlackLink
from core.ports import LinkStore
from core.store.dialects import Moment, now
from core.store.link import Link, Row
from core.store.rows import names, to_moment, to_moment_or_none
from core.store.schema import link_codes, slack_links
from core.store.statements import Statement
from core.vocabulary import LinkMethod

_IS_ACCOUNT: Final = sa.and_(
    slack_links.c.team_id == sa.bindparam("of_team"),
    slack_links.c.user_id == sa.bindparam("of_user"),
)

_OF_ACCOUNT: Final = Statement(sa.select(slack_links).where(_IS_ACCOUNT))

_OF_EMAIL: Final = Statement(
    sa.select(slack_links).where(slack_links.c.email == sa.bindparam("of_person"))
)

_ALL: Final = Statement(sa.select(slack_links).order_by(slack_links.c.email))

_ADD: Final = Statement(
    postgresql.insert(slack_links)
    .on_conflict_do_nothing()
    .returning(slack_links.c.email),
    columns=names(slack_links.c),
)

_REMOVE: Final = Statement(
    sa.delete(slack_links).where(_IS_ACCOUNT).returning(*slack_links.c)
)

_FORGET_CODES: Final = Statement(
    sa.delete(link_codes).where(link_codes.c.expires_at <= now())
)

_ADD_CODE: Final = Statement(sa.insert(link_codes), columns=names(link_codes.c))

_LOCK_CODE: Final = Statement(
    sa.select(link_codes)
    .where(link_codes.c.code == sa.bindparam("of_code"))
    .with_for_update()
)

_USE_CODE: Final = Statement(
    sa.update(link_codes)
    .where(link_codes.c.code == sa.bindparam("of_code"))
    .values(used_at=sa.bindparam("at", type_=Moment))
)


class SqlLinkStore(LinkStore):
    """Links in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def of_account(self, account: SlackAccount) -> SlackLink | None:
        return _to_link(await self._link.row(_OF_ACCOUNT, **_key(account)))

    @override
    async def of_email(self, email: str) -> SlackLink | None:
        return _to_link(await self._link.row(_OF_EMAIL, of_person=email))

    @override
    async def all(self) -> list[SlackLink]:
        found = [_to_link(row) for row in await self._link.rows(_ALL)]
        return [link for link in found if link is not None]

    @override
    async def add(self, link: SlackLink) -> bool:
        row = await self._link.row(
            _ADD,
            team_id=link.account.team_id,
            user_id=link.account.user_id,
            email=link.email,
            method=link.method.value,
            linked_by=link.linked_by,
            linked_at=link.linked_at,
        )
        return row is not None

    @override
    async def remove(self, account: SlackAccount) -> SlackLink | None:
        return _to_link(await self._link.row(_REMOVE, **_key(account)))

    @override
    async def add_code(self, code: LinkCode) -> None:
        await self._link.rows(_FORGET_CODES)
        await self._link.rows(
            _ADD_CODE,
            code=code.code,
            team_id=code.account.team_id,
            user_id=code.account.user_id,
            email=code.email,
            expires_at=code.expires_at,
            used_at=code.used_at,
        )

    @override
    async def code(self, code: str) -> LinkCode | None:
        row = await self._link.row(_LOCK_CODE, of_code=code)
        if row is None:
            return None
        return LinkCode(
            code=row["code"],
            account=SlackAccount(team_id=row["team_id"], user_id=row["user_id"]),
            email=row["email"],
            expires_at=to_moment(row["expires_at"]),
            used_at=to_moment_or_none(row["used_at"]),
        )

    @override
    async def use_code(self, code: str, *, at: datetime) -> None:
        await self._link.rows(_USE_CODE, of_code=code, at=at)


def _key(account: SlackAccount) -> dict[str, str]:
    return {"of_team": account.team_id, "of_user": account.user_id}


def _to_link(row: Row | None) -> SlackLink | None:
    if row is None:
        return None
    return SlackLink(
        account=SlackAccount(team_id=row["team_id"], user_id=row["user_id"]),
        email=row["email"],
        method=LinkMethod(row["method"]),
        linked_by=row["linked_by"],
        linked_at=to_moment(row["linked_at"]),
    )
