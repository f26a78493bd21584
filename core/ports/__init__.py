"""What the services need from outside: protocols, implemented by the adapters."""

from core.ports.database import Store, UnitOfWork
from core.ports.figures import Figures, FigureStore
from core.ports.outside import (
    Clock,
    CredentialProvider,
    Directory,
    PolicyEngine,
    Sealer,
)
from core.ports.queries import AuditFilter, RequestFilter
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
    "Clock",
    "CredentialProvider",
    "DecisionStore",
    "Directory",
    "FigureStore",
    "Figures",
    "GrantStore",
    "JobStore",
    "PolicyEngine",
    "PrincipalRow",
    "PrincipalStore",
    "RefusalKey",
    "RefusalStore",
    "RequestFilter",
    "RequestStore",
    "Sealer",
    "Store",
    "SurfaceStore",
    "TokenStore",
    "UnitOfWork",
]
