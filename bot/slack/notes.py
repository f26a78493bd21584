"""What is told besides the card: the requester's message and the thread's trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.slack.blocks import Block, Message, actions, mrkdwn, plain, quote, section
from bot.slack.offers import revoke_button
from bot.slack.standing import (
    asked_for,
    grant_line,
    outcome_line,
    person,
    review_line,
    was_extended,
)
from bot.slack.text import (
    FALLBACK_LIMIT,
    PROSE_SHOWN,
    REASON_SHOWN,
    clip,
    date_token,
    escape,
    inline,
    length,
    visible,
)
from core.domain.audit import AuditEvent
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.vocabulary import AuditAction, Outcome, RequestState


def direct_message(record: RequestRecord, now: datetime) -> Message:
    """Return what the requester reads: the outcome, and what to type next."""
    request = record.request
    outcome = outcome_line(request, now) or "⏳ Waiting for a decision"
    broke = request.ask.break_glass
    title = f"{'You broke the glass' if broke else 'Your request'}: "
    title += asked_for(request)
    prefix = f"{request.id}:v{request.version}"
    blocks = [
        section(plain(title), f"{prefix}:dm"),
        section(mrkdwn(outcome), f"{prefix}:dm-outcome"),
    ]
    if request.decision_text:
        said = quote(request.decision_text, PROSE_SHOWN)
        blocks.append(section(said, f"{prefix}:dm-said"))
    grant = grant_line(request)
    if grant:
        blocks.append(section(mrkdwn(grant), f"{prefix}:dm-grant"))
    blocks += _reviewed(request, prefix)
    blocks.append(section(mrkdwn(next_step(request)), f"{prefix}:dm-next"))
    if request.is_in_force:
        buttons = [revoke_button(request)]
        blocks.append(actions(buttons, f"{prefix}:dm-buttons"))
    text = f"{escape(title)}: {outcome}"
    return Message(text=clip(text, FALLBACK_LIMIT), blocks=tuple(blocks))


def _reviewed(request: ElevationRequest, prefix: str) -> list[Block]:
    line = review_line(request)
    if not line:
        return []
    blocks = [section(mrkdwn(line), f"{prefix}:dm-review")]
    if request.review_note:
        said = quote(request.review_note, PROSE_SHOWN)
        blocks.append(section(said, f"{prefix}:dm-note"))
    return blocks


def next_step(request: ElevationRequest) -> str:
    """Return what the requester can do now, as markup with the line to type."""
    if request.is_ending and request.issued_at is None:
        return "It is not granted any more"
    if request.is_ending:
        return "The credentials are gone"
    if was_extended(request):
        return "Go on with the newer one"
    return _to_type(request)


def _to_type(request: ElevationRequest) -> str:
    run = f"`jitsudo exec {request.id} -- &lt;command&gt;`"
    again = "Ask again with `/jitsudo request`"
    match request.state:
        case RequestState.PENDING:
            return f"Take it back with `/jitsudo withdraw {request.id}`"
        case RequestState.APPROVED:
            return f"As soon as it is active: {run}"
        case RequestState.ACTIVE:
            return f"Use it: {run}"
        case RequestState.REJECTED:
            return f"{again}, with what the reason asks for"
        case RequestState.EXPIRED | RequestState.REVOKED:
            return again


_SAID: Final = {
    AuditAction.REQUEST_CREATED: "asked",
    AuditAction.REQUEST_APPROVAL_RECORDED: "approved",
    AuditAction.REQUEST_APPROVED: "approved",
    AuditAction.REQUEST_AUTO_APPROVED: "approved at once, as policy says",
    AuditAction.REQUEST_DENIED: "denied",
    AuditAction.REQUEST_WITHDRAWN: "withdrew",
    AuditAction.REQUEST_LAPSED: "lapsed: nobody decided in time",
    AuditAction.REQUEST_ABANDONED: "gave up: it could not be issued",
    AuditAction.REQUEST_BREAK_GLASS: "broke the glass: nobody was asked",
    AuditAction.REQUEST_REVIEWED: "reviewed it",
    AuditAction.GRANT_ISSUED: "issued",
    AuditAction.GRANT_FAILED: "could not issue",
    AuditAction.GRANT_RETRY_REQUESTED: "had it tried again",
    AuditAction.GRANT_REVOKE_REQUESTED: "wants it ended; the provider is asked",
    AuditAction.GRANT_REVOKED: "ended it: the provider confirmed",
    AuditAction.GRANT_REVOKE_FAILED: "could not end it yet",
    AuditAction.GRANT_EXPIRED: "ended: its time was over",
}
"""What a thread tells; refusals and readings are nobody else's business."""

_FAILURES_TOLD: Final = frozenset(
    {AuditAction.GRANT_FAILED, AuditAction.GRANT_REVOKE_FAILED}
)


def thread_line(
    request: ElevationRequest, version: int, events: Sequence[AuditEvent]
) -> Message | None:
    """Return the thread's line for one version; None if there is nothing to tell.

    Args:
        events: the request's audit events, in any order.
    """
    told = [event for event in events if _is_told(event, version)]
    if not told:
        return None
    event = _telling(told)
    if event.fact.action is AuditAction.REQUEST_CREATED:
        return _whole_reason(request)
    who = event.fact.actor
    typed = _typed(event)
    if event.fact.action is AuditAction.REQUEST_BREAK_GLASS:
        who, typed = request.requester, visible(request.ask.reason).strip()
    said = _SAID[event.fact.action]
    line = (
        f"{person(who)} {said}, {date_token(event.fact.occurred_at)}"
        f" ({inline(event.fact.origin.value)})"
    )
    prefix = f"{request.id}:v{version}:thread"
    blocks: list[Block] = [section(mrkdwn(line), prefix)]
    if typed:
        blocks.append(section(quote(typed, PROSE_SHOWN), f"{prefix}-said"))
    text = f"{person(who)} {said}"
    return Message(text=clip(text, FALLBACK_LIMIT), blocks=tuple(blocks))


def _telling(told: Sequence[AuditEvent]) -> AuditEvent:
    """Return which event of one version its line tells of: the first, or the glass."""
    broken = AuditAction.REQUEST_BREAK_GLASS
    return min(told, key=lambda one: (one.fact.action is not broken, one.seq))


def _is_told(event: AuditEvent, version: int) -> bool:
    fact = event.fact
    return (
        fact.details.get("version") == version
        and fact.action in _SAID
        and (fact.outcome is Outcome.SUCCESS or fact.action in _FAILURES_TOLD)
    )


def _typed(event: AuditEvent) -> str:
    for key in ("comment", "denial_reason", "note", "why"):
        said = event.fact.details.get(key)
        if isinstance(said, str) and said.strip():
            return visible(said).strip()
    return ""


def _whole_reason(request: ElevationRequest) -> Message | None:
    """Return all of a reason that the card cuts; None where the card has it all."""
    reason = visible(request.ask.reason).strip()
    if length(reason) <= REASON_SHOWN:
        return None
    block_id = f"{request.id}:v1:thread"
    blocks = (section(quote(reason, PROSE_SHOWN), block_id),)
    return Message(text=clip(escape(reason), FALLBACK_LIMIT), blocks=blocks)
