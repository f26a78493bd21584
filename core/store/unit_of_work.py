"""One transaction over every store."""

from typing import Final

from typing_extensions import override

from core.ports import UnitOfWork
from core.store.audit import SqlAuditStore
from core.store.decisions import SqlDecisionStore
from core.store.figures import SqlFigureStore
from core.store.grants import SqlGrantStore
from core.store.issuer_keys import SqlIssuerKeyStore
from core.store.jobs import SqlJobStore
from core.store.link import Link
from core.store.links import SqlLinkStore
from core.store.memberships import SqlMembershipStore
from core.store.principals import SqlPrincipalStore
from core.store.rates import SqlRateStore
from core.store.refusals import SqlRefusalStore
from core.store.requests import SqlRequestStore
from core.store.sign_ins import SqlSignInStore
from core.store.surfaces import SqlSurfaceStore
from core.store.tokens import SqlTokenStore


class SqlUnitOfWork(UnitOfWork):
    """The stores of one open transaction; `core.store.engine` opens it."""

    def __init__(self, link: Link) -> None:
        """Give every store the same transaction."""
        self._link: Final = link

    @property
    @override
    def requests(self) -> SqlRequestStore:
        return SqlRequestStore(self._link)

    @property
    @override
    def decisions(self) -> SqlDecisionStore:
        return SqlDecisionStore(self._link)

    @property
    @override
    def grants(self) -> SqlGrantStore:
        return SqlGrantStore(self._link)

    @property
    @override
    def jobs(self) -> SqlJobStore:
        return SqlJobStore(self._link)

    @property
    @override
    def surfaces(self) -> SqlSurfaceStore:
        return SqlSurfaceStore(self._link)

    @property
    @override
    def audit(self) -> SqlAuditStore:
        return SqlAuditStore(self._link)

    @property
    @override
    def tokens(self) -> SqlTokenStore:
        return SqlTokenStore(self._link)

    @property
    @override
    def principals(self) -> SqlPrincipalStore:
        return SqlPrincipalStore(self._link)

    @property
    @override
    def refusals(self) -> SqlRefusalStore:
        return SqlRefusalStore(self._link)

    @property
    @override
    def links(self) -> SqlLinkStore:
        return SqlLinkStore(self._link)

    @property
    @override
    def sign_ins(self) -> SqlSignInStore:
        return SqlSignInStore(self._link)

    @property
    @override
    def memberships(self) -> SqlMembershipStore:
        return SqlMembershipStore(self._link)

    @property
    @override
    def issuer_keys(self) -> SqlIssuerKeyStore:
        return SqlIssuerKeyStore(self._link)

    @property
    @override
    def rates(self) -> SqlRateStore:
        return SqlRateStore(self._link)

    @property
    @override
    def figures(self) -> SqlFigureStore:
        return SqlFigureStore(self._link)

    @override
    async def commit(self) -> None:
        await self._link.commit()
