"""The one protocol that every front end calls.

An `Approvals` is bound when it is built: in this process to an actor, over REST
to a bearer token. Nothing that a caller passes says who is acting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from core.domain.audit import AuditEvent, ChainReport
from core.domain.decision import RequestRecord
from core.domain.grant import Credentials
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.request import Ask
from core.domain.token import Token
from core.ports import AuditFilter
from core.vocabulary import PolicyPackage, RequestId, RequestState, TokenScope


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestQuery:
    """Which requests to list, newest first, among those the actor may see.

    Attributes:
        mine: only the actor's own.
        states: any of these; empty means every state.
        before: only requests older than this one; a page's `next_before`.
        limit: most requests on the page, 1 to 500.
    """

    mine: bool = False
    requester: str | None = None
    states: frozenset[RequestState] = frozenset()
    before: RequestId | None = None
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestPage:
    """Requests, newest first; `next_before` is None on the last page."""

    records: tuple[RequestRecord, ...]
    next_before: RequestId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditPage:
    """Audit events, newest first; `next_before` is None on the last page."""

    events: tuple[AuditEvent, ...]
    next_before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedToken:
    """A new token and its secret, which is shown this once."""

    token: Token
    secret: str

    @override
    def __repr__(self) -> str:
        """Show everything but the secret."""
        return f"IssuedToken({self.token.id})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the actor is to the server.

    Attributes:
        scopes: what the token may do; every scope where there is no token.
        expires_at: until when the token is valid; None where there is none.
    """

    email: str
    groups: tuple[str, ...]
    trust_tier: int
    scopes: frozenset[TokenScope]
    expires_at: datetime | None = None


class Approvals(Protocol):
    """Everything that can be done with requests; one decision path for all.

    Every method may raise `NotAuthenticated`, and of the `DependencyError`s
    `StoreUnavailable`, `DirectoryUnavailable` and, over REST,
    `ServerUnavailable`; then nothing was decided.
    """

    async def submit(self, ask: Ask) -> RequestRecord:
        """Ask for elevation.

        Raises:
            Invalid: naming the field.
            NotEligible: with policy's reason.
            PolicyUnavailable: nothing was stored.
        """
        ...

    async def approve(self, request_id: RequestId, *, comment: str) -> RequestRecord:
        """Approve a request; short of the quorum it stays PENDING.

        Repeating one's own standing approval answers with the recorded outcome
        and discards the new comment. Where an approval did not count at the newest
        decision, repeating one is judged again, and may complete the quorum.

        Raises:
            Invalid: the comment cannot be stored, or policy requires one.
            NotFound: there is no such request.
            NotAllowed: with policy's reason.
            NotEligible: the requester may not have it any more.
            SelfApproval: it is the actor's own.
            WrongState: it is decided already, or has lapsed.
            Conflict: it kept changing.
            PolicyUnavailable: nothing was decided.
            OutcomeUnknown: ask again, the answer will be the same.
        """
        ...

    async def deny(self, request_id: RequestId, *, reason: str) -> RequestRecord:
        """Deny a request for good.

        Raises:
            Invalid: the reason is blank or cannot be stored.
            NotFound, NotAllowed, WrongState, Conflict, PolicyUnavailable,
            OutcomeUnknown: as `approve`.
        """
        ...

    async def withdraw(self, request_id: RequestId) -> RequestRecord:
        """Take back one's own undecided request.

        Raises:
            NotFound: there is none, or it is somebody else's and not visible.
            NotAllowed: it is somebody else's.
            WrongState: it is decided already.
        """
        ...

    async def get(
        self,
        request_id: RequestId,
        *,
        wait: timedelta | None = None,
        since_version: int = 0,
    ) -> RequestRecord:
        """Return a request that the actor may see.

        Args:
            wait: how long to wait for a version above `since_version`; then
                the request is returned as it is.

        Raises:
            NotFound: there is none, or the actor may not see it.
        """
        ...

    async def list(self, query: RequestQuery) -> RequestPage:
        """Return a page of the requests that the actor may see."""
        ...

    async def credentials(self, request_id: RequestId) -> Credentials:
        """Return the credentials of one's own active request; audited.

        Raises:
            NotFound: there is no such request of the actor's.
            WrongState: it is not ACTIVE with its grant in force.
        """
        ...

    async def audit(self, wanted: AuditFilter) -> AuditPage:
        """Return a page of the audit log.

        Raises:
            NotAllowed: the actor is no auditor and no admin.
        """
        ...

    async def verify_audit(
        self, checkpoint: tuple[int, str] | None = None
    ) -> ChainReport:
        """Recompute the whole chain.

        Args:
            checkpoint: a (seq, hash) kept elsewhere that has to be in it.

        Raises:
            AuditChainBroken: at the first event that does not fit.
            NotAllowed: the actor is no auditor and no admin.
        """
        ...

    async def evaluate(
        self, package: PolicyPackage, document: Mapping[str, object]
    ) -> PolicyAnswer:
        """Ask policy a made-up question; nothing is decided or recorded.

        Args:
            document: the `input` document, read like a real question's.

        Raises:
            Invalid: the document is not one that a question could make.
            NotAllowed: the actor is no auditor and no admin.
        """
        ...

    async def whoami(self) -> Identity:
        """Return who the actor is."""
        ...

    async def issue_token(
        self, email: str, *, scopes: frozenset[TokenScope], ttl: timedelta
    ) -> IssuedToken:
        """Make a bearer token.

        Raises:
            Invalid: the e-mail, the scopes or the time to live cannot be.
            NotAllowed: the actor is no admin.
        """
        ...

    async def tokens(self) -> tuple[Token, ...]:
        """Return the actor's tokens, newest first; everybody's for an admin."""
        ...

    async def revoke_token(self, token_id: str) -> Token:
        """End a token of one's own, or as an admin anybody's.

        Raises:
            NotFound: there is no such token of the actor's.
        """
        ...

    async def jobs(self, *, failing_only: bool) -> tuple[Job, ...]:
        """Return the work that waits, oldest due first, at most 500.

        Raises:
            NotAllowed: the actor is no auditor and no admin.
        """
        ...
