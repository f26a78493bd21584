"""Every deliberate error: facts with a stable code, knowing no transport."""

from core.errors.base import JitsudoError
from core.errors.failed import (
    AuditChainBroken,
    ConfigurationError,
    DeadlineExceeded,
    DependencyError,
    DirectoryUnavailable,
    OutcomeUnknown,
    PolicyUnavailable,
    ProviderFailed,
    ServerUnavailable,
    SlackFailed,
    StoreBusy,
    StoreUnavailable,
)
from core.errors.refused import (
    Conflict,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotEligible,
    NotFound,
    RefusedError,
    SelfApproval,
    WrongState,
)

__all__ = [
    "AuditChainBroken",
    "ConfigurationError",
    "Conflict",
    "DeadlineExceeded",
    "DependencyError",
    "DirectoryUnavailable",
    "Invalid",
    "JitsudoError",
    "NotAllowed",
    "NotAuthenticated",
    "NotEligible",
    "NotFound",
    "OutcomeUnknown",
    "PolicyUnavailable",
    "ProviderFailed",
    "RefusedError",
    "SelfApproval",
    "ServerUnavailable",
    "SlackFailed",
    "StoreBusy",
    "StoreUnavailable",
    "WrongState",
]
