"""The card: one request as its approvers see it, drawn from the database alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.slack import ids
from bot.slack.blocks import (
    Block,
    Message,
    actions,
    button,
    confirmation,
    context,
    headline,
    mrkdwn,
    plain,
    quote,
    section,
)
from bot.slack.standing import (
    asked_for,
    grant_line,
    is_open,
    outcome_line,
    outcome_words,
    person,
    push_text,
)
from bot.slack.text import (
    CONFIRM_TEXT_LIMIT,
    FALLBACK_LIMIT,
    REASON_SHOWN,
    clip,
    date_token,
    escape,
    inline,
    length,
    one_line,
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
    """Return the card of a request; the state decides what is on it."""
    request = facts.record.request
    block_id = _BlockIds(request)
    title = f"{short_name(request.requester)} asks: {asked_for(request)}"
    blocks = [headline(title, block_id("title"))]
    if request.ask.reason:
        blocks.append(section(_reason(request.ask.reason), block_id("reason")))
    blocks.append(section(mrkdwn(_terms(facts)), block_id("terms")))
    blocks += _approvals(facts.record, block_id)
    blocks += _standing(facts, block_id)
    if is_open(request, facts.now):
        if facts.ping is not None:
            blocks.append(section(mrkdwn(_ping(facts.ping)), block_id("ping")))
        blocks.append(actions(_buttons(request), block_id("buttons")))
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
    return Message(text=clip("\n".join(lines), FALLBACK_LIMIT))


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
    more = inline(outcome_words(request, facts.now) or request.ask.reason)
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
    lines = [f"For *{spoken(request.ask.duration)}* from approval"]
    if not is_open(request, facts.now):
        return lines[0]
    counted = f"*{request.counted_approvals} of {request.required_approvals}* approvals"
    groups = ", ".join(request.routing.approver_groups)
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


def _ping(ping: Ping) -> str:
    if ping.mentions:
        return " ".join(ping.mentions)
    why = inline(ping.why_nobody, NOTE_SHOWN)
    return f"Nobody was pinged{': ' + why if why else ''}"


def _buttons(request: ElevationRequest) -> list[Block]:
    # With a comment to type, the modal repeats what the question would ask.
    ask_first = None if request.routing.require_comment else _confirm(request)
    approve = button(
        "Approve",
        action_id=ids.APPROVE,
        value=request.id,
        style="primary",
        confirm=ask_first,
    )
    deny = button("Deny", action_id=ids.DENY, value=request.id, style="danger")
    return [approve, deny]


def _confirm(request: ElevationRequest) -> Block:
    """Return the question before an approval; it repeats the facts or points."""
    who, span = request.requester, spoken(request.ask.duration)
    text = f"{who} gets {asked_for(request)} for {span}."
    if length(text) > CONFIRM_TEXT_LIMIT:
        text = f"{one_line(who)[:200]} gets role and scope exactly as on the card."
    return confirmation(
        title="Approve this request?", text=text, confirm="Approve", deny="Not now"
    )


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
    return lines
