"""Bearer tokens, by the digest of their secret."""

from datetime import datetime
from functools import cache
from typing import Final

import sqlalchemy as sa
from typing_extensions import override

from core.domain.token import Token
from core.ports import TokenFilter, TokenStore
from core.store.dialects import Moment
from core.store.link import Link, Row
from core.store.rows import (
    from_strings,
    names,
    to_moment,
    to_moment_or_none,
    to_strings,
)
from core.store.schema import tokens
from core.store.statements import Statement
from core.vocabulary import TokenScope

_IS_VALID: Final = (
    tokens.c.revoked_at.is_(None),
    tokens.c.expires_at > sa.bindparam("valid_at", type_=Moment),
)

_OF_PERSON: Final = tokens.c.email == sa.bindparam("of_person", type_=sa.Text)

_ADD: Final = Statement(sa.insert(tokens), columns=names(tokens.c))

_BY_DIGEST: Final = Statement(
    sa.select(tokens).where(tokens.c.digest == sa.bindparam("of_secret"))
)

_GET: Final = Statement(
    sa.select(tokens).where(tokens.c.id == sa.bindparam("token_id"))
)

_VALID_OF: Final = Statement(sa.select(tokens).where(_OF_PERSON, *_IS_VALID))

_VALID_FOR_OTHERS: Final = Statement(
    sa.select(tokens).where(*_IS_VALID, tokens.c.created_by != tokens.c.email)
)

_LAST_USE: Final = Statement(
    sa.select(sa.func.max(tokens.c.last_used_at).label("at")).where(_OF_PERSON)
)

_REVOKE: Final = Statement(
    sa.update(tokens)
    .where(tokens.c.id == sa.bindparam("token_id"), tokens.c.revoked_at.is_(None))
    .values(revoked_at=sa.bindparam("at", type_=Moment))
    .returning(tokens.c.id)
)

_TOUCH: Final = Statement(
    sa.update(tokens)
    .where(tokens.c.id == sa.bindparam("token_id"))
    .values(last_used_at=sa.bindparam("at", type_=Moment))
)

_MOST: Final = sa.bindparam("most", type_=sa.Integer)


def _ended_by(column: sa.Column[datetime]) -> sa.Select[tuple[str]]:
    """Return which tokens to forget by one of their ends."""
    ended = (
        sa.select(tokens.c.id)
        .where(column <= sa.bindparam("before", type_=Moment))
        .order_by(column)
        .limit(_MOST)
        .subquery()
    )
    return sa.select(ended.c.id)


# Each end by its own index: an *or* of both is answered by reading the table.
_FORGET: Final = Statement(
    sa.delete(tokens)
    .where(
        tokens.c.id.in_(
            sa.union(_ended_by(tokens.c.expires_at), _ended_by(tokens.c.revoked_at))
        )
    )
    .returning(tokens.c.id)
)


class SqlTokenStore(TokenStore):
    """Tokens in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def add(self, token: Token) -> None:
        await self._link.rows(
            _ADD,
            id=token.id,
            digest=token.digest,
            email=token.email,
            scopes=from_strings(sorted(scope.value for scope in token.scopes)),
            created_at=token.created_at,
            created_by=token.created_by,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
            last_used_at=token.last_used_at,
        )

    @override
    async def by_digest(self, digest: str) -> Token | None:
        row = await self._link.row(_BY_DIGEST, of_secret=digest)
        return None if row is None else _to_token(row)

    @override
    async def get(self, token_id: str) -> Token | None:
        row = await self._link.row(_GET, token_id=token_id)
        return None if row is None else _to_token(row)

    @override
    async def find(self, wanted: TokenFilter) -> list[Token]:
        before = wanted.before
        statement = _listing(
            is_of_person=wanted.email is not None,
            is_valid=wanted.valid_at is not None,
            is_paged=before is not None,
        )
        rows = await self._link.rows(
            statement,
            of_person=wanted.email,
            valid_at=wanted.valid_at,
            before_time=before and before.created_at,
            before_id=before and before.id,
            most=wanted.limit,
        )
        return [_to_token(row) for row in rows]

    @override
    async def valid_of(self, email: str, *, at: datetime) -> list[Token]:
        rows = await self._link.rows(_VALID_OF, of_person=email, valid_at=at)
        return [_to_token(row) for row in rows]

    @override
    async def valid_for_others(self, *, at: datetime) -> list[Token]:
        rows = await self._link.rows(_VALID_FOR_OTHERS, valid_at=at)
        return [_to_token(row) for row in rows]

    @override
    async def last_use(self, email: str) -> datetime | None:
        row = await self._link.row(_LAST_USE, of_person=email)
        return None if row is None else to_moment_or_none(row["at"])

    @override
    async def revoke(self, token_id: str, *, at: datetime) -> bool:
        return await self._link.row(_REVOKE, token_id=token_id, at=at) is not None

    @override
    async def touch(self, token_id: str, *, at: datetime) -> None:
        await self._link.rows(_TOUCH, token_id=token_id, at=at)

    @override
    async def forget_ended(self, *, before: datetime, most: int) -> int:
        return len(await self._link.rows(_FORGET, before=before, most=most))


@cache
def _listing(*, is_of_person: bool, is_valid: bool, is_paged: bool) -> Statement:
    """Return the statement for one shape of filter.

    Whoever walks along the newest until a page has filled with what is valid reads
    all that has ended, if little is. So what is valid is looked up first, and then
    put in order; MATERIALIZED keeps planners from walking all the same.
    """
    of_person = (_OF_PERSON,) if is_of_person else ()
    source: sa.FromClause = tokens
    conditions: list[sa.ColumnElement[bool]] = []
    if is_valid:
        valid = sa.select(tokens).where(*of_person, *_IS_VALID).cte("valid")
        source = valid.prefix_with("MATERIALIZED")
    else:
        conditions += of_person
    order = (source.c.created_at, source.c.id)
    if is_paged:
        earlier = sa.tuple_(*order) < sa.tuple_(
            sa.bindparam("before_time", type_=Moment),
            sa.bindparam("before_id", type_=sa.Text),
        )
        conditions.append(earlier)
    return Statement(
        sa.select(source)
        .where(*conditions)
        .order_by(*(column.desc() for column in order))
        .limit(_MOST)
    )


def _to_token(row: Row) -> Token:
    return Token(
        id=row["id"],
        digest=row["digest"],
        email=row["email"],
        scopes=frozenset(TokenScope(word) for word in to_strings(row["scopes"])),
        created_at=to_moment(row["created_at"]),
        created_by=row["created_by"],
        expires_at=to_moment(row["expires_at"]),
        revoked_at=to_moment_or_none(row["revoked_at"]),
        last_used_at=to_moment_or_none(row["last_used_at"]),
    )
