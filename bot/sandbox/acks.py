"""What an acknowledgement makes Slack do."""

from typing import Final

from bot.sandbox.chat import content_of
from bot.sandbox.courier import Ack
from bot.sandbox.errors import MethodFailed
from bot.sandbox.messages import Ephemeral
from bot.sandbox.modals import Modals
from bot.sandbox.people import Json
from bot.sandbox.views import View
from bot.sandbox.watch import Watch
from bot.sandbox.workspace import Workspace

UNREADABLE: Final = "invalid_response"
"""Slack shows "We had some trouble connecting" where it cannot use an answer."""


def read_command_ack(
    workspace: Workspace, watch: Watch, ack: Ack, *, where: str, command: str
) -> None:
    """Show what a command was acknowledged with, if with anything.

    Args:
        where: id of the conversation it was typed in.
    """
    values = ack.answer or {"text": ack.text}
    if values == {"text": ""}:
        return
    try:
        text, blocks = content_of(values)
    except MethodFailed:
        watch.see_error(UNREADABLE)
        return
    if values.get("response_type") == "in_channel":
        typed = workspace.by_id(watch.person)
        name = typed.name if typed else watch.person
        conversation = workspace.conversations[where]
        workspace.post(conversation, text=f"{name} used {command}", blocks=[])
        workspace.post(conversation, text=text, blocks=blocks)
        return
    shown = Ephemeral(
        ts=workspace.next_ts(),
        channel=where,
        user=watch.person,
        text=text,
        blocks=blocks,
    )
    workspace.whisper(shown, watch=watch)


def read_submission_ack(modals: Modals, watch: Watch, ack: Ack, *, view: View) -> None:
    """Close, change or keep the form that was sent off."""
    if ack.text.strip():
        watch.see_error(UNREADABLE)
        return
    answer = ack.answer
    try:
        match answer.get("response_action"):
            case None if not answer:
                modals.close(view)
            case "clear":
                modals.clear(view.owner)
            case "update":
                modals.update(view, answer.get("view"), watch=watch)
            case "push":
                modals.push(view.owner, answer.get("view"), watch=watch)
            case "errors":
                watch.see_errors(_errors(view.content["blocks"], answer))
            case _:
                watch.see_error(UNREADABLE)
    except MethodFailed:
        watch.see_error(UNREADABLE)


def read_repeated_ack(watch: Watch, ack: Ack, *, payload: Json) -> None:
    """Note what a delivery that was made again was answered with.

    Nothing is closed or changed by it: what it answers is long gone.
    """
    view, answer = payload.get("view"), ack.answer
    if ack.text.strip():
        watch.see_text(ack.text)
    elif isinstance(answer.get("text"), str):
        watch.see_text(answer["text"])
    elif isinstance(answer.get("view"), dict):
        watch.see_view(answer["view"])
    elif isinstance(view, dict) and answer.get("response_action") == "errors":
        try:
            watch.see_errors(_errors(view["blocks"], answer))
        except MethodFailed:
            watch.see_error(UNREADABLE)


def _errors(blocks: list[Json], answer: Json) -> dict[str, str]:
    """Return the errors by action_id, as `values` are given.

    Raises:
        MethodFailed: one names no input block, or there is none.
    """
    inputs = {
        block["block_id"]: block["element"]["action_id"]
        for block in blocks
        if block["type"] == "input"
    }
    errors = answer.get("errors")
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs.keys():
        raise MethodFailed(UNREADABLE)
    return {inputs[block_id]: str(text) for block_id, text in errors.items()}
