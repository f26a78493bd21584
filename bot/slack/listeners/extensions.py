"""Turns Extend, and the form behind it, into a new request."""

from dataclasses import replace
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
from bot.slack.modals import extend_modal
from bot.slack.payloads import ButtonClick, ModalSubmission
from bot.slack.sentences import extended, only_the_requester
from bot.slack.stale import refuse_not_in_force
from core.domain.request import parse_request_id
from core.duration import parse_duration
from core.ports import Clock

_FIELDS: Final = frozenset({ids.DURATION, ids.REASON})


class ExtensionListeners:
    """Asks for more time on behalf of who has a grant."""

    def __init__(
        self, *, desk: Desk, client: SlackClient, adoption: Adoption, clock: Clock
    ) -> None:
        """Keep what extending needs."""
        self._desk = desk
        self._client = client
        self._adoption = adoption
        self._clock = clock

    def register(self, app: AsyncApp) -> None:
        """Attach these listeners to `app`."""
        app.action(ids.EXTEND, middleware=[matched])(self.extend)
        app.view(ids.EXTEND_VIEW, middleware=[matched])(self.extend_for)

    async def extend(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Open the form that asks for how long."""
        click = ButtonClick.from_payload(body)
        act = _asking(act_of_click(click, context, ids.EXTEND))
        answer = await self._desk.answer(act, lambda: self._open(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()

    async def extend_for(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Ask for as long as the form says."""
        sent = ModalSubmission.from_payload(body)
        act = _asking(act_of_modal(sent, context, ids.EXTEND))
        answer = await self._desk.answer(act, lambda: self._extend_sent(act, sent))
        title = "More time" if answer.error is None else "Not asked"
        await ack(**form_answer(title, _FIELDS, answer))

    async def _open(self, act: Act, click: ButtonClick) -> Answer:
        request_id = parse_request_id(click.value)
        actor = await self._desk.identify(act)
        request = await self._desk.request(request_id, act.deadline)
        if request.requester != actor.email:
            return Answer(text=only_the_requester(request.requester))
        refuse_not_in_force(request, self._clock.now())
        return await open_form(
            self._client, extend_modal, request, click=click, act=act
        )

    async def _extend_sent(self, act: Act, sent: ModalSubmission) -> Answer:
        said = sent.values
        duration = parse_duration(ids.DURATION, said.get(ids.DURATION, ""))
        approvals = await self._desk.approvals(act)
        record = await approvals.extend(
            request_of(sent),
            duration=duration,
            reason=said.get(ids.REASON, ""),
            key=sent.view_id,
        )
        return Answer(text=extended(record))


def _asking(act: Act) -> Act:
    """Return an act as one that asks: no approver could do it instead."""
    return replace(act, is_submission=True, is_for_approvers=False)
