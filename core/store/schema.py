"""The tables, once for both databases; the triggers are in the migrations."""

from typing import Final

import sqlalchemy as sa

from core.store.dialects import Code, Moment, Number
from core.store.identity_tables import (
    issuer_keys,
    link_codes,
    member_groups,
    memberships,
    principals,
    rates,
    refusals,
    sign_ins,
    slack_links,
    tokens,
)
from core.store.metadata import index_by, metadata, one_of, partial_index
from core.vocabulary import (
    GrantStatus,
    Outcome,
    RequestState,
    SurfaceState,
    Tier,
    Verdict,
)

__all__ = [
    "IS_PENDING",
    "REVISION",
    "TO_REVIEW",
    "audit_events",
    "audit_head",
    "decisions",
    "grants",
    "issuer_keys",
    "jobs",
    "link_codes",
    "member_groups",
    "memberships",
    "metadata",
    "principals",
    "rates",
    "refusals",
    "request_groups",
    "requests",
    "sign_ins",
    "slack_links",
    "surfaces",
    "tokens",
]

REVISION: Final = "0004"
"""The newest migration, which this code needs."""

TO_REVIEW: Final = sa.text("break_glass AND reviewed_at IS NULL")
"""Written out wherever it is asked for, so that a partial index answers."""

IS_PENDING: Final = sa.text("state = 'PENDING'")
"""The same, for what a requester has waiting."""

requests: Final = sa.Table(
    "requests",
    metadata,
    sa.Column("id", Code, primary_key=True),
    sa.Column("requester", Code, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("resource_scope", sa.Text, nullable=False),
    sa.Column("duration_seconds", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("break_glass", sa.Boolean, nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("routed_approvals", sa.Integer, nullable=False),
    sa.Column("approver_groups", sa.Text, nullable=False),
    sa.Column("notify_groups", sa.Text, nullable=False),
    sa.Column("channel", sa.Text),
    sa.Column("require_comment", sa.Boolean, nullable=False),
    sa.Column("approval_note", sa.Text, nullable=False),
    sa.Column("state", Code, nullable=False),
    sa.Column("grant_status", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("lapses_at", Moment, nullable=False),
    sa.Column("required_approvals", sa.Integer, nullable=False),
    sa.Column("counted_approvals", sa.Integer, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", Moment),
    sa.Column("decision_text", sa.Text, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_at", Moment),
    sa.Column("end_reason", sa.Text, nullable=False),
    sa.Column("issued_at", Moment),
    sa.Column("expires_at", Moment),
    sa.Column("grant_error", sa.Text, nullable=False),
    sa.Column("next_try_at", Moment),
    sa.Column("lane", Code),
    sa.Column("submission_key", Code),
    sa.Column("extends", Code),
    sa.Column("reviewed_by", sa.Text),
    sa.Column("reviewed_at", Moment),
    sa.Column("review_note", sa.Text),
    sa.Column("vouched_by", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("id", "requester", name="requests_id_requester"),
    one_of("state", RequestState, name="known_request_state"),
    one_of("grant_status", GrantStatus, name="known_grant_status"),
    one_of("tier", Tier, name="known_tier"),
    sa.CheckConstraint("version >= 1", name="version_counts_from_one"),
    sa.CheckConstraint("duration_seconds >= 1", name="duration_is_positive"),
    sa.CheckConstraint(
        "routed_approvals >= 1 AND required_approvals >= routed_approvals",
        name="quorum_never_shrinks",
    ),
    sa.Index("requests_by_state_id", "state", "id"),
    sa.Index("requests_by_requester_id", "requester", "id"),
    index_by("requests", "requester", "state", "id"),
    sa.Index("requests_by_requester_created_at", "requester", "created_at"),
    partial_index("requests_by_lane_id", "lane", "id", where="lane IS NOT NULL"),
    partial_index("requests_by_extends", "extends", where="extends IS NOT NULL"),
    partial_index(
        "pending_requests_by_requester", "requester", where="state = 'PENDING'"
    ),
    sa.Index("one_request_per_submission", "submission_key", unique=True),
    sa.Index(
        "requests_to_review",
        "id",
        postgresql_where=TO_REVIEW,
        sqlite_where=TO_REVIEW,
    ),
)

request_groups: Final = sa.Table(
    "request_groups",
    metadata,
    sa.Column(
        "request_id",
        Code,
        sa.ForeignKey("requests.id", name="request_groups_request"),
        primary_key=True,
    ),
    sa.Column("group_name", Code, primary_key=True),
    # Both repeat the request's, so that one state of one group, and of it what one
    # person asked for, is one part of an index. Triggers keep them.
    sa.Column("state", Code, nullable=False, server_default="PENDING"),
    sa.Column("requester", Code, nullable=False, server_default=""),
    index_by("request_groups", "group_name", "request_id"),
    index_by("request_groups", "group_name", "state", "request_id"),
    index_by("request_groups", "group_name", "requester", "state", "request_id"),
)

decisions: Final = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", Number, sa.Identity(), primary_key=True),
    sa.Column("request_id", Code, nullable=False),
    sa.Column("requester", Code, nullable=False),
    sa.Column("approver", Code, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("self_allowed", sa.Boolean, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    # Repeats the request's, as in `request_groups`.
    sa.Column("state", Code, nullable=False, server_default="PENDING"),
    sa.ForeignKeyConstraint(
        ["request_id", "requester"],
        ["requests.id", "requests.requester"],
        name="decisions_request_and_requester",
    ),
    sa.UniqueConstraint("request_id", "approver", "verdict", name="one_verdict_each"),
    one_of("verdict", Verdict, name="known_verdict"),
    sa.CheckConstraint(
        "verdict <> 'approve' OR self_allowed OR lower(approver) <> lower(requester)",
        name="no_self_approval",
    ),
    index_by("decisions", "approver", "request_id"),
    index_by("decisions", "approver", "state", "request_id"),
    index_by("decisions", "approver", "requester", "state", "request_id"),
)

grants: Final = sa.Table(
    "grants",
    metadata,
    sa.Column(
        "request_id",
        Code,
        sa.ForeignKey("requests.id", name="grants_request"),
        primary_key=True,
    ),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("handle", sa.Text, nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("sealed_credentials", sa.LargeBinary),
    sa.Column("ended_at", Moment),
    sa.CheckConstraint(
        "ended_at IS NULL OR sealed_credentials IS NULL",
        name="ended_grant_has_no_credentials",
    ),
)

IN_FLIGHT: Final = sa.text("lease IS NOT NULL")
WAITING: Final = sa.text("lease IS NULL")

jobs: Final = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", Number, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("lane", Code, nullable=False),
    sa.Column("key", Code, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lease", sa.Text),
    sa.Column("leased_until", Moment),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.CheckConstraint(
        "(lease IS NULL) = (leased_until IS NULL)", name="lease_has_an_end"
    ),
    sa.Index("jobs_by_due_at_id", "due_at", "id"),
    sa.Index("jobs_by_lane_due_at_id", "lane", "due_at", "id"),
    sa.Index(
        "one_waiting_job_per_key",
        "key",
        unique=True,
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    ),
    sa.Index(
        "one_job_in_flight_per_lane",
        "lane",
        unique=True,
        postgresql_where=IN_FLIGHT,
        sqlite_where=IN_FLIGHT,
    ),
)

surfaces: Final = sa.Table(
    "surfaces",
    metadata,
    sa.Column("id", Number, sa.Identity(), primary_key=True),
    sa.Column(
        "request_id",
        Code,
        sa.ForeignKey("requests.id", name="surfaces_request"),
        nullable=False,
    ),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("destination", Code, nullable=False),
    sa.Column("desired_version", sa.BigInteger, nullable=False),
    sa.Column("rendered_version", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("channel_id", Code),
    sa.Column("ts", Code),
    sa.Column("delivery_id", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("attempted_at", Moment),
    sa.Column("error", sa.Text, nullable=False),
    sa.UniqueConstraint(
        "request_id", "purpose", "destination", name="one_surface_each"
    ),
    one_of("state", SurfaceState, name="known_surface_state"),
    sa.Index("surfaces_by_channel_id_ts", "channel_id", "ts"),
)

audit_events: Final = sa.Table(
    "audit_events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("prev_hash", Code, nullable=False),
    sa.Column("hash", Code, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    # The very text that was hashed, so that comparing it costs no conversion.
    sa.Column("occurred_at", Code, nullable=False),
    sa.Column("actor", Code, nullable=False),
    sa.Column("action", Code, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("request_id", Code, nullable=False),
    one_of("outcome", Outcome, name="known_outcome"),
    sa.Index("audit_events_by_request_id_seq", "request_id", "seq"),
    sa.Index("audit_events_by_actor_seq", "actor", "seq"),
    sa.Index("audit_events_by_action_seq", "action", "seq"),
    sa.Index("audit_events_by_occurred_at", "occurred_at"),
)

audit_head: Final = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", Code, nullable=False),
    sa.CheckConstraint("id = 1", name="one_audit_head"),
)
