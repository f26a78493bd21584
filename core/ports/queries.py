"""Which requests, audit events and tokens to list."""

from dataclasses import dataclass
from datetime import datetime

from core.domain.principal import Principal
from core.domain.token import Token
from core.vocabulary import (
    AuditAction,
    Outcome,
    RequestId,
    RequestState,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFilter:
    """Which requests to list, newest first.

    Attributes:
        states: any of these; empty means every state.
        visible_to: only what this person may see; None sees everything.
        needs_review: only what broke the glass and nobody has looked into.
        before: only requests older than this one; from the page before.
        limit: most rows to return, 1 to 500.
    """

    requester: str | None = None
    states: frozenset[RequestState] = frozenset()
    visible_to: Principal | None = None
    needs_review: bool = False
    before: RequestId | None = None
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFilter:
    """Which audit events to list, newest first.

    Attributes:
        since: not before this time.
        until: before this time.
        before_seq: only events below this number; from the page before.
        limit: most rows to return, 1 to 500.
    """

    actor: str | None = None
    request_id: RequestId | None = None
    action: AuditAction | None = None
    outcome: Outcome | None = None
    provider: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_seq: int | None = None
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFilter:
    """Which tokens to list, newest first.

    Attributes:
        email: whose; None for everybody's.
        valid_at: only those that are valid then; None for those that have
            ended as well.
        before: only tokens older than this one; the last of the page before.
        limit: most rows to return.
    """

    email: str | None = None
    valid_at: datetime | None = None
    before: Token | None = None
    limit: int = 100
