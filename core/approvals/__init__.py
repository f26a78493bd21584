"""What can be done with requests: the protocol that every front end calls."""

from core.approvals.protocol import Approvals
from core.approvals.values import (
    AuditPage,
    Departure,
    Identity,
    IssuedToken,
    PolicyReload,
    PrincipalFacts,
    RequestPage,
    RequestQuery,
    TokenPage,
    TokenQuery,
)

__all__ = [
    "Approvals",
    "AuditPage",
    "Departure",
    "Identity",
    "IssuedToken",
    "PolicyReload",
    "PrincipalFacts",
    "RequestPage",
    "RequestQuery",
    "TokenPage",
    "TokenQuery",
]
