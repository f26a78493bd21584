"""What is counted together, and what is said of too much of it."""

import math
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from core.errors import TooMany

_V6_NETWORK: Final = 64
"""Bits that one customer shares; the others change at will. Source: RFC 6177."""


def network_of(address: str) -> str:
    """Return for whom an address counts: itself, or its /64 of IPv6.

    What is no address is `unknown`, so that no text of a client's is a name of its
    own.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ip_network((parsed.packed, _V6_NETWORK), strict=False))


def too_many(what: str, *, most: int, ends_at: datetime, now: datetime) -> TooMany:
    """Return the refusal of what was done too often; it says until when.

    Args:
        what: and within which time, such as `decisions within a minute`.
        most: how often it may be done.
        ends_at: when the window ends.
    """
    left = math.ceil((ends_at - now).total_seconds())
    return TooMany(what=f"{what} (at most {most})", retry_after_seconds=max(1, left))
