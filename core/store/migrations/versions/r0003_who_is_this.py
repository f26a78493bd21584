"""Who somebody is: links to Slack, sign-ins, remembered groups, counted acts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.migrations.visible_states_0003 import keep_states_visible

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_CODE = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

_IS_PENDING = sa.text("state = 'PENDING'")
_INDEXES = (
    ("requests", ("requester", "state", "id")),
    ("request_groups", ("group_name", "state", "request_id")),
    ("request_groups", ("group_name", "requester", "state", "request_id")),
    ("decisions", ("approver", "state", "request_id")),
    ("decisions", ("approver", "requester", "state", "request_id")),
)


def upgrade() -> None:
    """Add tables that are empty, and columns that repeat what there is."""
    dialect = op.get_bind().dialect.name
    op.add_column(
        "principals",
        sa.Column("notes", sa.Text(), nullable=False, server_default=""),
    )
    op.add_column("principals", sa.Column("enrolled_by", sa.Text()))
    op.add_column("principals", sa.Column("enrolled_at", _MOMENT))
    op.add_column(
        "requests",
        sa.Column("vouched_by", sa.Text(), nullable=False, server_default=""),
    )
    _add_what_lists_read()
    keep_states_visible(dialect)
    op.create_index(
        "pending_requests_by_requester",
        "requests",
        ["requester"],
        postgresql_where=_IS_PENDING,
        sqlite_where=_IS_PENDING,
    )
    _add_links()
    _add_sign_ins()
    _add_memberships()
    _add_issuer_keys()
    _add_rates(dialect)


def _add_what_lists_read() -> None:
    for table in ("request_groups", "decisions"):
        op.add_column(
            table, sa.Column("state", _CODE, nullable=False, server_default="PENDING")
        )
    op.add_column(
        "request_groups",
        sa.Column("requester", _CODE, nullable=False, server_default=""),
    )
    for table, columns in _INDEXES:
        op.create_index(f"{table}_by_{'_'.join(columns)}", table, list(columns))


def _add_links() -> None:
    op.create_table(
        "slack_links",
        sa.Column("team_id", _CODE, nullable=False),
        sa.Column("user_id", _CODE, nullable=False),
        sa.Column("email", _CODE, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("team_id", "user_id", name="slack_links_pk"),
        sa.UniqueConstraint("email", name="one_account_each"),
        sa.CheckConstraint(
            "method IN ('first_use', 'oidc', 'admin')", name="known_link_method"
        ),
    )
    op.create_table(
        "link_codes",
        sa.Column("code", _CODE, nullable=False),
        sa.Column("team_id", _CODE, nullable=False),
        sa.Column("user_id", _CODE, nullable=False),
        sa.Column("email", _CODE, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
        sa.PrimaryKeyConstraint("code", name="link_codes_pk"),
    )
    op.create_index("link_codes_by_expires_at", "link_codes", ["expires_at"])


def _add_sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("digest", _CODE, nullable=False),
        sa.Column("user_code", _CODE, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("polled_at", _MOMENT),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("email", _CODE),
        sa.Column("settled_at", _MOMENT),
        sa.PrimaryKeyConstraint("digest", name="sign_ins_pk"),
        sa.UniqueConstraint("user_code", name="one_sign_in_per_code"),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'refused', 'used')",
            name="known_sign_in_state",
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (settled_at IS NULL)",
            name="settled_sign_in_has_a_time",
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'used') OR email IS NOT NULL",
            name="confirmed_sign_in_has_a_person",
        ),
    )
    op.create_index("sign_ins_by_expires_at", "sign_ins", ["expires_at"])


def _add_memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("email", _CODE, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("signed_in_at", _MOMENT, nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("email", name="memberships_pk"),
    )
    op.create_table(
        "member_groups",
        sa.Column("group_name", _CODE, nullable=False),
        sa.Column("email", _CODE, nullable=False),
        sa.ForeignKeyConstraint(
            ["email"], ["memberships.email"], name="member_groups_membership"
        ),
        sa.PrimaryKeyConstraint("group_name", "email", name="member_groups_pk"),
    )


def _add_issuer_keys() -> None:
    op.create_table(
        "issuer_keys",
        sa.Column("issuer", _CODE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("fetched_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("issuer", name="issuer_keys_pk"),
    )


def _add_rates(dialect: str) -> None:
    op.create_table(
        "rates",
        sa.Column("name", _CODE, nullable=False),
        sa.Column("window_ends_at", _MOMENT, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="rates_pk"),
        # What is counted for a minute need not outlive a crash, nor wait for a disk.
        prefixes=["UNLOGGED"] if dialect == "postgresql" else [],
    )
    op.create_index("rates_by_window_ends_at", "rates", ["window_ends_at"])
