"""Work promised by a transaction and done after it, when due, at least once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.vocabulary import JobKind


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """A promise to be stored with the change that makes it.

    Attributes:
        lane: jobs of one lane are never in flight together.
        key: while a job with this key waits, another one is not added; its due
            time becomes the earlier of the two.
        due_at: not run before this time of the database's clock; None is at
            once by that clock, whatever the clock of this process says.
    """

    kind: JobKind
    lane: str
    key: str
    due_at: datetime | None = None
    payload: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job as claimed or listed.

    Attributes:
        attempts: how often it was claimed, this time included.
        lease: proves who works on it; finishing needs the same one.
        leased_until: when another worker may take it over.
        last_error: why the last try failed, without secrets; empty if none did.
    """

    id: int
    kind: JobKind
    lane: str
    key: str
    due_at: datetime
    payload: Mapping[str, str]
    created_at: datetime
    attempts: int = 0
    lease: str | None = None
    leased_until: datetime | None = None
    last_error: str = ""
