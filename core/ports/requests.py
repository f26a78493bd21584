"""Stores of what people ask for and decide: requests, decisions, grants."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.decision import Decision
from core.domain.grant import Grant
from core.domain.request import ElevationRequest
from core.ports.queries import RequestFilter
from core.vocabulary import (
    RequestId,
)


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

    async def by_submission(self, key: str) -> ElevationRequest | None:
        """Return the request that was submitted under a key."""
        ...

    async def shares_lane(self, request: ElevationRequest) -> bool:
        """Tell whether another request of the same lane is in force."""
        ...

    async def open_extension_of(self, request_id: RequestId) -> ElevationRequest | None:
        """Return a request for more of the same that is PENDING or APPROVED."""
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

    async def count_by(
        self, requester: str, *, since: datetime, until: datetime
    ) -> int:
        """Return how many requests `requester` submitted from one time to another.

        Both times belong to what is counted.
        """
        ...

    async def count_pending(self, requester: str, *, at: datetime) -> int:
        """Return how many requests of `requester` wait, and have not lapsed by `at`."""
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

    async def sealed(self, *, after: RequestId | None, limit: int) -> list[RequestId]:
        """Return requests that have sealed credentials, in order of their ids."""
        ...

    async def erase_credentials(self, request_id: RequestId) -> None:
        """Remove the ciphertext; nothing happens if there is none."""
        ...

    async def end(self, request_id: RequestId, *, at: datetime) -> None:
        """Note that the provider confirmed the end; erases the ciphertext too."""
        ...
