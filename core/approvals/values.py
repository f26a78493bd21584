"""What goes into `Approvals`, and what comes back, beside the domain's own."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from core.domain.audit import AuditEvent
from core.domain.decision import RequestRecord
from core.domain.identity import GroupsFrom, SlackLink
from core.domain.token import Token
from core.vocabulary import RequestId, RequestState, SignInMethod, TokenScope


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestQuery:
    """Which requests to list, newest first, among those the actor may see.

    Attributes:
        mine: only the actor's own.
        states: any of these; empty means every state.
        needs_review: only those that broke the glass and wait for a review.
        before: only requests older than this one; a page's `next_before`.
        limit: most requests on the page, 1 to 500.
    """

    mine: bool = False
    requester: str | None = None
    states: frozenset[RequestState] = frozenset()
    needs_review: bool = False
    before: RequestId | None = None
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestPage:
    """Requests, newest first; `next_before` is None on the last page."""

    records: tuple[RequestRecord, ...]
    next_before: RequestId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditPage:
    """Audit events, newest first; `next_before` is None on the last page."""

    events: tuple[AuditEvent, ...]
    next_before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenQuery:
    """Which tokens to list, newest first, among those the actor may see.

    Attributes:
        email: only this person's.
        with_ended: also those that have expired or were revoked, as far as they
            are kept.
        before: only tokens older than the one of this id; a page's `next_before`.
        limit: most tokens on the page, 1 to 500.
    """

    email: str | None = None
    with_ended: bool = False
    before: str | None = None
    limit: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenPage:
    """Tokens, newest first; `next_before` is None on the last page."""

    tokens: tuple[Token, ...]
    next_before: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedToken:
    """A new token and its secret, which is shown this once."""

    token: Token
    secret: str

    @override
    def __repr__(self) -> str:
        """Show everything but the secret."""
        return f"IssuedToken({self.token.id})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the actor is to the server.

    Attributes:
        scopes: what the token may do; every scope where there is no token.
        expires_at: until when the token is valid; None where there is none.
        method: whose token it is; None where there is none.
        token_id: of a token of jitsudo's, as lists name it; empty of any other.
        sources: where the groups come from, and until when.
    """

    email: str
    groups: tuple[str, ...]
    trust_tier: int
    scopes: frozenset[TokenScope]
    expires_at: datetime | None = None
    method: SignInMethod | None = None
    token_id: str = ""
    sources: tuple[GroupsFrom, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PrincipalFacts:
    """Everything that is known of a principal.

    Attributes:
        notes: why they have their trust tier, in an admin's words.
        enrolled_by: the admin who set it last.
        last_seen_at: when they last acted, used a token or signed in.
        sources: what each source says of their groups.
        link: their account in Slack, if one is bound to them.
    """

    email: str
    trust_tier: int
    is_disabled: bool
    notes: str = ""
    enrolled_by: str | None = None
    enrolled_at: datetime | None = None
    last_seen_at: datetime | None = None
    sources: tuple[GroupsFrom, ...] = ()
    link: SlackLink | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the union of the groups, in alphabetical order."""
        found = {group for each in self.sources for group in each.groups}
        return tuple(sorted(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyReload:
    """What is in force after a look for a newer policy.

    Attributes:
        loaded: how many files there are; 0 where the engine does not say.
    """

    loaded: int
    revision: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Departure:
    """Somebody who was shut out, and what of theirs is being ended.

    Attributes:
        requests: that were open, newest first, 100 at most.
        tokens: how many were valid.
    """

    email: str
    is_disabled: bool
    requests: tuple[RequestId, ...] = ()
    tokens: int = 0
