"""Stores of who and what happened: audit, tokens, principals, refusals."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.audit import AuditEvent, AuditFact, StoredEvent
from core.domain.token import Token
from core.ports.queries import AuditFilter, TokenFilter
from core.vocabulary import (
    Verdict,
)


class AuditStore(Protocol):
    """The chain."""

    async def append(self, fact: AuditFact) -> AuditEvent:
        """Seal `fact` behind the last event; the last act of a transaction."""
        ...

    async def hold(self) -> None:
        """Keep others from appending until this transaction ends.

        For who appends only if the chain says that nobody else has.
        """
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

    async def find(self, wanted: TokenFilter) -> list[Token]:
        """Return the matching tokens, newest first."""
        ...

    async def valid_of(self, email: str, *, at: datetime) -> list[Token]:
        """Return all of a person's tokens that are valid at this time."""
        ...

    async def valid_for_others(self, *, at: datetime) -> list[Token]:
        """Return all valid tokens that their own person did not make."""
        ...

    async def last_use(self, email: str) -> datetime | None:
        """Return when a token of this person's was last used, as far as is kept."""
        ...

    async def revoke(self, token_id: str, *, at: datetime) -> bool:
        """Revoke a token; False if it was revoked before or is not there."""
        ...

    async def touch(self, token_id: str, *, at: datetime) -> None:
        """Note that a token was used."""
        ...

    async def forget_ended(self, *, before: datetime, most: int) -> int:
        """Remove tokens that ended by this time; return how many.

        Args:
            before: when they expired, or were revoked if that came first.
            most: about how many to remove at once, up to twice as many.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PrincipalRow:
    """What the store knows of a person; strangers have tier 0 and are enabled.

    Attributes:
        notes: why they have their tier, in an admin's words.
        enrolled_by: the admin who set it last; None if nobody did.
        enrolled_at: when that was.
    """

    email: str
    trust_tier: int = 0
    is_disabled: bool = False
    notes: str = ""
    enrolled_by: str | None = None
    enrolled_at: datetime | None = None


class PrincipalStore(Protocol):
    """Trust tiers, and who is disabled."""

    async def get(self, email: str) -> PrincipalRow:
        """Return what is known of a person; the defaults for a stranger."""
        ...

    async def of(self, emails: Collection[str]) -> Mapping[str, PrincipalRow]:
        """Return what is known of several people; every e-mail is a key."""
        ...

    async def hold(self, email: str, *, is_alone: bool = True) -> PrincipalRow:
        """Return what is known of a person and keep others from changing it.

        Comes before every other lock of a transaction; a stranger is noted.

        Args:
            is_alone: whether others who hold the same person have to wait.
        """
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
