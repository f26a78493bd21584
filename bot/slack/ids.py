"""Names that Slack hands back to us: of actions, views, blocks and the command."""

from typing import Final

COMMAND: Final = "/jitsudo"

APPROVE: Final = "approve"
DENY: Final = "deny"

DENY_VIEW: Final = "deny_view"
APPROVE_VIEW: Final = "approve_view"
REQUEST_VIEW: Final = "request_view"

REASON: Final = "reason"
COMMENT: Final = "comment"
PROVIDER: Final = "provider"
ROLE: Final = "role"
SCOPE: Final = "scope"
DURATION: Final = "duration"
"""Inputs; a modal's block id is the name of its input."""

METADATA_EVENT: Final = "jitsudo_request"
"""The `event_type` of the metadata on our messages."""
