"""An identity provider's public keys, as a server got them last."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from core.domain.identity import PublishedKeys
from core.ports import IssuerKeyStore
from core.store.link import Link
from core.store.rows import names, to_moment
from core.store.schema import issuer_keys
from core.store.statements import Statement

_INSERT: Final = postgresql.insert(issuer_keys)
"""PostgreSQL's ON CONFLICT, which SQLite took over word for word."""

_OF: Final = Statement(
    sa.select(issuer_keys).where(issuer_keys.c.issuer == sa.bindparam("of_issuer"))
)

# A server that asked earlier and writes later does not bring older keys back.
_PUT: Final = Statement(
    _INSERT.on_conflict_do_update(
        index_elements=["issuer"],
        set_={
            "document": _INSERT.excluded.document,
            "fetched_at": _INSERT.excluded.fetched_at,
        },
        where=issuer_keys.c.fetched_at < _INSERT.excluded.fetched_at,
    ),
    columns=names(issuer_keys.c),
)


class SqlIssuerKeyStore(IssuerKeyStore):
    """Published keys in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def of(self, issuer: str) -> PublishedKeys | None:
        row = await self._link.row(_OF, of_issuer=issuer)
        if row is None:
            return None
        return PublishedKeys(
            issuer=row["issuer"],
            document=row["document"],
            fetched_at=to_moment(row["fetched_at"]),
        )

    @override
    async def put(self, keys: PublishedKeys) -> None:
        await self._link.rows(
            _PUT,
            issuer=keys.issuer,
            document=keys.document,
            fetched_at=keys.fetched_at,
        )
