"""What is told besides the card: the requester's message and the thread's trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.slack.blocks import Block, Message, mrkdwn, plain, quote, section
from bot.slack.standing import asked_for, grant_line, outcome_line, person
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
from core.vocabulary import AuditAction, GrantStatus, Outcome, RequestState


def direct_message(record: RequestRecord, now: datetime) -> Message:
    """Return what the requester reads: the outcome, and what to type next."""
    request = record.request
    outcome = outcome_line(request, now) or "⏳ Waiting for a decision"
    title = f"Your request: {asked_for(request)}"
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
    blocks.append(section(mrkdwn(next_step(request)), f"{prefix}:dm-next"))
    text = f"{escape(title)}: {outcome}"
    return Message(text=clip(text, FALLBACK_LIMIT), blocks=tuple(blocks))


def next_step(request: ElevationRequest) -> str:
    """Return what the requester can do now, as markup with the line to type."""
    run = f"`jitsudo exec {request.id} -- &lt;command&gt;`"
    again = "Ask again with `/jitsudo request`"
    match request.state:
        case RequestState.PENDING:
            return f"Take it back with `/jitsudo withdraw {request.id}`"
        case RequestState.APPROVED:
            return f"As soon as it is active: {run}"
        case RequestState.ACTIVE if request.grant_status is GrantStatus.ACTIVE:
            return f"Use it: {run}"
        case RequestState.ACTIVE:
            return "The credentials are gone"
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
    AuditAction.GRANT_ISSUED: "issued",
    AuditAction.GRANT_FAILED: "could not issue",
    AuditAction.GRANT_REVOKED: "revoked",
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
    event = min(told, key=lambda one: one.seq)
    if event.fact.action is AuditAction.REQUEST_CREATED:
        return _whole_reason(request)
    said = _SAID[event.fact.action]
    line = (
        f"{person(event.fact.actor)} {said}, {date_token(event.fact.occurred_at)}"
        f" ({inline(event.fact.origin.value)})"
    )
    prefix = f"{request.id}:v{version}:thread"
    blocks: list[Block] = [section(mrkdwn(line), prefix)]
    typed = _typed(event)
    if typed:
        blocks.append(section(quote(typed, PROSE_SHOWN), f"{prefix}-said"))
    text = f"{person(event.fact.actor)} {said}"
    return Message(text=clip(text, FALLBACK_LIMIT), blocks=tuple(blocks))


def _is_told(event: AuditEvent, version: int) -> bool:
    fact = event.fact
    return (
        fact.details.get("version") == version
        and fact.action in _SAID
        and (fact.outcome is Outcome.SUCCESS or fact.action in _FAILURES_TOLD)
    )


def _typed(event: AuditEvent) -> str:
    for key in ("comment", "denial_reason", "why"):
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
