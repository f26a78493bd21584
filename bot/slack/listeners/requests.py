"""Turns the form of `/jitsudo request` into a request."""

from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack import ids
from bot.slack.desk import Act, Answer, Desk
from bot.slack.listeners.acts import form_answer
from bot.slack.middleware import deadline_of, matched
from bot.slack.modals import GLASS_WORDS
from bot.slack.payloads import ModalSubmission
from bot.slack.sentences import submitted
from core.domain.request import Ask
from core.duration import parse_duration
from core.errors import Invalid

_FIELDS: Final = frozenset(
    {
        *(ids.PROVIDER, ids.ROLE, ids.SCOPE, ids.DURATION, ids.REASON),
        *(ids.BREAK_GLASS, ids.CONFIRMATION),
    }
)


class RequestListeners:
    """Submits what was filled in."""

    def __init__(self, *, desk: Desk) -> None:
        """Keep what submitting needs."""
        self._desk = desk

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
        answer = await self._desk.answer(act, lambda: self._submit(act, sent))
        title = "Your request" if answer.error is None else "Not asked"
        await ack(**form_answer(title, _FIELDS, answer))

    async def _submit(self, act: Act, sent: ModalSubmission) -> Answer:
        said = sent.values
        ask = Ask(
            provider=said.get(ids.PROVIDER, ""),
            role=said.get(ids.ROLE, ""),
            resource_scope=said.get(ids.SCOPE, ""),
            duration=parse_duration(ids.DURATION, said.get(ids.DURATION, "")),
            reason=said.get(ids.REASON, ""),
            break_glass=_breaks_glass(sent),
        )
        approvals = await self._desk.approvals(act)
        # The same form sent twice, here or to another replica, asks once.
        record = await approvals.submit(ask, key=sent.view_id)
        return Answer(text=submitted(record))


def _breaks_glass(sent: ModalSubmission) -> bool:
    """Tell whether the box was ticked and the words typed; half of it is neither.

    Raises:
        Invalid: only one of the two was done, or the words are others.
    """
    is_ticked = ids.BREAK_GLASS in sent.ticked
    typed = " ".join(sent.values.get(ids.CONFIRMATION, "").split()).upper()
    if is_ticked and typed != GLASS_WORDS:
        why = f"must be {GLASS_WORDS} to go on; nothing was asked for"
        raise Invalid(field=ids.CONFIRMATION, why=why)
    if typed and not is_ticked:
        why = "must be ticked as well; or clear what is typed below"
        raise Invalid(field=ids.BREAK_GLASS, why=why)
    return is_ticked
