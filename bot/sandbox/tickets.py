"""What an interaction lends to the app: a trigger, and a response_url."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.sandbox import limits
from bot.sandbox.errors import MethodFailed
from bot.sandbox.people import Json
from bot.sandbox.watch import Watch

_KEPT_SECONDS: Final = 2 * limits.RESPONSE_SECONDS


@dataclass(kw_only=True, slots=True)
class Trigger:
    """The right to open one view for one person, soon.

    Attributes:
        view_id: the modal it was made in; None outside of one.
    """

    id: str
    person: str
    made_at: float
    watch: Watch
    view_id: str | None = None
    is_used: bool = False


@dataclass(kw_only=True, slots=True)
class ResponseTicket:
    """The right to answer one interaction a few times.

    Attributes:
        message_ts: the message that was clicked; None for a command.
        is_ephemeral: whether that message was one that only this person saw.
    """

    id: str
    person: str
    channel: str
    made_at: float
    watch: Watch
    message_ts: str | None = None
    thread_ts: str | None = None
    is_ephemeral: bool = False
    uses: int = 0


class Tickets:
    """Hands out triggers and response tickets, and takes them back."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """Start without any.

        Args:
            now: seconds since the epoch.
        """
        self._now = now
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseTicket] = {}

    def new_trigger(self, watch: Watch, *, view_id: str | None = None) -> str:
        """Return the id of a new trigger."""
        self._forget_old()
        identifier = f"{secrets.randbelow(10**12)}.{int(self._now())}."
        identifier += secrets.token_hex(16)
        self._triggers[identifier] = Trigger(
            id=identifier,
            person=watch.person,
            made_at=self._now(),
            watch=watch,
            view_id=view_id,
        )
        return identifier

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger up.

        Raises:
            MethodFailed: it is unknown, used or too old.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            error = "invalid_trigger_id"
            raise MethodFailed(error)
        if trigger.is_used:
            error = "exchanged_trigger_id"
            raise MethodFailed(error)
        if self._now() - trigger.made_at > limits.TRIGGER_SECONDS:
            error = "expired_trigger_id"
            raise MethodFailed(error)
        trigger.is_used = True
        return trigger

    def new_response(
        self,
        watch: Watch,
        *,
        channel: str,
        message_ts: str | None = None,
        thread_ts: str | None = None,
        is_ephemeral: bool = False,
    ) -> str:
        """Return the last part of a new response_url."""
        identifier = secrets.token_urlsafe(24)
        self._responses[identifier] = ResponseTicket(
            id=identifier,
            person=watch.person,
            channel=channel,
            made_at=self._now(),
            watch=watch,
            message_ts=message_ts,
            thread_ts=thread_ts,
            is_ephemeral=is_ephemeral,
        )
        return identifier

    def watch_again(self, payload: Json, watch: Watch) -> None:
        """Let `watch` see what the app does with the tickets in a payload."""
        trigger = self._triggers.get(str(payload.get("trigger_id")))
        if trigger is not None:
            trigger.watch = watch
        last_part = str(payload.get("response_url", "")).rpartition("/")[2]
        ticket = self._responses.get(last_part)
        if ticket is not None:
            ticket.watch = watch

    def use_response(self, identifier: str) -> ResponseTicket:
        """Use a response_url once.

        Raises:
            MethodFailed: it is unknown, too old or used up.
        """
        ticket = self._responses.get(identifier)
        if ticket is None:
            error = "no_service"
            raise MethodFailed(error)
        if self._now() - ticket.made_at > limits.RESPONSE_SECONDS:
            error = "expired_url"
            raise MethodFailed(error)
        if ticket.uses >= limits.RESPONSE_USES:
            error = "used_url"
            raise MethodFailed(error)
        ticket.uses += 1
        return ticket

    def _forget_old(self) -> None:
        before = self._now() - _KEPT_SECONDS
        for kept in (self._triggers, self._responses):
            # Both are in the order in which they were made.
            while kept:
                first = next(iter(kept))
                if kept[first].made_at >= before:
                    break
                del kept[first]
