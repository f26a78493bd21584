"""Turns the form of `/jitsudo request` into a request."""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack import ids
from bot.slack.desk import Act, Answer, Desk
from bot.slack.middleware import deadline_of, matched
from bot.slack.modals import marked_field, result_modal
from bot.slack.once import Once
from bot.slack.payloads import ModalSubmission
from bot.slack.sentences import submitted
from core.domain.request import Ask
from core.duration import parse_duration
from core.errors import Invalid

_FIELDS: Final = frozenset(
    {ids.PROVIDER, ids.ROLE, ids.SCOPE, ids.DURATION, ids.REASON}
)


class RequestListeners:
    """Submits what was filled in."""

    def __init__(self, *, desk: Desk) -> None:
        """Keep what submitting needs."""
        self._desk = desk
        self._once = Once()

    def register(self, app: AsyncApp) -> None:
        """Attach this listener to `app`."""
        app.view(ids.REQUEST_VIEW, middleware=[matched])(self.submit)

    async def submit(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Submit the request; a field that cannot be is marked in the form."""
        sent = ModalSubmission.from_payload(body)
        act = Act(
            person=sent.person,
            evidence=sent.evidence(),
            deadline=deadline_of(context),
            is_submission=True,
        )
        answer = await self._once.do(
            sent.view_id,
            lambda: self._desk.answer(act, lambda: self._submit(act, sent)),
        )
        await ack(**_form_answer(answer))

    async def _submit(self, act: Act, sent: ModalSubmission) -> Answer:
        said = sent.values
        ask = Ask(
            provider=said.get(ids.PROVIDER, ""),
            role=said.get(ids.ROLE, ""),
            resource_scope=said.get(ids.SCOPE, ""),
            duration=parse_duration(ids.DURATION, said.get(ids.DURATION, "")),
            reason=said.get(ids.REASON, ""),
        )
        approvals = await self._desk.approvals(act)
        return Answer(text=submitted(await approvals.submit(ask)))


def _form_answer(answer: Answer) -> Mapping[str, Any]:
    """Return how the form goes on: a field is marked, or it says what happened."""
    if isinstance(answer.error, Invalid) and answer.error.field in _FIELDS:
        return marked_field(answer.error)
    title = "Your request" if answer.error is None else "Not asked"
    view = result_modal(title, answer.text or "")
    return {"response_action": "update", "view": view}
