"""How much there is of everything, for whoever watches the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.vocabulary import JobKind, RequestState, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """Counts of everything there ever was; every member of its enum is a key."""

    requests: Mapping[RequestState, int]
    decisions: Mapping[Verdict, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Counts of what is to be done; every kind is a key.

    Attributes:
        waiting: jobs by kind, whether due or not.
        failing: those of them whose last try failed.
        approver_findings: what the last look at approvers found.
    """

    waiting: Mapping[JobKind, int]
    failing: Mapping[JobKind, int]
    approver_findings: int = 0


class FigureStore(Protocol):
    """Counts what is stored."""

    async def totals(self) -> Totals:
        """Return the totals of this transaction; reads whole indexes for it."""
        ...

    async def backlog(self) -> Backlog:
        """Return the jobs of this transaction; there are few."""
        ...
