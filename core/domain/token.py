"""What a bearer token is and may do; its secret is never kept."""

from dataclasses import dataclass
from datetime import datetime

from core.vocabulary import TokenScope


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A bearer token as stored and listed.

    Attributes:
        id: short and public, for `token revoke`; not the secret.
        digest: SHA-256 of the secret, hexadecimal.
    """

    id: str
    digest: str
    email: str
    scopes: frozenset[TokenScope]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether it was neither revoked nor has expired."""
        return self.revoked_at is None and now < self.expires_at
