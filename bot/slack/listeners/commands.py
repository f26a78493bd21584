"""Answers `/jitsudo`: privately, in the ack, after what it asks for is done."""

from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack import ids
from bot.slack.client import SlackClient
from bot.slack.desk import Act, Answer, Desk
from bot.slack.grammar import (
    ApproveLine,
    DenyLine,
    HelpLine,
    Line,
    RequestLine,
    StatusLine,
    WithdrawLine,
    parse_line,
)
from bot.slack.middleware import deadline_of, matched
from bot.slack.modals import deny_modal, request_modal
from bot.slack.once import Once
from bot.slack.payloads import SlashCommand, ViewMemory
from bot.slack.sentences import (
    decided,
    details,
    list_line,
    submitted,
    terminal_line,
)
from bot.slack.standing import refuse_closed
from bot.slack.text import FALLBACK_LIMIT, clip, escape
from core.approvals import RequestQuery
from core.domain.text import checked_prose
from core.errors import Invalid
from core.ports import Clock
from core.vocabulary import RequestState, Verdict


class CommandListeners:
    """Does what a typed line says, as the terminal would."""

    def __init__(self, *, desk: Desk, client: SlackClient, clock: Clock) -> None:
        """Keep what commands need."""
        self._desk = desk
        self._client = client
        self._clock = clock
        self._once = Once()

    def register(self, app: AsyncApp) -> None:
        """Attach this listener to `app`."""
        app.command(ids.COMMAND, middleware=[matched])(self.run)

    async def run(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Do what was typed and answer in the ack."""
        command = SlashCommand.from_payload(body)
        act = Act(
            person=command.person,
            evidence=command.evidence,
            deadline=deadline_of(context),
        )
        try:
            line = parse_line(command.text)
        except Invalid as error:
            await ack(text=_shown(error.why))
            return
        if isinstance(line, HelpLine):
            await ack(text=line.text)
            return
        asks = isinstance(line, RequestLine)
        act = replace(_about(act, line), is_submission=asks)
        answer = await self._once.do(
            command.trigger_id if asks else "",
            lambda: self._desk.answer(act, lambda: self._do(act, line, command)),
        )
        if answer.text is None:
            await ack()
        elif answer.is_markup:
            await ack(text=clip(answer.text, FALLBACK_LIMIT))
        else:
            await ack(text=_shown(answer.text))

    async def _do(self, act: Act, line: Line, command: SlashCommand) -> Answer:
        match line:
            case DenyLine(reason=None):
                return await self._open_denial(act, line, command)
            case ApproveLine() | DenyLine() | WithdrawLine():
                return await self._change(act, line)
            case StatusLine():
                return await self._status(act, line)
            case RequestLine():
                return await self._request(act, line, command)
            case HelpLine():
                return Answer(text=line.text)

    async def _change(
        self, act: Act, line: ApproveLine | DenyLine | WithdrawLine
    ) -> Answer:
        approvals = await self._desk.approvals(act)
        if isinstance(line, ApproveLine):
            record = await approvals.approve(line.request_id, comment=line.comment)
        elif isinstance(line, DenyLine):
            reason = checked_prose("reason", line.reason or "", required=True)
            record = await approvals.deny(line.request_id, reason=reason)
        else:
            record = await approvals.withdraw(line.request_id)
        return Answer(text=decided(record))

    async def _open_denial(
        self, act: Act, line: DenyLine, command: SlashCommand
    ) -> Answer:
        """Open the modal, if the person may see the request it repeats."""
        approvals = await self._desk.approvals(act)
        record = await approvals.get(line.request_id)
        refuse_closed(record.request, self._clock.now())
        memory = ViewMemory(request_id=record.request.id)
        view = deny_modal(record.request, memory)
        await self._client.open_view(command.trigger_id, view, act.deadline)
        return Answer()

    async def _status(self, act: Act, line: StatusLine) -> Answer:
        approvals = await self._desk.approvals(act)
        now = self._clock.now()
        if line.request_id is not None:
            record = await approvals.get(line.request_id)
            return Answer(text=details(record, now), is_markup=True)
        only_pending = line.pending or not line.mine
        page = await approvals.list(
            RequestQuery(
                mine=line.mine,
                states=frozenset({RequestState.PENDING} if only_pending else ()),
                limit=line.limit,
            )
        )
        if not page.records:
            return Answer(text="Nothing is waiting that you may see.")
        lines = [list_line(record.request, now) for record in page.records]
        if page.next_before is not None:
            lines.append("… and older ones; `jitsudo status` on the terminal lists all")
        return Answer(text="\n".join(lines))

    async def _request(
        self, act: Act, line: RequestLine, command: SlashCommand
    ) -> Answer:
        if line.ask is None:
            await self._desk.identify(act)
            form = request_modal()
            await self._client.open_view(command.trigger_id, form, act.deadline)
            return Answer()
        approvals = await self._desk.approvals(act)
        return Answer(text=submitted(await approvals.submit(line.ask)))


def _about(act: Act, line: Line) -> Act:
    """Return the act with what the line says it is about."""
    if isinstance(line, WithdrawLine | StatusLine):
        return replace(act, request_id=line.request_id)
    if not isinstance(line, ApproveLine | DenyLine):
        return act
    verdict = Verdict.APPROVE if isinstance(line, ApproveLine) else Verdict.DENY
    return replace(
        act,
        request_id=line.request_id,
        verdict=verdict,
        terminal_line=terminal_line(verdict, line.request_id),
    )


def _shown(text: str) -> str:
    return clip(escape(text), FALLBACK_LIMIT)
