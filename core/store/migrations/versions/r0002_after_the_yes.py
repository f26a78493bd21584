"""What a grant's life needs: lanes, extensions, reviews, submissions once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.migrations.review_guard_0002 import guard_reviews

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_CODE = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
_TO_REVIEW = sa.text("break_glass AND reviewed_at IS NULL")


def upgrade() -> None:
    """Add columns that are empty for every request there is."""
    op.add_column("requests", sa.Column("lane", _CODE))
    op.add_column("requests", sa.Column("submission_key", _CODE))
    op.add_column("requests", sa.Column("extends", _CODE))
    op.add_column("requests", sa.Column("reviewed_by", sa.Text()))
    op.add_column("requests", sa.Column("reviewed_at", _MOMENT))
    op.add_column("requests", sa.Column("review_note", sa.Text()))
    for name, columns in (
        ("requests_by_lane_id", ["lane", "id"]),
        ("requests_by_extends", ["extends"]),
    ):
        # Most requests have neither, and are no part of the index.
        is_there = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            name,
            "requests",
            columns,
            postgresql_where=is_there,
            sqlite_where=is_there,
        )
    op.create_index(
        "one_request_per_submission", "requests", ["submission_key"], unique=True
    )
    op.create_index(
        "requests_to_review",
        "requests",
        ["id"],
        postgresql_where=_TO_REVIEW,
        sqlite_where=_TO_REVIEW,
    )
    guard_reviews(op.get_bind().dialect.name)
