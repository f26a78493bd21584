"""Spells what people typed so that STS takes it with a session."""

import unicodedata
from typing import Final

TAG_LIMIT: Final = 256
SOURCE_IDENTITY_LIMIT: Final = 64
_TAG_SIGNS: Final = frozenset("_.:/=+-@")
_NAME_SIGNS: Final = frozenset("_+=,.@-")
"""What STS takes. Source: STS API reference, Tag, and AssumeRole SourceIdentity."""


def to_tag(text: str, instead: str) -> str:
    """Return text as the value of a session tag.

    Args:
        instead: what stands for each character that a tag cannot hold.
    """
    return _spelt(text, _TAG_SIGNS, "LZN", instead, TAG_LIMIT)


def to_source_identity(email: str) -> str:
    """Return an e-mail as a source identity: ASCII, at most 64 characters."""
    ascii_only = "".join(c if c.isascii() else "-" for c in email)
    return _spelt(ascii_only, _NAME_SIGNS, "LN", "-", SOURCE_IDENTITY_LIMIT)


def _spelt(
    text: str, signs: frozenset[str], kinds: str, instead: str, limit: int
) -> str:
    kept = "".join(
        c if c in signs or unicodedata.category(c)[0] in kinds else instead
        for c in text
    )
    line = " ".join(kept.split())
    # AWS counts in units of UTF-16: half a character more would be one too many.
    units = line.encode("utf-16-le")[: 2 * limit]
    return units.decode("utf-16-le", errors="ignore").rstrip()
