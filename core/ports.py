"""What the services need from outside: protocols, implemented by the adapters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.clock import Deadline
from core.domain.audit import AuditEvent, AuditFact, StoredEvent
from core.domain.decision import Decision
from core.domain.grant import Grant, GrantOrder, IssuedGrant
from core.domain.job import Job, NewJob
from core.domain.policy import PolicyAnswer, PolicyHealth, PolicyQuestion
from core.domain.principal import Principal
from core.domain.request import Ask, ElevationRequest
from core.domain.surface import Surface
from core.domain.token import Token
from core.vocabulary import (
    AuditAction,
    JobKind,
    Outcome,
    RequestId,
    RequestState,
    SurfacePurpose,
    Verdict,
)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware, UTC."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFilter:
    """Which requests to list, newest first.

    Attributes:
        states: any of these; empty means every state.
        visible_to: only what this person may see; None sees everything.
        before: only requests older than this one; from the page before.
        limit: most rows to return, 1 to 500.
    """

    requester: str | None = None
    states: frozenset[RequestState] = frozenset()
    visible_to: Principal | None = None
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


class RequestStore(Protocol):
    """Requests; one is locked per transaction."""

    async def add(self, request: ElevationRequest) -> None:
        """Insert a new request with its approver groups."""
        ...

    async def get(self, request_id: RequestId) -> ElevationRequest | None:
        """Return a request without locking it."""
        ...

    async def lock(self, request_id: RequestId) -> ElevationRequest | None:
        """Return a request and keep everybody else from changing it."""
        ...

    async def save(self, request: ElevationRequest) -> None:
        """Write the changed fields of a locked request.

        `request.version` is one more than the stored version, or equal to it
        for a change that no front end shows.
        """
        ...

    async def find(self, wanted: RequestFilter) -> list[ElevationRequest]:
        """Return the matching requests, newest first."""
        ...

    async def count_by(self, requester: str, *, since: datetime) -> int:
        """Return how many requests `requester` submitted since a time."""
        ...


class DecisionStore(Protocol):
    """Decisions; inserted, never changed."""

    async def add(self, decision: Decision) -> None:
        """Insert a decision.

        Raises:
            Conflict: this person already gave this verdict.
            SelfApproval: it approves the requester's own, without `self_allowed`.
        """
        ...

    async def of(
        self, request_ids: Sequence[RequestId]
    ) -> Mapping[RequestId, tuple[Decision, ...]]:
        """Return the decisions of each request, oldest first; every id is a key."""
        ...


class GrantStore(Protocol):
    """Grants, one per request."""

    async def put(self, grant: Grant) -> None:
        """Insert a grant, or replace the one of the same request."""
        ...

    async def get(self, request_id: RequestId) -> Grant | None:
        """Return the grant of a request."""
        ...

    async def erase_credentials(self, request_id: RequestId) -> None:
        """Remove the ciphertext; nothing happens if there is none."""
        ...

    async def end(self, request_id: RequestId, *, at: datetime) -> None:
        """Note that the provider confirmed the end; erases the ciphertext too."""
        ...


class JobStore(Protocol):
    """Jobs; due times and leases compare with the database's clock."""

    async def add(self, job: NewJob) -> None:
        """Insert a job, or make the waiting one with its key due earlier."""
        ...

    async def claim(
        self, kinds: frozenset[JobKind], *, limit: int, lease: timedelta
    ) -> list[Job]:
        """Lease due jobs, oldest due first, at most one per lane.

        A job whose lease ran out is due again. A lane with a live lease waits.
        """
        ...

    async def claim_lane(
        self, lane: str, kinds: frozenset[JobKind], *, lease: timedelta
    ) -> Job | None:
        """Lease the next due job of one lane, if none of it is in flight."""
        ...

    async def finish(self, job: Job) -> bool:
        """Remove a job; False, and nothing is removed, if the lease is lost."""
        ...

    async def retry(self, job: Job, *, after: timedelta, error: str) -> bool:
        """Give the lease back until later; False if it is lost already."""
        ...

    async def release(self, job: Job) -> bool:
        """Give the lease back at once, as if it had not been tried."""
        ...

    async def next_due(self, kinds: frozenset[JobKind]) -> timedelta | None:
        """Return how long until a job is due; None without one, 0 if overdue."""
        ...

    async def find(self, *, failing_only: bool, limit: int) -> list[Job]:
        """Return waiting jobs, oldest due first."""
        ...


class SurfaceStore(Protocol):
    """Where requests are shown."""

    async def want(
        self,
        request_id: RequestId,
        purpose: SurfacePurpose,
        destination: str,
        *,
        version: int,
    ) -> Surface:
        """Ask that a surface shows at least `version`; inserts it if it is new."""
        ...

    async def lock(self, surface_id: int) -> Surface | None:
        """Return a surface and keep everybody else from changing it."""
        ...

    async def save(self, surface: Surface) -> None:
        """Write a locked surface, except for `desired_version`, which only grows."""
        ...

    async def of(self, request_id: RequestId) -> list[Surface]:
        """Return the surfaces of a request, oldest first."""
        ...

    async def at(self, channel_id: str, ts: str) -> Surface | None:
        """Return the surface that is this message, if it is one of ours."""
        ...


class AuditStore(Protocol):
    """The chain."""

    async def append(self, fact: AuditFact) -> AuditEvent:
        """Seal `fact` behind the last event; the last act of a transaction."""
        ...

    async def find(self, wanted: AuditFilter) -> list[AuditEvent]:
        """Return the matching events, newest first."""
        ...

    def stream(self) -> AsyncIterator[list[StoredEvent]]:
        """Yield every event in order, in batches, for verification."""
        ...

    async def head(self) -> tuple[int, str]:
        """Return the number and hash of the last event; (0, GENESIS) if none."""
        ...


class TokenStore(Protocol):
    """Bearer tokens, by the digest of their secret."""

    async def add(self, token: Token) -> None:
        """Insert a token."""
        ...

    async def by_digest(self, digest: str) -> Token | None:
        """Return the token with this digest."""
        ...

    async def get(self, token_id: str) -> Token | None:
        """Return the token with this public id."""
        ...

    async def find(self, *, email: str | None) -> list[Token]:
        """Return tokens, newest first; None for everybody's."""
        ...

    async def revoke(self, token_id: str, *, at: datetime) -> bool:
        """Revoke a token; False if it was revoked before or is not there."""
        ...

    async def touch(self, token_id: str, *, at: datetime) -> None:
        """Note that a token was used."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PrincipalRow:
    """What the store knows of a person; strangers have tier 0 and are enabled."""

    email: str
    trust_tier: int = 0
    is_disabled: bool = False


class PrincipalStore(Protocol):
    """Trust tiers, and who is disabled."""

    async def get(self, email: str) -> PrincipalRow:
        """Return what is known of a person; the defaults for a stranger."""
        ...

    async def put(self, row: PrincipalRow) -> None:
        """Insert or replace what is known of a person."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalKey:
    """What makes two refusals the same one."""

    actor: str
    request_id: str
    verdict: Verdict | None
    code: str


class RefusalStore(Protocol):
    """Repeated refusals, counted so that nobody can flood the chain."""

    async def note(self, key: RefusalKey, *, at: datetime, window: timedelta) -> bool:
        """Count a refusal; True if it is the first within its window."""
        ...

    async def close(self, key: RefusalKey) -> int:
        """End the window; return how many repeats it counted."""
        ...


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
        """Return what is there, such as `PostgreSQL 18.0, schema 0001`.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class PolicyEngine(Protocol):
    """Answers policy questions; an unclear answer is an error, never a yes."""

    async def ask(
        self, question: PolicyQuestion, deadline: Deadline | None = None
    ) -> PolicyAnswer:
        """Answer one question.

        Raises:
            PolicyUnavailable: no answer, or not one that is well formed.
        """
        ...

    async def health(self) -> PolicyHealth:
        """Tell whether questions can be answered; raises nothing."""
        ...

    async def close(self) -> None:
        """End connections and child processes."""
        ...


class CredentialProvider(Protocol):
    """Makes and ends grants; idempotent by request id."""

    @property
    def name(self) -> str:
        """Return the name requests use."""
        ...

    def validate(self, ask: Ask) -> None:
        """Refuse what could never be granted.

        Raises:
            Invalid: naming the field.
        """
        ...

    async def grant(self, order: GrantOrder) -> IssuedGrant:
        """Grant, or return the grant made before for this request.

        Raises:
            ProviderFailed: it was not granted, or nobody knows.
        """
        ...

    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """End the grant; returns when that is confirmed, also if there is none.

        Raises:
            ProviderFailed: it may still be in force.
        """
        ...

    async def is_active(self, order: GrantOrder, handle: str) -> bool:
        """Tell whether the grant is in force.

        Raises:
            ProviderFailed: the provider does not say.
        """
        ...


class Sealer(Protocol):
    """Encrypts credentials, bound to their request."""

    def seal(self, request_id: RequestId, variables: Mapping[str, str]) -> bytes:
        """Return ciphertext that names its request inside."""
        ...

    def open(self, request_id: RequestId, sealed: bytes) -> Mapping[str, str]:
        """Return the variables.

        Raises:
            ConfigurationError: no key fits, or it is another request's.
        """
        ...


class Directory(Protocol):
    """Who is in which group, now."""

    async def groups_of(self, email: str) -> frozenset[str]:
        """Return the groups of a person; none for a stranger.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...

    async def members_of(self, group: str) -> tuple[str, ...]:
        """Return the e-mails in a group, in alphabetical order; empty if unknown.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...

    async def slack_handle_of(self, group: str) -> str | None:
        """Return the id of the group's Slack user group, `S…`, if it has one.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
        """
        ...
