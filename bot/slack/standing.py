"""Where a request stands, in the sentences that cards, messages and modals share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.slack.text import date_token, inline, short_name, spoken
from core.domain.request import ElevationRequest
from core.vocabulary import GrantStatus, RequestState

NAME_SHOWN: Final = 254
"""Characters of an e-mail; all of them."""

ERROR_SHOWN: Final = 300
"""Characters of a provider's complaint."""


def asked_for(request: ElevationRequest) -> str:
    """Return role and scope as one says them; raw text, nothing is cut."""
    return f"{request.ask.role} on {request.ask.resource_scope}"


def title_of(request: ElevationRequest) -> str:
    """Return who asks for what, or took it; raw text, nothing is cut."""
    name = short_name(request.requester)
    if request.ask.break_glass:
        return f"🚨 {name} broke the glass: {asked_for(request)}"
    if request.extends is not None:
        return f"{name} asks for more time: {asked_for(request)}"
    return f"{name} asks: {asked_for(request)}"


def push_text(request: ElevationRequest) -> str:
    """Return who asks for what and for how long; raw text, an emergency first."""
    return f"{title_of(request)}, {spoken(request.ask.duration)}"


def person(email: str | None) -> str:
    """Return who did something, for a line of markup."""
    if email is None:
        return "somebody"
    return inline(email, NAME_SHOWN)


@dataclass(frozen=True, slots=True)
class _Outcome:
    mark: str
    word: str
    by: str | None = None
    at: datetime | None = None


def _outcome(request: ElevationRequest, now: datetime) -> _Outcome | None:
    match request.state:
        case RequestState.PENDING if request.has_lapsed(now):
            return _Outcome("⏳", "Nobody decided in time")
        case RequestState.PENDING:
            return None
        case RequestState.REJECTED:
            return _Outcome("⛔", "Denied", request.decided_by, request.decided_at)
        case RequestState.EXPIRED if request.decided_by is None:
            return _Outcome("⏳", "Nobody decided in time", at=request.ended_at)
        case RequestState.REVOKED if request.decided_by is None:
            return _Outcome("↩️", "Withdrawn", request.ended_by, request.ended_at)
        case (
            RequestState.APPROVED
            | RequestState.ACTIVE
            | RequestState.EXPIRED
            | RequestState.REVOKED
        ):
            return _granted(request)


def _granted(request: ElevationRequest) -> _Outcome:
    if request.ask.break_glass:
        return _Outcome("🚨", "Break-glass", at=request.decided_at)
    return _Outcome("✅", "Approved", request.decided_by, request.decided_at)


def outcome_line(request: ElevationRequest, now: datetime) -> str:
    """Return what was decided, as a line of markup; empty while undecided."""
    outcome = _outcome(request, now)
    if outcome is None:
        return ""
    by = f" by {person(outcome.by)}" if outcome.by is not None else ""
    return f"{outcome.mark} *{outcome.word}*{by}{_when(outcome.at)}"


def outcome_words(request: ElevationRequest, now: datetime) -> str:
    """Return what was decided, as raw text without a time; empty while undecided."""
    outcome = _outcome(request, now)
    if outcome is None:
        return ""
    by = f" by {outcome.by}" if outcome.by is not None else ""
    return f"{outcome.word}{by}".lower()


def grant_line(request: ElevationRequest) -> str:
    """Return how the credentials stand, as a line of markup; empty without any.

    Approved is not active, and an end is told when the provider confirmed it.
    """
    if request.decided_by is None or request.state is RequestState.REJECTED:
        return ""
    match request.state:
        case RequestState.EXPIRED:
            return f"*Ended*{_when(request.ended_at)}: its time was over"
        case RequestState.REVOKED:
            return _revoked(request)
        case RequestState.PENDING | RequestState.APPROVED | RequestState.ACTIVE:
            return _in_force(request)


def _in_force(request: ElevationRequest) -> str:
    until = request.expires_at
    active = f"*Active* until {date_token(until)}" if until is not None else "*Active*"
    complaint = f"{_error(request)}{_next_try(request)}"
    lines = {
        GrantStatus.NONE: "Granting…",
        GrantStatus.ISSUING: "Granting…",
        GrantStatus.FAILED: f"*Failed*: {complaint}",
        GrantStatus.ACTIVE: active,
        GrantStatus.REVOKING: _revoking(request),
        GrantStatus.REVOKE_FAILED: f"*Not ended yet*: {complaint}",
        GrantStatus.ENDED: "Ended",
    }
    return lines[request.grant_status]


def _revoking(request: ElevationRequest) -> str:
    """Return what is said until the provider has confirmed an end."""
    if request.ended_by is not None:
        return f"*Revoking…*, asked by {person(request.ended_by)}{_why(request)}"
    return f"*Revoking…*{_why(request) or ': its time is over'}"


def _revoked(request: ElevationRequest) -> str:
    if was_abandoned(request):
        told = _why(request) or ": it was never issued"
        return f"*Given up*{_when(request.ended_at)}{told}"
    if was_extended(request):
        return f"*Ended*{_when(request.ended_at)}{_why(request)}"
    by = person(request.ended_by)
    return f"*Revoked* by {by}{_when(request.ended_at)}{_why(request)}"


def was_abandoned(request: ElevationRequest) -> bool:
    """Tell whether issuing was given up by the clock, not by a person."""
    return _ended_by_itself(request) and request.issued_at is None


def was_extended(request: ElevationRequest) -> bool:
    """Tell whether its grant ended because another one took its place."""
    return _ended_by_itself(request) and request.issued_at is not None


def _ended_by_itself(request: ElevationRequest) -> bool:
    return request.state is RequestState.REVOKED and request.ended_by == "system"


def review_line(request: ElevationRequest) -> str:
    """Return how the review stands, as a line of markup; empty where none is owed."""
    if not request.ask.break_glass:
        return ""
    if request.needs_review:
        name = inline(short_name(request.requester))
        return f"🔎 *Review open*: somebody other than {name} has to look into it"
    by = person(request.reviewed_by)
    return f"🔎 *Reviewed* by {by}{_when(request.reviewed_at)}"


def _why(request: ElevationRequest) -> str:
    why = inline(request.end_reason, ERROR_SHOWN)
    return f": {why}" if why else ""


def _error(request: ElevationRequest) -> str:
    return inline(request.grant_error, ERROR_SHOWN) or "the provider did not say why"


def _next_try(request: ElevationRequest) -> str:
    if request.next_try_at is None:
        return ""
    return f"; next try {date_token(request.next_try_at)}"


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f", {date_token(moment)}"


def is_open(request: ElevationRequest, now: datetime) -> bool:
    """Tell whether anybody can still decide."""
    return request.state is RequestState.PENDING and not request.has_lapsed(now)
