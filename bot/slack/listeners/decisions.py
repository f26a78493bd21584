"""Turns button presses and the modals behind them into decisions."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack import ids
from bot.slack.adoption import Adoption
from bot.slack.client import SlackClient
from bot.slack.desk import Act, Answer, Desk
from bot.slack.listeners.acts import (
    act_of_click,
    act_of_modal,
    form_answer,
    open_form,
    request_of,
)
from bot.slack.middleware import matched
from bot.slack.modals import approve_modal, deny_modal
from bot.slack.payloads import ButtonClick, ModalSubmission
from bot.slack.sentences import own_request, still_needed
from bot.slack.stale import refuse_closed
from bot.slack.standing import is_open
from core.domain.request import parse_request_id
from core.domain.text import checked_prose
from core.errors import Invalid
from core.ports import Clock
from core.vocabulary import Verdict


class DecisionListeners:
    """Turns presses of Approve and Deny, and their modals, into decisions.

    The card is redrawn by a job once the decision has committed; `Desk` finds
    out who presses and words the refusals, so neither is handled here.
    """

    def __init__(
        self, *, desk: Desk, client: SlackClient, adoption: Adoption, clock: Clock
    ) -> None:
        """Keep what decisions need."""
        self._desk = desk
        self._client = client
        self._adoption = adoption
        self._clock = clock

    def register(self, app: AsyncApp) -> None:
        """Attach these listeners to `app`."""
        app.action(ids.APPROVE, middleware=[matched])(self.approve)
        app.action(ids.DENY, middleware=[matched])(self.deny)
        app.view(ids.APPROVE_VIEW, middleware=[matched])(self.approve_with_comment)
        app.view(ids.DENY_VIEW, middleware=[matched])(self.deny_with_reason)

    async def approve(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Approve the request on whose card the button was pressed."""
        click = ButtonClick.from_payload(body)
        act = act_of_click(click, context, ids.APPROVE, Verdict.APPROVE)
        answer = await self._desk.answer(act, lambda: self._approve(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()  # what is acknowledged has been committed, or refused

    async def deny(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Open the modal that asks why."""
        click = ButtonClick.from_payload(body)
        act = act_of_click(click, context, ids.DENY, Verdict.DENY)
        answer = await self._desk.answer(act, lambda: self._open_denial(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()

    async def approve_with_comment(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Approve with the comment from the modal."""
        sent = ModalSubmission.from_payload(body)
        act = act_of_modal(sent, context, ids.APPROVE, Verdict.APPROVE)
        answer = await self._desk.answer(act, lambda: self._approve_sent(act, sent))
        await ack(**form_answer("Approval", {ids.COMMENT}, answer))

    async def deny_with_reason(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Deny with the reason from the modal."""
        sent = ModalSubmission.from_payload(body)
        act = act_of_modal(sent, context, ids.DENY, Verdict.DENY)
        answer = await self._desk.answer(act, lambda: self._deny_sent(act, sent))
        await ack(**form_answer("Denial", {ids.REASON}, answer))

    async def _approve(self, act: Act, click: ButtonClick) -> Answer:
        request_id = parse_request_id(click.value)
        approvals = await self._desk.approvals(act)
        request = await self._desk.request(request_id, act.deadline)
        if request.routing.require_comment and is_open(request, self._clock.now()):
            return await open_form(
                self._client, approve_modal, request, click=click, act=act
            )
        try:
            record = await approvals.approve(request_id, comment="")
        except Invalid as error:
            if error.field != ids.COMMENT:
                raise
            # Policy wants a comment now, which it did not at submission.
            return await open_form(
                self._client, approve_modal, request, click=click, act=act
            )
        return Answer(text=still_needed(record) or None)

    async def _open_denial(self, act: Act, click: ButtonClick) -> Answer:
        request_id = parse_request_id(click.value)
        actor = await self._desk.identify(act)
        request = await self._desk.request(request_id, act.deadline)
        refuse_closed(request, self._clock.now())
        if request.requester == actor.email:
            # Nobody denies their own; policy need not be asked to say so.
            return Answer(text=own_request(request_id))
        return await open_form(self._client, deny_modal, request, click=click, act=act)

    async def _approve_sent(self, act: Act, sent: ModalSubmission) -> Answer:
        said = sent.values.get(ids.COMMENT, "")
        comment = checked_prose(ids.COMMENT, said, required=True)
        approvals = await self._desk.approvals(act)
        record = await approvals.approve(request_of(sent), comment=comment)
        return Answer(text=still_needed(record) or None)

    async def _deny_sent(self, act: Act, sent: ModalSubmission) -> Answer:
        said = sent.values.get(ids.REASON, "")
        reason = checked_prose(ids.REASON, said, required=True)
        approvals = await self._desk.approvals(act)
        await approvals.deny(request_of(sent), reason=reason)
        return Answer()
