"""The `response_url`: answering one interaction a few times.

Source: https://docs.slack.dev/interactivity/handling-user-interaction
"""

import json
from typing import Any, Final

from aiohttp import web

from bot.sandbox.chat import content_of
from bot.sandbox.errors import MethodFailed
from bot.sandbox.faults import RESPONSE_URL, Faults
from bot.sandbox.messages import Conversation, Ephemeral
from bot.sandbox.people import Json
from bot.sandbox.tickets import ResponseTicket, Tickets
from bot.sandbox.workspace import Workspace

_GONE: Final = frozenset({"no_service", "expired_url", "used_url"})


class Responses:
    """Takes what the app posts to a response_url."""

    def __init__(self, workspace: Workspace, tickets: Tickets, faults: Faults) -> None:
        """Answer for tickets among `tickets`."""
        self._workspace = workspace
        self._tickets = tickets
        self._faults = faults

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one post: `ok` as text, or Slack's error."""
        fault = self._faults.strike(RESPONSE_URL)
        if fault is not None and fault.kind in {"slow", "timeout"}:
            await self._faults.hold_up(fault)
        if fault is not None and not fault.does_work:
            return _refused(fault.kind, status=500)
        try:
            values = _object(await request.read())
            self.show(self._tickets.use_response(request.match_info["ticket"]), values)
        except MethodFailed as error:
            return _refused(error.error, status=404 if error.error in _GONE else 400)
        if fault is not None and fault.kind != "slow" and request.transport is not None:
            request.transport.abort()
        return web.Response(text="ok")

    def show(self, ticket: ResponseTicket, values: Json) -> None:
        """Show what one post says.

        Raises:
            MethodFailed: Slack would not take it.
        """
        where = self._workspace.conversations[ticket.channel]
        if values.get("delete_original"):
            self._delete(where, ticket)
            return
        text, blocks = content_of(values)
        if values.get("replace_original") and self._replace(
            where, ticket, text=text, blocks=blocks
        ):
            return
        if values.get("response_type") == "in_channel":
            self._workspace.post(where, text=text, blocks=blocks)
            return
        shown = Ephemeral(
            ts=self._workspace.next_ts(),
            channel=where.id,
            user=ticket.person,
            text=text,
            blocks=blocks,
            thread_ts=ticket.thread_ts,
        )
        self._workspace.whisper(shown, watch=ticket.watch)

    def _replace(
        self,
        where: Conversation,
        ticket: ResponseTicket,
        *,
        text: str,
        blocks: list[Json],
    ) -> bool:
        """Change the original; False where there is none, as for a command."""
        if ticket.is_ephemeral:
            for shown in self._workspace.ephemerals.get(ticket.person, []):
                if shown.ts == ticket.message_ts:
                    shown.text, shown.blocks = text, blocks
                    ticket.watch.see_text(text)
                    self._workspace.changes.note()
                    return True
            return False
        message = where.messages.get(ticket.message_ts or "")
        if message is None:
            return False
        message.change(text=text, blocks=blocks, at=self._workspace.next_ts())
        self._workspace.changes.note()
        return True

    def _delete(self, where: Conversation, ticket: ResponseTicket) -> None:
        shown = self._workspace.ephemerals.get(ticket.person, [])
        shown[:] = [one for one in shown if one.ts != ticket.message_ts]
        if ticket.message_ts is not None:
            where.messages.pop(ticket.message_ts, None)
        self._workspace.changes.note()


def _object(body: bytes) -> Json:
    try:
        value: Any = json.loads(body)
    except ValueError as error:
        failure = "invalid_payload"
        raise MethodFailed(failure) from error
    if not isinstance(value, dict):
        failure = "invalid_payload"
        raise MethodFailed(failure)
    return value


def _refused(error: str, *, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)
