"""One transaction over every store, and the database it is of."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.clock import Deadline
from core.ports.figures import FigureStore
from core.ports.identity import (
    IssuerKeyStore,
    LinkStore,
    MembershipStore,
    RateStore,
    SignInStore,
)
from core.ports.records import AuditStore, PrincipalStore, RefusalStore, TokenStore
from core.ports.requests import DecisionStore, GrantStore, RequestStore
from core.ports.work import JobStore, SurfaceStore


class UnitOfWork(Protocol):
    """One transaction over every store; leaving without `commit` undoes it."""

    @property
    def requests(self) -> RequestStore:
        """Return the requests of this transaction."""
        ...

    @property
    def decisions(self) -> DecisionStore:
        """Return the decisions of this transaction."""
        ...

    @property
    def grants(self) -> GrantStore:
        """Return the grants of this transaction."""
        ...

    @property
    def jobs(self) -> JobStore:
        """Return the jobs of this transaction."""
        ...

    @property
    def surfaces(self) -> SurfaceStore:
        """Return the surfaces of this transaction."""
        ...

    @property
    def audit(self) -> AuditStore:
        """Return the audit log of this transaction."""
        ...

    @property
    def tokens(self) -> TokenStore:
        """Return the tokens of this transaction."""
        ...

    @property
    def principals(self) -> PrincipalStore:
        """Return the principals of this transaction."""
        ...

    @property
    def refusals(self) -> RefusalStore:
        """Return the counted refusals of this transaction."""
        ...

    @property
    def links(self) -> LinkStore:
        """Return the links to Slack of this transaction."""
        ...

    @property
    def sign_ins(self) -> SignInStore:
        """Return the sign-ins of this transaction."""
        ...

    @property
    def memberships(self) -> MembershipStore:
        """Return the remembered groups of this transaction."""
        ...

    @property
    def issuer_keys(self) -> IssuerKeyStore:
        """Return the public keys of identity providers of this transaction."""
        ...

    @property
    def rates(self) -> RateStore:
        """Return the counted acts of this transaction."""
        ...

    @property
    def figures(self) -> FigureStore:
        """Return the counts of this transaction."""
        ...

    async def commit(self) -> None:
        """Keep everything; the transaction is over.

        Raises:
            StoreUnavailable: nothing was kept.
            OutcomeUnknown: the connection was lost while committing.
        """
        ...


class Store(Protocol):
    """The database."""

    def transaction(
        self, deadline: Deadline | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction that may write.

        Args:
            deadline: statements and locks wait no longer than this; a COMMIT
                that was sent is awaited whatever the deadline says.

        Raises:
            StoreUnavailable: the database does not answer.
            DeadlineExceeded: the deadline has passed.
            StoreBusy: a deadlock or a serialization failure; try it again.
        """
        ...

    def snapshot(
        self, deadline: Deadline | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction that only reads; it never waits for a writer."""
        ...

    async def ping(self) -> str:
        """Return what is there, such as `PostgreSQL 18.0, schema 0003`.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
