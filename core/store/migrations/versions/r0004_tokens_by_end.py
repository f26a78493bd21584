"""Indexes by which tokens are listed in pages, and found by their end."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_INDEXES = (
    ("created_at", "id"),
    ("email", "created_at", "id"),
    ("expires_at",),
    ("email", "expires_at"),
)
_IS_REVOKED = sa.text("revoked_at IS NOT NULL")


def upgrade() -> None:
    """Add the indexes; the one by person gets the id, which orders a page."""
    op.drop_index("tokens_by_email_created_at", "tokens")
    for columns in _INDEXES:
        op.create_index(f"tokens_by_{'_'.join(columns)}", "tokens", list(columns))
    op.create_index(
        "tokens_by_revoked_at",
        "tokens",
        ["revoked_at"],
        postgresql_where=_IS_REVOKED,
        sqlite_where=_IS_REVOKED,
    )
