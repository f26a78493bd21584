"""Names that Slack hands back to us: of actions, views, blocks and the command."""

from typing import Final

COMMAND: Final = "/jitsudo"

APPROVE: Final = "approve"
DENY: Final = "deny"
REVOKE: Final = "revoke"
RETRY: Final = "retry"
GIVE_UP: Final = "give_up"
EXTEND: Final = "extend"
REVIEW: Final = "review"

DENY_VIEW: Final = "deny_view"
APPROVE_VIEW: Final = "approve_view"
REQUEST_VIEW: Final = "request_view"
REVOKE_VIEW: Final = "revoke_view"
EXTEND_VIEW: Final = "extend_view"
REVIEW_VIEW: Final = "review_view"

REASON: Final = "reason"
COMMENT: Final = "comment"
NOTE: Final = "note"
PROVIDER: Final = "provider"
ROLE: Final = "role"
SCOPE: Final = "scope"
DURATION: Final = "duration"
BREAK_GLASS: Final = "break_glass"
CONFIRMATION: Final = "confirmation"
"""Inputs; a modal's block id is the name of its input."""

METADATA_EVENT: Final = "jitsudo_request"
"""The `event_type` of the metadata on our messages."""
