"""Turns Revoke, Give up and Retry, and the form behind one of them, into acts."""

from typing import Any, Final

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
from bot.slack.modals import revoke_modal
from bot.slack.payloads import ButtonClick, ModalSubmission
from bot.slack.stale import refuse_ended
from core.domain.request import parse_request_id

GIVEN_UP: Final = "given up"
"""The reason of who has a failing issue given up."""


class GrantListeners:
    """Ends grants early, and has what failed tried again or given up.

    Card and messages follow by jobs; core decides who may, `Desk` words the
    refusals.
    """

    def __init__(self, *, desk: Desk, client: SlackClient, adoption: Adoption) -> None:
        """Keep what ending needs."""
        self._desk = desk
        self._client = client
        self._adoption = adoption

    def register(self, app: AsyncApp) -> None:
        """Attach these listeners to `app`."""
        app.action(ids.REVOKE, middleware=[matched])(self.revoke)
        app.action(ids.GIVE_UP, middleware=[matched])(self.give_up)
        app.action(ids.RETRY, middleware=[matched])(self.retry)
        app.view(ids.REVOKE_VIEW, middleware=[matched])(self.revoke_with_reason)

    async def revoke(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Open the form that ends a grant, on its card or in its message."""
        click = ButtonClick.from_payload(body)
        act = act_of_click(click, context, ids.REVOKE)
        answer = await self._desk.answer(act, lambda: self._open(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()

    async def revoke_with_reason(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """End the grant with the reason from the form."""
        sent = ModalSubmission.from_payload(body)
        act = act_of_modal(sent, context, ids.REVOKE)
        answer = await self._desk.answer(act, lambda: self._revoke_sent(act, sent))
        await ack(**form_answer("Revocation", {ids.REASON}, answer))

    async def give_up(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """End what could not be issued; Slack has asked before."""
        click = ButtonClick.from_payload(body)
        act = act_of_click(click, context, ids.REVOKE)
        answer = await self._desk.answer(act, lambda: self._give_up(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()

    async def retry(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Have what failed tried again now."""
        click = ButtonClick.from_payload(body)
        act = act_of_click(click, context, ids.RETRY)
        answer = await self._desk.answer(act, lambda: self._retry(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()

    async def _open(self, act: Act, click: ButtonClick) -> Answer:
        request_id = parse_request_id(click.value)
        await self._desk.identify(act)
        request = await self._desk.request(request_id, act.deadline)
        refuse_ended(request)
        return await open_form(
            self._client, revoke_modal, request, click=click, act=act
        )

    async def _revoke_sent(self, act: Act, sent: ModalSubmission) -> Answer:
        approvals = await self._desk.approvals(act)
        reason = sent.values.get(ids.REASON, "")
        await approvals.revoke(request_of(sent), reason=reason)
        return Answer()

    async def _give_up(self, act: Act, click: ButtonClick) -> Answer:
        approvals = await self._desk.approvals(act)
        # An old card that offers this must not end what came through meanwhile.
        await approvals.revoke(
            parse_request_id(click.value), reason=GIVEN_UP, only_unissued=True
        )
        return Answer()

    async def _retry(self, act: Act, click: ButtonClick) -> Answer:
        approvals = await self._desk.approvals(act)
        await approvals.retry(parse_request_id(click.value))
        return Answer()
