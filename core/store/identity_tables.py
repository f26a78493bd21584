"""The tables of who somebody is and what they have been seen to do.

`core.store.schema` names them beside all others.
"""

from typing import Final

import sqlalchemy as sa

from core.store.dialects import Code, Moment
from core.store.metadata import index_by, metadata, one_of, partial_index
from core.vocabulary import LinkMethod, SignInState

tokens: Final = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", Code, primary_key=True),
    sa.Column("digest", Code, nullable=False),
    sa.Column("email", Code, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("last_used_at", Moment),
    sa.UniqueConstraint("digest", name="one_token_per_digest"),
    index_by("tokens", "created_at", "id"),
    index_by("tokens", "email", "created_at", "id"),
    # What is valid is found by its end: few of the many that there were.
    index_by("tokens", "expires_at"),
    index_by("tokens", "email", "expires_at"),
    partial_index("tokens_by_revoked_at", "revoked_at", where="revoked_at IS NOT NULL"),
)

principals: Final = sa.Table(
    "principals",
    metadata,
    sa.Column("email", Code, primary_key=True),
    sa.Column("trust_tier", sa.Integer, nullable=False),
    sa.Column("is_disabled", sa.Boolean, nullable=False),
    sa.Column("notes", sa.Text, nullable=False, server_default=""),
    sa.Column("enrolled_by", sa.Text),
    sa.Column("enrolled_at", Moment),
    sa.CheckConstraint("trust_tier BETWEEN 0 AND 4", name="known_trust_tier"),
)

refusals: Final = sa.Table(
    "refusals",
    metadata,
    sa.Column("actor", Code, primary_key=True),
    sa.Column("request_id", Code, primary_key=True),
    sa.Column("verdict", Code, primary_key=True),
    sa.Column("code", Code, primary_key=True),
    sa.Column("window_ends_at", Moment, nullable=False),
    sa.Column("was_first", sa.Boolean, nullable=False),
    sa.Column("repeats", sa.BigInteger, nullable=False),
)

slack_links: Final = sa.Table(
    "slack_links",
    metadata,
    sa.Column("team_id", Code, primary_key=True),
    sa.Column("user_id", Code, primary_key=True),
    sa.Column("email", Code, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("linked_by", sa.Text, nullable=False),
    sa.Column("linked_at", Moment, nullable=False),
    sa.UniqueConstraint("email", name="one_account_each"),
    one_of("method", LinkMethod, name="known_link_method"),
)

link_codes: Final = sa.Table(
    "link_codes",
    metadata,
    sa.Column("code", Code, primary_key=True),
    sa.Column("team_id", Code, nullable=False),
    sa.Column("user_id", Code, nullable=False),
    sa.Column("email", Code, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Index("link_codes_by_expires_at", "expires_at"),
)

sign_ins: Final = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("digest", Code, primary_key=True),
    sa.Column("user_code", Code, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("polled_at", Moment),
    sa.Column("interval_seconds", sa.Integer, nullable=False),
    sa.Column("email", Code),
    sa.Column("settled_at", Moment),
    sa.UniqueConstraint("user_code", name="one_sign_in_per_code"),
    one_of("state", SignInState, name="known_sign_in_state"),
    sa.CheckConstraint(
        "(state = 'waiting') = (settled_at IS NULL)", name="settled_sign_in_has_a_time"
    ),
    sa.CheckConstraint(
        "state NOT IN ('confirmed', 'used') OR email IS NOT NULL",
        name="confirmed_sign_in_has_a_person",
    ),
    sa.Index("sign_ins_by_expires_at", "expires_at"),
)

memberships: Final = sa.Table(
    "memberships",
    metadata,
    sa.Column("email", Code, primary_key=True),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("signed_in_at", Moment, nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
)

member_groups: Final = sa.Table(
    "member_groups",
    metadata,
    sa.Column("group_name", Code, primary_key=True),
    sa.Column(
        "email",
        Code,
        sa.ForeignKey("memberships.email", name="member_groups_membership"),
        primary_key=True,
    ),
)

issuer_keys: Final = sa.Table(
    "issuer_keys",
    metadata,
    sa.Column("issuer", Code, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("fetched_at", Moment, nullable=False),
)

rates: Final = sa.Table(
    "rates",
    metadata,
    sa.Column("name", Code, primary_key=True),
    sa.Column("window_ends_at", Moment, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Index("rates_by_window_ends_at", "window_ends_at"),
)
