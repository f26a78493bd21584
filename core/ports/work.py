"""Stores of what is to be done and shown: jobs and surfaces."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

from core.domain.job import Job, NewJob
from core.domain.surface import Surface
from core.vocabulary import (
    JobKind,
    RequestId,
    SurfacePurpose,
)


class JobStore(Protocol):
    """Jobs; due times and leases compare with the database's clock."""

    async def add(self, job: NewJob) -> None:
        """Insert a job, or make the waiting one with its key due earlier."""
        ...

    async def add_all(self, jobs: Sequence[NewJob]) -> None:
        """Add several jobs in one statement; their keys differ."""
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

    async def want_all(
        self,
        request_id: RequestId,
        wanted: Collection[tuple[SurfacePurpose, str]],
        *,
        version: int,
    ) -> list[Surface]:
        """Want several surfaces, by purpose and destination, in one statement.

        Returns:
            The surfaces, in no particular order.
        """
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
