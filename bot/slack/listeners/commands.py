"""Answers `/jitsudo`: privately, in the ack, after what it asks for is done."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack import ids
from bot.slack.client import SlackClient
from bot.slack.desk import Act, Answer, Desk
from bot.slack.grammar import parse_line
from bot.slack.lines import (
    ActLine,
    ApproveLine,
    DenyLine,
    ExtendLine,
    GrantLine,
    HelpLine,
    Line,
    LinkLine,
    LoginLine,
    RequestLine,
    RetryLine,
    ReviewLine,
    RevokeLine,
    StatusLine,
    WithdrawLine,
)
from bot.slack.listing import details, list_line
from bot.slack.middleware import deadline_of, matched
from bot.slack.modals import deny_modal, request_modal
from bot.slack.payloads import SlashCommand, ViewMemory
from bot.slack.sentences import (
    decided,
    extended,
    link_offered,
    reviewed,
    revoked,
    submitted,
    terminal_line,
    tried_again,
)
from bot.slack.sign_in_views import code_modal, sign_in_modal
from bot.slack.stale import refuse_closed
from bot.slack.text import FALLBACK_LIMIT, clip, escape, to_sentence
from core.approvals import RequestQuery
from core.domain.text import checked_prose
from core.errors import Invalid
from core.ports import Clock
from core.vocabulary import RequestState, Verdict

_COMMANDS: Final[Mapping[type[Line], str]] = MappingProxyType(
    {
        ApproveLine: ids.APPROVE,
        DenyLine: ids.DENY,
        RevokeLine: ids.REVOKE,
        RetryLine: ids.RETRY,
        ExtendLine: ids.EXTEND,
        ReviewLine: ids.REVIEW,
    }
)
"""What the terminal calls what a line does."""


class CommandListeners:
    """Does what a typed line says, as the terminal would."""

    def __init__(self, *, desk: Desk, client: SlackClient, clock: Clock) -> None:
        """Keep what commands need."""
        self._desk = desk
        self._client = client
        self._clock = clock

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
        act = _about(act, line)
        answer = await self._desk.answer(act, lambda: self._do(act, line, command))
        if answer.text is None:
            await ack()
        elif answer.is_markup:
            await ack(text=clip(answer.text, FALLBACK_LIMIT))
        else:
            await ack(text=_shown(answer.text))

    async def _do(self, act: Act, line: ActLine, command: SlashCommand) -> Answer:
        match line:
            case DenyLine(reason=None):
                return await self._open_denial(act, line, command)
            case ApproveLine() | DenyLine() | WithdrawLine():
                return await self._change(act, line)
            case RevokeLine() | RetryLine() | ExtendLine() | ReviewLine():
                return await self._change_grant(act, line, command)
            case StatusLine():
                return await self._status(act, line)
            case RequestLine():
                return await self._request(act, line, command)
            case LinkLine() | LoginLine():
                return await self._identity(act, line, command)

    async def _identity(
        self, act: Act, line: LinkLine | LoginLine, command: SlashCommand
    ) -> Answer:
        """Hand out a link code; or open the form of a sign-in, or for its code."""
        if isinstance(line, LinkLine):
            return Answer(text=link_offered(await self._desk.offer_link(act)))
        consent = await self._desk.consent(act)
        view = code_modal()
        if line.code is not None:
            try:
                sign_in = await consent.look(line.code)
            except Invalid as error:
                return Answer(text=to_sentence(error.why, "The code"), error=error)
            view = sign_in_modal(sign_in, self._clock.now())
        await self._client.open_view(command.trigger_id, view, act.deadline)
        return Answer()

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

    async def _change_grant(
        self, act: Act, line: GrantLine, command: SlashCommand
    ) -> Answer:
        approvals = await self._desk.approvals(act)
        match line:
            case RevokeLine():
                record = await approvals.revoke(line.request_id, reason=line.reason)
                return Answer(text=revoked(record))
            case RetryLine():
                record = await approvals.retry(line.request_id)
                return Answer(text=tried_again(record))
            case ReviewLine():
                record = await approvals.review(line.request_id, note=line.note)
                return Answer(text=reviewed(record))
            case ExtendLine():
                record = await approvals.extend(
                    line.request_id,
                    duration=line.duration,
                    reason=line.reason,
                    key=command.trigger_id,
                )
                return Answer(text=extended(record))

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
        only_pending = line.pending or not (line.mine or line.needs_review)
        page = await approvals.list(
            RequestQuery(
                mine=line.mine,
                states=frozenset({RequestState.PENDING} if only_pending else ()),
                needs_review=line.needs_review,
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
        # The same command sent twice, here or to another replica, asks once.
        record = await approvals.submit(line.ask, key=command.trigger_id)
        return Answer(text=submitted(record))


def _about(act: Act, line: ActLine) -> Act:
    """Return the act with what the line says it is about."""
    match line:
        case RequestLine():
            return replace(act, is_submission=True)
        case LoginLine() | LinkLine():
            return act
        case ApproveLine() | DenyLine():
            is_yes = isinstance(line, ApproveLine)
            act = replace(act, verdict=Verdict.APPROVE if is_yes else Verdict.DENY)
        case ExtendLine():
            act = replace(act, is_submission=True, is_for_approvers=False)
        case _:
            pass
    same = terminal_line(_COMMANDS.get(type(line), ""), line.request_id)
    return replace(act, request_id=line.request_id, terminal_line=same)


def _shown(text: str) -> str:
    return clip(escape(text), FALLBACK_LIMIT)
