"""What people do: type commands, press buttons, send and close forms."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.sandbox import payloads
from bot.sandbox.acks import read_command_ack, read_repeated_ack, read_submission_ack
from bot.sandbox.courier import COMMANDS, INTERACTIVE, Courier
from bot.sandbox.errors import BadCall
from bot.sandbox.messages import Conversation, Ephemeral, Message, actions_of
from bot.sandbox.modals import Modals
from bot.sandbox.outcomes import failed, seen, told
from bot.sandbox.people import Json, Person
from bot.sandbox.responses import Responses
from bot.sandbox.tickets import Tickets
from bot.sandbox.views import View
from bot.sandbox.watch import Watch
from bot.sandbox.workspace import Workspace

PATIENCE_MS: Final = 300
"""How long after the acknowledgement an answer waits for something to show."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What acting needs of the sandbox.

    Attributes:
        response_url: makes the whole address from a ticket's last part.
    """

    workspace: Workspace
    modals: Modals
    tickets: Tickets
    responses: Responses
    courier: Courier
    response_url: Callable[[str], str]


class Acting:
    """Lets people act, and tells what Slack would then show them."""

    def __init__(self, parts: Parts) -> None:
        """Act on these parts."""
        self._parts = parts

    async def command(
        self, person: Person, where: Conversation, *, command: str, text: str, wait: int
    ) -> Json:
        """Type a slash command.

        Args:
            wait: milliseconds to wait for something to show, after the ack.
        """
        parts = self._parts
        with parts.workspace.watching(person) as watch:
            ticket = parts.tickets.new_response(watch, channel=where.id)
            payload = payloads.slash_command(
                person,
                where,
                command=command,
                text=text,
                trigger_id=parts.tickets.new_trigger(watch),
                response_url=parts.response_url(ticket),
            )
            ack = await parts.courier.deliver(COMMANDS, "command", person.id, payload)
            if not failed(watch, ack):
                read_command_ack(
                    parts.workspace, watch, ack, where=where.id, command=command
                )
            return await seen(watch, ack, wait)

    async def click_message(
        self,
        person: Person,
        where: Conversation,
        *,
        ts: str,
        action_id: str,
        value: str | None,
        wait: int,
    ) -> Json:
        """Press something in a message, as it is now or as it once was.

        Raises:
            BadCall: there is no such message, and never was such a button.
        """
        parts = self._parts
        shown = self._shown(person, where, ts)
        block, element = _find(shown, action_id, value)
        with parts.workspace.watching(person) as watch:
            ticket = parts.tickets.new_response(
                watch,
                channel=where.id,
                message_ts=ts,
                thread_ts=shown.thread_ts,
                is_ephemeral=isinstance(shown, Ephemeral),
            )
            action_ts = parts.workspace.next_ts()
            payload = payloads.message_click(
                person,
                where,
                shown,
                action=payloads.pressed(block, element, value=value, ts=action_ts),
                trigger_id=parts.tickets.new_trigger(watch),
                response_url=parts.response_url(ticket),
            )
            return await self._interact(watch, "block_actions", payload, wait)

    async def click_view(
        self,
        person: Person,
        view_id: str,
        *,
        action_id: str,
        value: str | None,
        wait: int,
    ) -> Json:
        """Press something in the modal that is open.

        Raises:
            BadCall: it is not open, or has no such button.
        """
        view = self._open_view(person, view_id)
        return await click_in(
            self._parts, person, view, action_id=action_id, value=value, wait=wait
        )

    async def submit(
        self,
        person: Person,
        view_id: str,
        *,
        values: dict[str, str | list[str]],
        wait: int,
    ) -> Json:
        """Send a modal off.

        Raises:
            BadCall: it is not the one on top, or has no such inputs.
        """
        parts = self._parts
        view = self._open_view(person, view_id)
        if view.content.get("submit") is None:
            message = f"{view_id} has nothing to submit"
            raise BadCall(message)
        view.values = payloads.state_values(view, values)
        with parts.workspace.watching(person) as watch:
            payload = payloads.view_submission(
                person,
                view,
                trigger_id=parts.tickets.new_trigger(watch, view_id=view.id),
            )
            ack = await parts.courier.deliver(
                INTERACTIVE, "view_submission", person.id, payload
            )
            if not failed(watch, ack):
                read_submission_ack(parts.modals, watch, ack, view=view)
            return await seen(watch, ack, wait)

    async def close(self, person: Person, view_id: str, *, wait: int) -> Json:
        """Close the modal that is open; the app hears of it if it asked to.

        Raises:
            BadCall: it is not the one on top.
        """
        parts = self._parts
        view = self._open_view(person, view_id)
        is_cleared = bool(view.content.get("clear_on_close"))
        if is_cleared:
            parts.modals.clear(person.id)
        else:
            parts.modals.close(view)
        with parts.workspace.watching(person) as watch:
            if not view.content.get("notify_on_close"):
                return told(watch, None)
            payload = payloads.view_closed(person, view, is_cleared=is_cleared)
            return await self._interact(watch, "view_closed", payload, wait)

    async def again(
        self, delivery_id: str, *, times: int, signature: str, wait: int
    ) -> Json:
        """Deliver something again, several times at once.

        Raises:
            BadCall: there was no such delivery.
        """
        parts = self._parts
        first = parts.courier.original(delivery_id, signature=signature)
        person = parts.workspace.by_id(first.user)
        if person is None:
            message = f"delivery {delivery_id} was nobody's act"
            raise BadCall(message)
        with parts.workspace.watching(person) as watch:
            parts.tickets.watch_again(first.payload, watch)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(parts.courier.again(first, signature=signature))
                    for _ in range(times)
                ]
            acks = [task.result() for task in tasks]
            if not failed(watch, acks[0]):
                read_repeated_ack(watch, acks[0], payload=first.payload)
            outcome = await seen(watch, acks[0], wait)
        return outcome | {"acks": [ack.to_told() for ack in acks]}

    async def _interact(
        self, watch: Watch, what: str, payload: Json, wait: int
    ) -> Json:
        ack = await self._parts.courier.deliver(
            INTERACTIVE, what, watch.person, payload
        )
        failed(watch, ack)
        return await seen(watch, ack, wait)

    def _shown(
        self, person: Person, where: Conversation, ts: str
    ) -> Message | Ephemeral:
        if ts in where.messages:
            return where.messages[ts]
        for shown in self._parts.workspace.ephemerals.get(person.id, []):
            if shown.ts == ts:
                return shown
        message = f"there is no message {ts} in {where.name}"
        raise BadCall(message)

    def _open_view(self, person: Person, view_id: str) -> View:
        top = self._parts.modals.top(person.id)
        if top is None or top.id != view_id:
            open_now = top.id if top else "nothing"
            message = f"{view_id} is not open; {person.name} looks at {open_now}"
            raise BadCall(message)
        return top


async def click_in(
    parts: Parts,
    person: Person,
    view: View,
    *,
    action_id: str,
    value: str | None,
    wait: int,
) -> Json:
    """Press something in a view, a modal's or App Home's.

    Raises:
        BadCall: it has no such button.
    """
    block, element = _find_among(view, action_id)
    with parts.workspace.watching(person) as watch:
        action_ts = parts.workspace.next_ts()
        payload = payloads.view_click(
            person,
            view,
            action=payloads.pressed(block, element, value=value, ts=action_ts),
            trigger_id=parts.tickets.new_trigger(watch, view_id=view.id),
        )
        ack = await parts.courier.deliver(
            INTERACTIVE, "block_actions", person.id, payload
        )
        failed(watch, ack)
        return await seen(watch, ack, wait)


def _find(
    shown: Message | Ephemeral, action_id: str, value: str | None
) -> tuple[Json, Json]:
    for block, element in shown.actions():
        is_other = element["type"] == "button" and value not in {
            None,
            element.get("value"),
        }
        if element["action_id"] == action_id and not is_other:
            return block, element
    message = f"no version of message {shown.ts} ever had the action {action_id!r}"
    raise BadCall(message)


def _find_among(view: View, action_id: str) -> tuple[Json, Json]:
    for block, element in actions_of(view.content["blocks"]):
        if element["action_id"] == action_id:
            return block, element
    message = f"the view has no action {action_id!r}"
    raise BadCall(message)
