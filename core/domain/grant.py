"""Elevation in force: what a provider gave, until when, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from core.domain.request import ElevationRequest
from core.vocabulary import RequestId


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantOrder:
    """What a provider is asked to grant or to end; idempotent by request id."""

    request_id: RequestId
    requester: str
    role: str
    resource_scope: str
    duration_seconds: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedGrant:
    """A provider's yes.

    Attributes:
        credentials: environment variables for the requester; secret.
        issued_at: when the provider began to count.
        expires_at: when the provider, or jitsudo, ends it.
        handle: what the provider needs to end it; not secret.
    """

    credentials: Mapping[str, str]
    issued_at: datetime
    expires_at: datetime
    handle: str = ""

    @override
    def __repr__(self) -> str:
        """Show everything but the credentials."""
        return f"IssuedGrant(expires_at={self.expires_at!r}, handle={self.handle!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A grant as stored.

    Attributes:
        sealed_credentials: ciphertext; None once the end has started.
        ended_at: when the provider confirmed the end; None before.
    """

    request_id: RequestId
    provider: str
    handle: str
    issued_at: datetime
    expires_at: datetime
    sealed_credentials: bytes | None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Opened credentials on their way to the requester; never stored or logged."""

    request_id: RequestId
    variables: Mapping[str, str]
    issued_at: datetime
    expires_at: datetime

    @override
    def __repr__(self) -> str:
        """Show everything but the values."""
        return f"Credentials({self.request_id}, {sorted(self.variables)})"


def order_of(request: ElevationRequest) -> GrantOrder:
    """Return what a provider is told of a request."""
    return GrantOrder(
        request_id=request.id,
        requester=request.requester,
        role=request.ask.role,
        resource_scope=request.ask.resource_scope,
        duration_seconds=int(request.ask.duration.total_seconds()),
        reason=request.ask.reason,
    )
