"""App Home: opened by people, drawn by the app."""

from bot.sandbox import payloads
from bot.sandbox.acting import Parts, click_in
from bot.sandbox.courier import EVENTS
from bot.sandbox.errors import BadCall
from bot.sandbox.outcomes import failed, seen
from bot.sandbox.people import Json, Person


class Homes:
    """Lets people open App Home, and press what is there."""

    def __init__(self, parts: Parts) -> None:
        """Act on these parts."""
        self._parts = parts

    async def open(self, person: Person, *, wait: int) -> Json:
        """Open it; the app hears of it, and may draw it."""
        parts = self._parts
        with parts.workspace.watching(person) as watch:
            payload = payloads.home_opened(
                person,
                parts.modals.homes.get(person.id),
                event_id=parts.workspace.next_id("Ev"),
                ts=parts.workspace.next_ts(),
            )
            ack = await parts.courier.deliver(
                EVENTS, "app_home_opened", person.id, payload
            )
            failed(watch, ack)
            return await seen(watch, ack, wait)

    async def click(
        self, person: Person, *, action_id: str, value: str | None, wait: int
    ) -> Json:
        """Press something there.

        Raises:
            BadCall: nothing is there yet, or no such button.
        """
        view = self._parts.modals.homes.get(person.id)
        if view is None:
            message = f"{person.name} has not opened App Home, or sees nothing there"
            raise BadCall(message)
        return await click_in(
            self._parts, person, view, action_id=action_id, value=value, wait=wait
        )
