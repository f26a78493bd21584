"""What a bearer token is and may do; its secret is never kept."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from zlib import crc32

from core.vocabulary import TokenScope

PREFIX: Final = "jit_"
"""Makes a leaked token recognisable to scanners."""

ENTROPY_BYTES: Final = 20
"""160 bits: nobody guesses one, and base 32 needs no padding."""

_CHECKSUM_LENGTH: Final = 7


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


def secret_from(entropy: bytes) -> str:
    """Return the secret that a person gets: prefix, base 32 and a checksum.

    Args:
        entropy: 20 random bytes.

    Raises:
        ValueError: there are fewer or more.
    """
    if len(entropy) != ENTROPY_BYTES:
        message = f"{len(entropy)} bytes of entropy, not {ENTROPY_BYTES}"
        raise ValueError(message)
    body = b32encode(entropy).decode().lower()
    return f"{PREFIX}{body}{_checksum(body)}"


def is_well_formed(secret: str) -> bool:
    """Tell whether this could be a secret of ours; a typing error is none."""
    body = secret.removeprefix(PREFIX)[:-_CHECKSUM_LENGTH]
    return secret == f"{PREFIX}{body}{_checksum(body)}"


def digest_of(secret: str) -> str:
    """Return what is stored of a secret: 64 hexadecimal digits.

    A plain SHA-256 is enough for 160 random bits; there is no password to guess.
    """
    return sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    return f"{crc32(body.encode()):0{_CHECKSUM_LENGTH + 1}x}"[-_CHECKSUM_LENGTH:]
