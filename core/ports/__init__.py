"""What the services need from outside: protocols, implemented by the adapters."""

from core.ports.database import Store, UnitOfWork
from core.ports.figures import Backlog, FigureStore, Totals
from core.ports.identity import (
    IssuerKeyStore,
    LinkStore,
    MembershipStore,
    RateStore,
    SignInStore,
)
from core.ports.outside import (
    Clock,
    CredentialProvider,
    Directory,
    IdTokens,
    Outside,
    PolicyEngine,
    Sealer,
    Workplace,
)
from core.ports.queries import AuditFilter, RequestFilter, TokenFilter
from core.ports.records import (
    AuditStore,
    PrincipalRow,
    PrincipalStore,
    RefusalKey,
    RefusalStore,
    TokenStore,
)
from core.ports.requests import DecisionStore, GrantStore, RequestStore
from core.ports.work import JobStore, SurfaceStore

__all__ = [
    "AuditFilter",
    "AuditStore",
    "Backlog",
    "Clock",
    "CredentialProvider",
    "DecisionStore",
    "Directory",
    "FigureStore",
    "GrantStore",
    "IdTokens",
    "IssuerKeyStore",
    "JobStore",
    "LinkStore",
    "MembershipStore",
    "Outside",
    "PolicyEngine",
    "PrincipalRow",
    "PrincipalStore",
    "RateStore",
    "RefusalKey",
    "RefusalStore",
    "RequestFilter",
    "RequestStore",
    "Sealer",
    "SignInStore",
    "Store",
    "SurfaceStore",
    "TokenFilter",
    "TokenStore",
    "Totals",
    "UnitOfWork",
    "Workplace",
]
