"""The glossary as types: every word that a database, a wire or a card may carry."""

import re
from enum import StrEnum
from typing import Final, NewType

RequestId = NewType("RequestId", str)
"""`req_` and a ULID in capitals, such as `req_01J8KZ4F2EMNQZ3V7XKQYBD4WA`."""

REQUEST_ID_PATTERN: Final = re.compile(r"req_[0-7][0-9A-HJKMNP-TV-Z]{25}")
"""Crockford's base 32 without I, L, O, U; the first digit keeps it below 2^128.

Source: the ULID specification, section "Canonical String Representation".
"""


class RequestState(StrEnum):
    """Where a request stands; see `core.domain.lifecycle` for the moves."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class RequestEvent(StrEnum):
    """What may happen to a request."""

    APPROVE = "approve"
    DENY = "deny"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    ACTIVATE = "activate"
    ABANDON = "abandon"
    REVOKE = "revoke"
    EXPIRE = "expire"


class Verdict(StrEnum):
    """One approver's answer to one request."""

    APPROVE = "approve"
    DENY = "deny"


class Tier(StrEnum):
    """Who has to say yes."""

    AUTO = "auto"
    AI_REVIEW = "ai_review"
    HUMAN = "human"


class GrantStatus(StrEnum):
    """Where the credentials of a request stand, beside its state."""

    NONE = "none"
    ISSUING = "issuing"
    FAILED = "failed"
    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKE_FAILED = "revoke_failed"
    ENDED = "ended"


class Origin(StrEnum):
    """Which transport an act came by; bound by the server, never by a client."""

    SLACK = "slack"
    API = "api"
    POLICY = "policy"
    SYSTEM = "system"
    DIRECT = "direct"


class Outcome(StrEnum):
    """Whether what an audit event tells of was done or refused."""

    SUCCESS = "success"
    FAILURE = "failure"


class AuditAction(StrEnum):
    """What an audit event tells of."""

    REQUEST_CREATED = "request.created"
    REQUEST_APPROVAL_RECORDED = "request.approval_recorded"
    REQUEST_APPROVED = "request.approved"
    REQUEST_AUTO_APPROVED = "request.auto_approved"
    REQUEST_DENIED = "request.denied"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_LAPSED = "request.lapsed"
    REQUEST_ABANDONED = "request.abandoned"
    REQUEST_BREAK_GLASS = "request.break_glass"
    REQUEST_REVIEWED = "request.reviewed"
    REQUEST_REVIEW_REFUSED = "request.review_refused"
    REQUEST_ELIGIBILITY_REFUSED = "request.eligibility_refused"
    REQUEST_DECISION_REFUSED = "request.decision_refused"
    GRANT_ISSUED = "grant.issued"
    GRANT_FAILED = "grant.failed"
    GRANT_RETRY_REQUESTED = "grant.retry_requested"
    GRANT_REVOKE_REQUESTED = "grant.revoke_requested"
    GRANT_REVOKE_REFUSED = "grant.revoke_refused"
    GRANT_REVOKED = "grant.revoked"
    GRANT_REVOKE_FAILED = "grant.revoke_failed"
    GRANT_EXPIRED = "grant.expired"
    CREDENTIALS_READ = "credentials.read"
    TOKEN_ISSUED = "token.issued"
    TOKEN_REVOKED = "token.revoked"
    TOKEN_LISTED = "token.listed"
    ADMIN_REFUSED = "admin.refused"
    PRINCIPAL_DISABLED = "principal.disabled"
    PRINCIPAL_ENABLED = "principal.enabled"
    PRINCIPAL_TRUST_CHANGED = "principal.trust_changed"
    PRINCIPAL_SIGNED_IN = "principal.signed_in"
    IDENTITY_LINKED = "identity.linked"
    IDENTITY_UNLINKED = "identity.unlinked"
    IDENTITY_CONFLICT = "identity.conflict"
    IDENTITY_REFUSED = "identity.refused"
    SIGN_IN_CONFIRMED = "sign_in.confirmed"
    SIGN_IN_REFUSED = "sign_in.refused"
    POLICY_RELOADED = "policy.reloaded"


class JobKind(StrEnum):
    """Work that a transaction promised and that is done after it."""

    ISSUE = "issue"
    EXPIRE = "expire"
    REVOKE = "revoke"
    LAPSE = "lapse"
    WARN = "warn"
    REMIND_REVIEW = "remind_review"
    OFFBOARD = "offboard"
    RENDER = "render"
    TELL_REFUSALS = "tell_refusals"
    TELL_ADMINS = "tell_admins"
    CHECK_APPROVERS = "check_approvers"


class PolicyPackage(StrEnum):
    """The two Rego packages that are asked."""

    ELIGIBILITY = "jitsudo.eligibility"
    APPROVAL = "jitsudo.approval"


class PolicyAction(StrEnum):
    """Why policy is asked; `input.action` in Rego."""

    SUBMIT = "submit"
    ROUTE = "route"
    APPROVE = "approve"
    DENY = "deny"
    REVOKE = "revoke"


class TokenScope(StrEnum):
    """What a bearer token may do."""

    REQUEST = "request"
    READ = "read"
    APPROVE = "approve"
    ADMIN = "admin"


class SurfacePurpose(StrEnum):
    """What a surface is for."""

    CARD = "card"
    DM = "dm"
    THREAD = "thread"
    WARNING = "warning"
    REMINDER = "reminder"


class SurfaceState(StrEnum):
    """What is known of a surface's message in Slack."""

    PENDING = "pending"
    SENDING = "sending"
    POSTED = "posted"
    AMBIGUOUS = "ambiguous"
    PARKED = "parked"
    GONE = "gone"


class LinkMethod(StrEnum):
    """How an account in Slack was bound to a principal."""

    FIRST_USE = "first_use"
    OIDC = "oidc"
    ADMIN = "admin"


class SignInState(StrEnum):
    """Where the sign-in of a terminal stands."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    USED = "used"


class SignInMethod(StrEnum):
    """What somebody showed to be known over REST."""

    TOKEN = "token"
    OIDC = "oidc"


class GroupSource(StrEnum):
    """Where a group of somebody's comes from."""

    FILE = "file"
    SLACK = "slack"
    OIDC = "oidc"
