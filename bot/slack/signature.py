"""Checks that a delivery comes from Slack, before anything of it is read."""

import hashlib
import hmac
from typing import Final

WINDOW_SECONDS: Final = 300
"""How far a timestamp may be off. Source: docs.slack.dev, verifying requests."""

DIGITS: Final = 12
"""Seconds since the epoch have ten, and will for two centuries."""


def is_signed(
    body: bytes, *, timestamp: str, signature: str, secret: str, now: float
) -> bool:
    """Tell whether Slack signed `body` within the last five minutes.

    Args:
        body: the raw bytes as received.
        timestamp: the header X-Slack-Request-Timestamp.
        signature: the header X-Slack-Signature.
        now: seconds since the epoch.

    Source: docs.slack.dev, verifying requests from Slack.
    """
    is_number = timestamp.isascii() and timestamp.isdigit()
    if not (secret and is_number and len(timestamp) <= DIGITS):
        return False
    if not signature.isascii():  # a raw byte of a header cannot even be encoded
        return False
    if abs(now - int(timestamp)) > WINDOW_SECONDS:
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={digest}".encode(), signature.encode())
