"""Elevation in force: what a provider gave, until when, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from typing_extensions import override

from core.domain.request import ElevationRequest
from core.vocabulary import RequestId


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantOrder:
    """What a provider is asked to grant or to end; idempotent by request id.

    Attributes:
        attempt: 1 for the first call; more where an earlier one may have been
            done although its answer never came.
        is_shared: another request of the same lane is in force. A provider whose
            cloud keeps one assignment for both leaves it alone when it ends this.
    """

    request_id: RequestId
    requester: str
    role: str
    resource_scope: str
    duration_seconds: int
    reason: str
    attempt: int = 1
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """What a requester gets to use a grant with; never logged or shown in full.

    Attributes:
        variables: environment variables.
        files: contents by the variable that names the file, such as `KUBECONFIG`.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @override
    def __repr__(self) -> str:
        """Show everything but the values."""
        return f"Secrets({sorted(self.variables)}, files={sorted(self.files)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedGrant:
    """A provider's yes.

    Attributes:
        secrets: what the requester uses it with.
        issued_at: when the provider began to count.
        expires_at: when the provider, or jitsudo, ends it.
        handle: what the provider needs to end it; not secret.
    """

    secrets: Secrets
    issued_at: datetime
    expires_at: datetime
    handle: str = ""

    @override
    def __repr__(self) -> str:
        """Show everything but the secrets."""
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
    secrets: Secrets
    issued_at: datetime
    expires_at: datetime


def order_of(
    request: ElevationRequest, *, attempt: int = 1, is_shared: bool = False
) -> GrantOrder:
    """Return what a provider is told of a request; see `GrantOrder`."""
    return GrantOrder(
        request_id=request.id,
        requester=request.requester,
        role=request.ask.role,
        resource_scope=request.ask.resource_scope,
        duration_seconds=int(request.ask.duration.total_seconds()),
        reason=request.ask.reason,
        attempt=attempt,
        is_shared=is_shared,
    )
