"""Turns codes of terminals, and what people say to them, into calls of core."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack import ids
from bot.slack.client import SlackClient
from bot.slack.desk import Act, Answer, Desk
from bot.slack.listeners.acts import form_answer
from bot.slack.middleware import deadline_of, matched
from bot.slack.modals import result_modal
from bot.slack.payloads import ModalSubmission
from bot.slack.sign_in_views import code_modal, not_mine, sign_in_modal, signed_in
from bot.slack.view_payloads import ViewClick
from core.errors import JitsudoError
from core.ports import Clock

_NOT_SIGNED_IN: Final = "Not signed in"

_log = structlog.get_logger()


class SignInListeners:
    """Asks before a terminal is signed in; who says yes is identified each time."""

    def __init__(self, *, desk: Desk, client: SlackClient, clock: Clock) -> None:
        """Keep what asking needs."""
        self._desk = desk
        self._client = client
        self._clock = clock

    def register(self, app: AsyncApp) -> None:
        """Attach these listeners to `app`."""
        app.action(ids.SIGN_IN, middleware=[matched])(self.begin)
        app.view(ids.CODE_VIEW, middleware=[matched])(self.look)
        app.view(ids.SIGN_IN_VIEW, middleware=[matched])(self.confirm)
        app.action(ids.NOT_MINE, middleware=[matched])(self.refuse)

    async def begin(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Open the form for a code, from App Home."""
        click = ViewClick.from_payload(body)
        act = _act(click, context)
        answer = await self._desk.answer(act, lambda: self._open(act, click))
        if answer.text is not None:
            view = result_modal(_NOT_SIGNED_IN, answer.text)
            await self._show(
                lambda: self._client.open_view(click.trigger_id, view, act.deadline)
            )
        await ack()

    async def look(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Show what waits under the code, in place of the form."""
        sent = ModalSubmission.from_payload(body)
        act = _act(sent, context)
        answer = await self._desk.answer(act, lambda: self._look(act, sent))
        await ack(**form_answer(_NOT_SIGNED_IN, {ids.CODE}, answer))

    async def confirm(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Let the terminal have its token; said once that has committed."""
        sent = ModalSubmission.from_payload(body)
        act = _act(sent, context)
        answer = await self._desk.answer(act, lambda: self._confirm(act, sent))
        title = "Signed in" if answer.error is None else _NOT_SIGNED_IN
        await ack(**form_answer(title, {ids.MACHINE}, answer))

    async def refuse(
        self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Let the terminal have nothing, and say so in place of the form."""
        click = ViewClick.from_payload(body)
        act = _act(click, context)
        answer = await self._desk.answer(act, lambda: self._refuse(act, click))
        title = "Refused" if answer.error is None else "Not refused"
        view = result_modal(title, answer.text or "")
        await self._show(
            lambda: self._client.update_view(click.view_id, view, act.deadline)
        )
        await ack()

    async def _open(self, act: Act, click: ViewClick) -> Answer:
        await self._desk.identify(act)
        await self._client.open_view(click.trigger_id, code_modal(), act.deadline)
        return Answer()

    async def _look(self, act: Act, sent: ModalSubmission) -> Answer:
        consent = await self._desk.consent(act)
        sign_in = await consent.look(sent.values.get(ids.CODE, ""))
        return Answer(view=sign_in_modal(sign_in, self._clock.now()))

    async def _confirm(self, act: Act, sent: ModalSubmission) -> Answer:
        consent = await self._desk.consent(act)
        typed = sent.values.get(ids.MACHINE, "")
        sign_in = await consent.confirm(sent.private_metadata, typed=typed)
        return Answer(text=signed_in(sign_in))

    async def _refuse(self, act: Act, click: ViewClick) -> Answer:
        consent = await self._desk.consent(act)
        await consent.refuse(click.private_metadata)
        return Answer(text=not_mine())

    async def _show(self, call: Callable[[], Awaitable[None]]) -> None:
        """Show how it ended; what has ended stays so whether or not Slack shows it."""
        try:
            await call()
        except JitsudoError as error:
            _log.warning("answer_not_delivered", why=str(error))


def _act(done: ViewClick | ModalSubmission, context: AsyncBoltContext) -> Act:
    evidence = done.evidence if isinstance(done, ViewClick) else done.evidence()
    return Act(person=done.person, evidence=evidence, deadline=deadline_of(context))
