"""A request for elevation: who asks for what, for how long, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.domain.text import (
    PROVIDER_LIMIT,
    ROLE_LIMIT,
    SCOPE_LIMIT,
    checked_name,
    checked_prose,
    has_visible_text,
)
from core.errors import Invalid
from core.vocabulary import (
    REQUEST_ID_PATTERN,
    GrantStatus,
    RequestId,
    RequestState,
    Tier,
)

MAX_DURATION: Final = timedelta(days=30)
"""The longest that can be asked for; policy usually allows far less."""

ENDING: Final = frozenset({GrantStatus.REVOKING, GrantStatus.REVOKE_FAILED})
"""Its credentials are erased, and the provider has not confirmed the end."""

METADATA_LIMIT: Final = 20
METADATA_KEY_LIMIT: Final = 64
METADATA_VALUE_LIMIT: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What a requester asks for, as typed and checked.

    Attributes:
        duration: whole seconds, counted from when the credentials are issued.
        metadata: at most 20 short printable pairs for policy to read.
    """

    provider: str
    role: str
    resource_scope: str
    duration: timedelta
    reason: str = ""
    break_glass: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """Who has to say yes, as policy said at submission.

    Attributes:
        approver_groups: who may approve, in alphabetical order.
        notify_groups: who is mentioned on the card, in alphabetical order.
        channel: where the card goes; None is the configured channel.
    """

    tier: Tier = Tier.HUMAN
    required_approvals: int = 1
    approver_groups: tuple[str, ...] = ()
    notify_groups: tuple[str, ...] = ()
    channel: str | None = None
    require_comment: bool = False
    approval_note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ElevationRequest:
    """One ask and where it stands; `ask` and `requester` never change.

    Attributes:
        version: 1 at submission, one more with every change that is shown.
        required_approvals: the quorum by policy's newest answer; never smaller
            than `routing.required_approvals`.
        counted_approvals: approvals that counted at the newest decision.
        lapses_at: when an undecided request cannot be approved any more.
        decided_by: the approver of the final verdict, `policy` for tier auto.
        decision_text: the approver's comment, or the reason of the denial.
        ended_by: who ended it after or without a decision; `system` for time.
        end_reason: why it ended, when there is more to say than the state.
        issued_at: when the credentials were issued.
        expires_at: when the grant ends; None before it is active.
        grant_error: why the last try to issue or revoke failed.
        next_try_at: when the failed work is tried again.
        lane: what this shares with requests whose grants are one thing to the
            cloud; None where its grant is its own. See `CredentialProvider.lane`.
        submission_key: what made the front end ask, so that asking again for the
            same is the same request; None where nothing did.
        extends: the request whose grant ends when this one's runs.
        vouched_by: as `Actor.vouched_by` of whoever asked.
        reviewed_by: who closed the review of a break-glass request.
        review_note: what they found.
    """

    id: RequestId
    requester: str
    ask: Ask
    routing: Routing
    state: RequestState
    grant_status: GrantStatus
    version: int
    created_at: datetime
    updated_at: datetime
    lapses_at: datetime
    required_approvals: int = 1
    counted_approvals: int = 0
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_text: str = ""
    ended_by: str | None = None
    ended_at: datetime | None = None
    end_reason: str = ""
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    grant_error: str = ""
    next_try_at: datetime | None = None
    lane: str | None = None
    submission_key: str | None = None
    extends: RequestId | None = None
    vouched_by: str = ""
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    review_note: str = ""

    @property
    def needs_review(self) -> bool:
        """Tell whether it broke the glass and nobody has looked into that yet."""
        return self.ask.break_glass and self.reviewed_at is None

    @property
    def is_in_force(self) -> bool:
        """Tell whether its grant is used, with its end neither come nor begun."""
        return (
            self.state is RequestState.ACTIVE
            and self.grant_status is GrantStatus.ACTIVE
        )

    @property
    def is_ending(self) -> bool:
        """Tell whether its grant's end has begun and is not confirmed."""
        return self.grant_status in ENDING

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether nobody can decide this any more because of the time."""
        return self.state is RequestState.PENDING and now >= self.lapses_at


def checked_ask(ask: Ask) -> Ask:
    """Return `ask` trimmed, if every field can be stored, shown and judged.

    Raises:
        Invalid: naming the first field that cannot.
    """
    if ask.duration.microseconds or ask.duration < timedelta(seconds=1):
        raise Invalid(field="duration", why="must be at least one whole second")
    if ask.duration > MAX_DURATION:
        raise Invalid(field="duration", why="is longer than 30 days (720h)")
    if ask.break_glass and not has_visible_text(ask.reason):
        raise Invalid(
            field="reason", why="is blank; breaking the glass needs one, others read it"
        )
    if len(ask.metadata) > METADATA_LIMIT:
        raise Invalid(field="metadata", why=f"has over {METADATA_LIMIT} entries")
    return Ask(
        provider=checked_name("provider", ask.provider, limit=PROVIDER_LIMIT),
        role=checked_name("role", ask.role, limit=ROLE_LIMIT),
        resource_scope=checked_name("scope", ask.resource_scope, limit=SCOPE_LIMIT),
        duration=ask.duration,
        reason=checked_prose("reason", ask.reason, required=False),
        break_glass=ask.break_glass,
        metadata={
            checked_name("metadata", key, limit=METADATA_KEY_LIMIT): checked_name(
                "metadata", value, limit=METADATA_VALUE_LIMIT
            )
            for key, value in ask.metadata.items()
        },
    )


def parse_request_id(text: str) -> RequestId:
    """Return the request id that `text` spells, in any case.

    Raises:
        Invalid: it is not `req_` and the 26 characters of a ULID.
    """
    candidate = text.strip()
    candidate = candidate[:4].lower() + candidate[4:].upper()
    # Capitals of some foreign letters are ASCII: no look-alike names a request.
    if not (text.isascii() and REQUEST_ID_PATTERN.fullmatch(candidate)):
        raise Invalid(
            field="request id",
            why="expected req_ and 26 letters or digits, such as "
            "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA; `jitsudo status --pending` lists them",
        )
    return RequestId(candidate)
