"""How much there is of everything, for whoever watches the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.vocabulary import JobKind, RequestState, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Counts as of one moment; every member of its enum is a key.

    Attributes:
        waiting: jobs by kind, whether due or not.
        failing: those of them whose last try failed.
        approver_findings: what the last look at approvers found.
    """

    requests: Mapping[RequestState, int]
    decisions: Mapping[Verdict, int]
    waiting: Mapping[JobKind, int]
    failing: Mapping[JobKind, int]
    approver_findings: int = 0


class FigureStore(Protocol):
    """Counts what is stored."""

    async def count(self) -> Figures:
        """Return the counts of this transaction."""
        ...
