"""Bearer tokens, by the digest of their secret."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from typing_extensions import override

from core.domain.token import Token
from core.ports import TokenStore
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

_NEWEST_FIRST: Final = (tokens.c.created_at.desc(), tokens.c.id.desc())

_ADD: Final = Statement(sa.insert(tokens), columns=names(tokens.c))

_BY_DIGEST: Final = Statement(
    sa.select(tokens).where(tokens.c.digest == sa.bindparam("of_secret"))
)

_GET: Final = Statement(
    sa.select(tokens).where(tokens.c.id == sa.bindparam("token_id"))
)

_FIND: Final = Statement(sa.select(tokens).order_by(*_NEWEST_FIRST))

_FIND_OF: Final = Statement(
    sa.select(tokens)
    .where(tokens.c.email == sa.bindparam("of_person"))
    .order_by(*_NEWEST_FIRST)
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
    async def find(self, *, email: str | None) -> list[Token]:
        if email is None:
            rows = await self._link.rows(_FIND)
        else:
            rows = await self._link.rows(_FIND_OF, of_person=email)
        return [_to_token(row) for row in rows]

    @override
    async def revoke(self, token_id: str, *, at: datetime) -> bool:
        return await self._link.row(_REVOKE, token_id=token_id, at=at) is not None

    @override
    async def touch(self, token_id: str, *, at: datetime) -> None:
        await self._link.rows(_TOUCH, token_id=token_id, at=at)


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
