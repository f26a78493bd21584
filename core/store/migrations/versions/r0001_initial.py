"""Everything that the first version needs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.migrations.audit_guard_0001 import guard_audit

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_CODE = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_GENESIS = "0" * 64


def upgrade() -> None:
    """Create the tables, the head of an empty chain, and its guards."""
    _create_people()
    _create_requests()
    _create_decisions()
    _create_work()
    _create_audit()
    head = sa.table("audit_head", sa.column("id"), sa.column("seq"), sa.column("hash"))
    op.execute(sa.insert(head).values(id=1, seq=0, hash=_GENESIS))
    guard_audit(op.get_bind().dialect.name)


def _create_people() -> None:
    op.create_table(
        "principals",
        sa.Column("email", _CODE, nullable=False),
        sa.Column("trust_tier", sa.Integer(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("trust_tier BETWEEN 0 AND 4", name="known_trust_tier"),
        sa.PrimaryKeyConstraint("email", name="principals_pk"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.Column("email", _CODE, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.Column("last_used_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="tokens_pk"),
        sa.UniqueConstraint("digest", name="one_token_per_digest"),
    )
    op.create_index("tokens_by_email_created_at", "tokens", ["email", "created_at"])
    op.create_table(
        "refusals",
        sa.Column("actor", _CODE, nullable=False),
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("verdict", _CODE, nullable=False),
        sa.Column("code", _CODE, nullable=False),
        sa.Column("window_ends_at", _MOMENT, nullable=False),
        sa.Column("was_first", sa.Boolean(), nullable=False),
        sa.Column("repeats", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "actor", "request_id", "verdict", "code", name="refusals_pk"
        ),
    )


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("requester", _CODE, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("resource_scope", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("break_glass", sa.Boolean(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("routed_approvals", sa.Integer(), nullable=False),
        sa.Column("approver_groups", sa.Text(), nullable=False),
        sa.Column("notify_groups", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("require_comment", sa.Boolean(), nullable=False),
        sa.Column("approval_note", sa.Text(), nullable=False),
        sa.Column("state", _CODE, nullable=False),
        sa.Column("grant_status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("lapses_at", _MOMENT, nullable=False),
        sa.Column("required_approvals", sa.Integer(), nullable=False),
        sa.Column("counted_approvals", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", _MOMENT),
        sa.Column("decision_text", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_at", _MOMENT),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.Column("issued_at", _MOMENT),
        sa.Column("expires_at", _MOMENT),
        sa.Column("grant_error", sa.Text(), nullable=False),
        sa.Column("next_try_at", _MOMENT),
        sa.CheckConstraint(
            "grant_status IN ('none', 'issuing', 'failed', 'active', 'revoking', "
            "'revoke_failed', 'ended')",
            name="known_grant_status",
        ),
        sa.CheckConstraint(
            "state IN ('PENDING', 'APPROVED', 'REJECTED', 'ACTIVE', 'EXPIRED', "
            "'REVOKED')",
            name="known_request_state",
        ),
        sa.CheckConstraint("tier IN ('auto', 'ai_review', 'human')", name="known_tier"),
        sa.CheckConstraint("duration_seconds >= 1", name="duration_is_positive"),
        sa.CheckConstraint(
            "routed_approvals >= 1 AND required_approvals >= routed_approvals",
            name="quorum_never_shrinks",
        ),
        sa.CheckConstraint("version >= 1", name="version_counts_from_one"),
        sa.PrimaryKeyConstraint("id", name="requests_pk"),
        sa.UniqueConstraint("id", "requester", name="requests_id_requester"),
    )
    op.create_index(
        "requests_by_requester_created_at", "requests", ["requester", "created_at"]
    )
    op.create_index("requests_by_requester_id", "requests", ["requester", "id"])
    op.create_index("requests_by_state_id", "requests", ["state", "id"])
    op.create_table(
        "request_groups",
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("group_name", _CODE, nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name="request_groups_request"
        ),
        sa.PrimaryKeyConstraint("request_id", "group_name", name="request_groups_pk"),
    )
    op.create_index(
        "request_groups_by_group_name_request_id",
        "request_groups",
        ["group_name", "request_id"],
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", _NUMBER, sa.Identity(), nullable=False),
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("requester", _CODE, nullable=False),
        sa.Column("approver", _CODE, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("self_allowed", sa.Boolean(), nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "verdict <> 'approve' OR self_allowed "
            "OR lower(approver) <> lower(requester)",
            name="no_self_approval",
        ),
        sa.CheckConstraint("verdict IN ('approve', 'deny')", name="known_verdict"),
        sa.ForeignKeyConstraint(
            ["request_id", "requester"],
            ["requests.id", "requests.requester"],
            name="decisions_request_and_requester",
        ),
        sa.PrimaryKeyConstraint("id", name="decisions_pk"),
        sa.UniqueConstraint(
            "request_id", "approver", "verdict", name="one_verdict_each"
        ),
    )
    op.create_index(
        "decisions_by_approver_request_id", "decisions", ["approver", "request_id"]
    )
    op.create_table(
        "grants",
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("sealed_credentials", sa.LargeBinary()),
        sa.Column("ended_at", _MOMENT),
        sa.CheckConstraint(
            "ended_at IS NULL OR sealed_credentials IS NULL",
            name="ended_grant_has_no_credentials",
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name="grants_request"),
        sa.PrimaryKeyConstraint("request_id", name="grants_pk"),
    )


def _create_work() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _NUMBER, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", _CODE, nullable=False),
        sa.Column("key", _CODE, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Text()),
        sa.Column("leased_until", _MOMENT),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(lease IS NULL) = (leased_until IS NULL)", name="lease_has_an_end"
        ),
        sa.PrimaryKeyConstraint("id", name="jobs_pk"),
    )
    op.create_index("jobs_by_due_at_id", "jobs", ["due_at", "id"])
    op.create_index("jobs_by_lane_due_at_id", "jobs", ["lane", "due_at", "id"])
    op.create_index(
        "one_job_in_flight_per_lane",
        "jobs",
        ["lane"],
        unique=True,
        postgresql_where=sa.text("lease IS NOT NULL"),
        sqlite_where=sa.text("lease IS NOT NULL"),
    )
    op.create_index(
        "one_waiting_job_per_key",
        "jobs",
        ["key"],
        unique=True,
        postgresql_where=sa.text("lease IS NULL"),
        sqlite_where=sa.text("lease IS NULL"),
    )
    op.create_table(
        "surfaces",
        sa.Column("id", _NUMBER, sa.Identity(), nullable=False),
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("destination", _CODE, nullable=False),
        sa.Column("desired_version", sa.BigInteger(), nullable=False),
        sa.Column("rendered_version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel_id", _CODE),
        sa.Column("ts", _CODE),
        sa.Column("delivery_id", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", _MOMENT),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'posted', 'ambiguous', 'parked', 'gone')",
            name="known_surface_state",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name="surfaces_request"
        ),
        sa.PrimaryKeyConstraint("id", name="surfaces_pk"),
        sa.UniqueConstraint(
            "request_id", "purpose", "destination", name="one_surface_each"
        ),
    )
    op.create_index("surfaces_by_channel_id_ts", "surfaces", ["channel_id", "ts"])


def _create_audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("prev_hash", _CODE, nullable=False),
        sa.Column("hash", _CODE, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("occurred_at", _CODE, nullable=False),
        sa.Column("actor", _CODE, nullable=False),
        sa.Column("action", _CODE, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request_id", _CODE, nullable=False),
        sa.CheckConstraint("outcome IN ('success', 'failure')", name="known_outcome"),
        sa.PrimaryKeyConstraint("seq", name="audit_events_pk"),
    )
    op.create_index("audit_events_by_action_seq", "audit_events", ["action", "seq"])
    op.create_index("audit_events_by_actor_seq", "audit_events", ["actor", "seq"])
    op.create_index("audit_events_by_occurred_at", "audit_events", ["occurred_at"])
    op.create_index(
        "audit_events_by_request_id_seq", "audit_events", ["request_id", "seq"]
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", _CODE, nullable=False),
        sa.CheckConstraint("id = 1", name="one_audit_head"),
        sa.PrimaryKeyConstraint("id", name="audit_head_pk"),
    )
