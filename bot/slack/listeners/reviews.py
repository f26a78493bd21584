"""Turns Review, and the form behind it, into the end of a review."""

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
from bot.slack.modals import review_modal
from bot.slack.payloads import ButtonClick, ModalSubmission
from bot.slack.sentences import own_review
from bot.slack.stale import refuse_reviewed
from core.domain.request import parse_request_id
from core.domain.text import checked_prose


class ReviewListeners:
    """Closes the review that whoever broke the glass owes."""

    def __init__(self, *, desk: Desk, client: SlackClient, adoption: Adoption) -> None:
        """Keep what reviewing needs."""
        self._desk = desk
        self._client = client
        self._adoption = adoption

    def register(self, app: AsyncApp) -> None:
        """Attach these listeners to `app`."""
        app.action(ids.REVIEW, middleware=[matched])(self.review)
        app.view(ids.REVIEW_VIEW, middleware=[matched])(self.review_with_note)

    async def review(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Open the form that asks what was found."""
        click = ButtonClick.from_payload(body)
        act = act_of_click(click, context, ids.REVIEW)
        answer = await self._desk.answer(act, lambda: self._open(act, click))
        self._desk.tell(click.response_url, answer)
        self._adoption.noticed(click, answer)
        await ack()

    async def review_with_note(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Close the review with the note from the form."""
        sent = ModalSubmission.from_payload(body)
        act = act_of_modal(sent, context, ids.REVIEW)
        answer = await self._desk.answer(act, lambda: self._review_sent(act, sent))
        await ack(**form_answer("Review", {ids.NOTE}, answer))

    async def _open(self, act: Act, click: ButtonClick) -> Answer:
        request_id = parse_request_id(click.value)
        actor = await self._desk.identify(act)
        request = await self._desk.request(request_id, act.deadline)
        refuse_reviewed(request)
        if request.requester == actor.email:
            # Nobody reviews their own; policy need not be asked to say so.
            return Answer(text=own_review())
        return await open_form(
            self._client, review_modal, request, click=click, act=act
        )

    async def _review_sent(self, act: Act, sent: ModalSubmission) -> Answer:
        said = sent.values.get(ids.NOTE, "")
        note = checked_prose(ids.NOTE, said, required=True)
        approvals = await self._desk.approvals(act)
        await approvals.review(request_of(sent), note=note)
        return Answer()
