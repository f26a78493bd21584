"""What presses and forms have in common: the act, its form, and its answer."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack.blocks import Block
from bot.slack.client import SlackClient
from bot.slack.desk import Act, Answer, id_or_none
from bot.slack.middleware import deadline_of
from bot.slack.modals import marked_field, result_modal
from bot.slack.payloads import ButtonClick, ModalSubmission, ViewMemory
from bot.slack.sentences import terminal_line
from core.domain.request import ElevationRequest, parse_request_id
from core.errors import Invalid
from core.vocabulary import RequestId, Verdict

Form: TypeAlias = Callable[[ElevationRequest, ViewMemory], Block]
"""Makes the modal of one request."""


def act_of_click(
    click: ButtonClick,
    context: AsyncBoltContext,
    command: str,
    verdict: Verdict | None = None,
) -> Act:
    """Return the act of a press.

    Args:
        command: which command does the same.
    """
    request_id = id_or_none(click.value)
    return Act(
        person=click.person,
        evidence=click.evidence,
        deadline=deadline_of(context),
        request_id=request_id,
        verdict=verdict,
        may_show=True,  # they pressed on its card, or on a message about it
        terminal_line=terminal_line(command, request_id),
    )


def act_of_modal(
    sent: ModalSubmission,
    context: AsyncBoltContext,
    command: str,
    verdict: Verdict | None = None,
) -> Act:
    """Return the act of a form that was sent.

    Args:
        command: which command does the same.

    Raises:
        Invalid: it is not one that we opened for a request.
    """
    memory = sent.memory
    request_id = id_or_none(memory.request_id)
    return Act(
        person=sent.person,
        evidence=sent.evidence(memory.message),
        deadline=deadline_of(context),
        request_id=request_id,
        verdict=verdict,
        may_show=True,  # the modal repeats it
        terminal_line=terminal_line(command, request_id),
    )


def request_of(sent: ModalSubmission) -> RequestId:
    """Return which request a form is about.

    Raises:
        Invalid: it names none.
    """
    return parse_request_id(sent.memory.request_id)


async def open_form(
    client: SlackClient,
    form: Form,
    request: ElevationRequest,
    *,
    click: ButtonClick,
    act: Act,
) -> Answer:
    """Open the form of a request before who pressed.

    Raises:
        SlackFailed, DeadlineExceeded: nothing opened.
    """
    memory = ViewMemory(request_id=request.id, message=click.message)
    view = form(request, memory)
    await client.open_view(click.trigger_id, view, act.deadline)
    return Answer()


def form_answer(
    title: str, fields: Collection[str], answer: Answer
) -> Mapping[str, Any]:
    """Return how a form goes on: it closes, marks an input, tells, or is another.

    Args:
        title: what it is called where it tells.
        fields: its inputs.
    """
    if isinstance(answer.error, Invalid) and answer.error.field in fields:
        return marked_field(answer.error)
    if answer.view is not None:
        return {"response_action": "update", "view": answer.view}
    if answer.text is None:
        return {}
    view = result_modal(title, answer.text)
    return {"response_action": "update", "view": view}
