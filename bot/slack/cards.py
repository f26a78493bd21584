"""The card: one request as its approvers see it, drawn from the database alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.slack.blocks import (
    Block,
    Message,
    actions,
    context,
    headline,
    mrkdwn,
    plain,
    quote,
    section,
)
from bot.slack.offers import offered
from bot.slack.standing import (
    grant_line,
    is_open,
    outcome_line,
    outcome_words,
    person,
    push_text,
    review_line,
    title_of,
)
from bot.slack.text import (
    FALLBACK_LIMIT,
    REASON_SHOWN,
    clip,
    date_token,
    escape,
    inline,
    length,
    ordinal,
    short_name,
    spoken,
    visible,
)
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.vocabulary import RequestState

NOTE_SHOWN: Final = 300
GROUPS_SHOWN: Final = 500
APPROVALS_SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """Whom the first post calls.

    Attributes:
        mentions: Slack's own marks such as `<!subteam^S1>` and `<@U1>`.
        why_nobody: said when there are none; raw text.
    """

    mentions: tuple[str, ...] = ()
    why_nobody: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFacts:
    """Everything a card shows.

    Attributes:
        requests_this_week: how many this requester made in the seven days up
            to this one, which is included.
        ping: None on every edit: edits call nobody.
    """

    record: RequestRecord
    now: datetime
    requests_this_week: int
    ping: Ping | None = None


def request_card(facts: CardFacts) -> Message:
    """Return the card of a request; where it stands decides what is on it."""
    request = facts.record.request
    block_id = _BlockIds(request)
    blocks = [headline(title_of(request), block_id("title"))]
    if request.ask.reason:
        blocks.append(section(_reason(request.ask.reason), block_id("reason")))
    blocks.append(section(mrkdwn(_terms(facts)), block_id("terms")))
    blocks += _approvals(facts.record, block_id)
    blocks += _standing(facts, block_id)
    blocks += _review(request, block_id)
    if facts.ping is not None and is_awaited(request, facts.now):
        ping = _ping(facts.ping, is_late=request.ask.break_glass)
        blocks.append(section(mrkdwn(ping), block_id("ping")))
    buttons = offered(request, facts.now)
    if buttons:
        blocks.append(actions(buttons, block_id("buttons")))
    blocks.append(context(_small_print(facts), block_id("id")))
    return Message(text=_fallback(facts), blocks=tuple(blocks))


def minimal_card(facts: CardFacts) -> Message:
    """Return a card that Slack cannot find fault with: text, id, terminal line."""
    request = facts.record.request
    lines = [_fallback(facts), f"`{request.id}`"]
    if is_open(request, facts.now):
        lines.append(
            f"Decide with `/jitsudo approve {request.id}` or "
            f"`/jitsudo deny {request.id}`"
        )
    if request.needs_review:
        lines.append(f'Review it with `/jitsudo review {request.id} --note "…"`')
    if facts.ping is not None and is_awaited(request, facts.now):
        lines.append(_ping(facts.ping, is_late=request.ask.break_glass))
    return Message(text=clip("\n".join(lines), FALLBACK_LIMIT))


def is_awaited(request: ElevationRequest, now: datetime) -> bool:
    """Tell whether somebody has yet to do something: decide, or review."""
    return is_open(request, now) or request.needs_review


class _BlockIds:
    """Makes block ids that are new with every version, as Slack wants them."""

    def __init__(self, request: ElevationRequest) -> None:
        self._prefix = f"{request.id}:v{request.version}"

    def __call__(self, name: str) -> str:
        return f"{self._prefix}:{name}"


def _fallback(facts: CardFacts) -> str:
    """Return what a notification says; the reason is cut, role and scope are not."""
    request = facts.record.request
    text = escape(push_text(request))
    said = "" if request.needs_review else outcome_words(request, facts.now)
    more = inline(said or request.ask.reason)
    if not more:
        return text
    return clip(f"{text}: {more}", FALLBACK_LIMIT - 200)


def _reason(reason: str) -> Block:
    shown = visible(reason).strip()
    if length(shown) <= REASON_SHOWN:
        return quote(shown, REASON_SHOWN)
    return plain(f"“{clip(shown, REASON_SHOWN)}” (all of it in the thread)")


def _terms(facts: CardFacts) -> str:
    """Return how long, who may approve, how many, until when: a line each."""
    request = facts.record.request
    since = "" if request.ask.break_glass else " from approval"
    lines = [f"For *{spoken(request.ask.duration)}*{since}"]
    if request.extends is not None:
        lines.append(f"Extends `{request.extends}`, which ends when this one runs")
    groups = ", ".join(request.routing.approver_groups)
    if request.ask.break_glass and groups:
        lines.append(f"Not asked: {inline(groups, GROUPS_SHOWN)}")
    if not is_open(request, facts.now):
        return "\n".join(lines)
    counted = f"*{request.counted_approvals} of {request.required_approvals}* approvals"
    if groups:
        counted += f", by {inline(groups, GROUPS_SHOWN)}"
    lines.append(counted)
    if request.routing.approval_note:
        lines.append(inline(request.routing.approval_note, NOTE_SHOWN))
    if request.routing.require_comment:
        lines.append("Approving needs a comment")
    lines.append(f"Answer by {date_token(request.lapses_at)}")
    return "\n".join(lines)


def _approvals(record: RequestRecord, block_id: _BlockIds) -> list[Block]:
    """Return who approved and what they said, oldest first."""
    blocks: list[Block] = []
    alone = record.request.state is not RequestState.PENDING
    for number, decision in enumerate(record.approvals[-APPROVALS_SHOWN:]):
        is_final = alone and decision.approver == record.request.decided_by
        if not is_final:  # the outcome names the last one itself
            when = date_token(decision.decided_at)
            line = f"✅ {person(decision.approver)} approved, {when}"
            blocks.append(section(mrkdwn(line), block_id(f"approval{number}")))
            if decision.text:
                said = quote(decision.text, REASON_SHOWN)
                blocks.append(section(said, block_id(f"comment{number}")))
    return blocks


def _standing(facts: CardFacts, block_id: _BlockIds) -> list[Block]:
    request = facts.record.request
    lines = [outcome_line(request, facts.now), grant_line(request)]
    shown = [line for line in lines if line]
    if not shown:
        return []
    blocks = [section(mrkdwn(shown[0]), block_id("outcome"))]
    if request.decision_text:
        said = quote(request.decision_text, REASON_SHOWN)
        blocks.append(section(said, block_id("said")))
    if len(shown) > 1:
        blocks.append(section(mrkdwn(shown[1]), block_id("grant")))
    return blocks


def _review(request: ElevationRequest, block_id: _BlockIds) -> list[Block]:
    """Return how the review of a break-glass request stands, and what was found."""
    line = review_line(request)
    if not line:
        return []
    blocks = [section(mrkdwn(line), block_id("review"))]
    if request.review_note:
        said = quote(request.review_note, REASON_SHOWN)
        blocks.append(section(said, block_id("note")))
    return blocks


def _ping(ping: Ping, *, is_late: bool) -> str:
    """Return whom the card calls.

    Args:
        is_late: they are told, and not asked any more.
    """
    if ping.mentions:
        called = " ".join(ping.mentions)
        return f"You should know: {called}" if is_late else called
    why = inline(ping.why_nobody, NOTE_SHOWN)
    return f"Nobody was pinged{': ' + why if why else ''}"


def _small_print(facts: CardFacts) -> list[str]:
    request = facts.record.request
    nth = ordinal(max(facts.requests_this_week, 1))
    name = inline(short_name(request.requester))
    lines = [
        f"`{request.id}`",
        f"provider {inline(request.ask.provider)}",
        f"asked by {person(request.requester)}",
    ]
    if is_open(request, facts.now):  # what helps to decide, while that is open
        lines.insert(1, f"`jitsudo approve {request.id}`")
        lines.append(f"{name}'s {nth} request this week")
    if request.needs_review:
        lines.insert(1, f'`jitsudo review {request.id} --note "…"`')
    return lines
