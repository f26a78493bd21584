"""Shows App Home to whoever opens it."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.slack.client import SlackClient
from bot.slack.desk import Act, Answer, Desk
from bot.slack.home import closed_home, home_view
from bot.slack.middleware import deadline_of, matched
from bot.slack.view_payloads import HomeOpened
from core.errors import Invalid, NotAuthenticated

_log = structlog.get_logger()


class HomeListeners:
    """Draws App Home; Slack keeps what was drawn last."""

    def __init__(self, *, desk: Desk, client: SlackClient) -> None:
        """Keep what drawing needs."""
        self._desk = desk
        self._client = client

    def register(self, app: AsyncApp) -> None:
        """Attach this listener to `app`."""
        app.event("app_home_opened", middleware=[matched])(self.opened)

    async def opened(self, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """Draw App Home; Bolt has acknowledged the event, so nothing is raised."""
        try:
            visit = HomeOpened.from_payload(body)
        except Invalid as error:
            _log.warning("delivery_malformed", field=error.field, why=error.why)
            return
        if not visit.is_home:
            return
        act = Act(
            person=visit.person,
            evidence=visit.evidence,
            deadline=deadline_of(context),
        )
        # What fails is logged there; whoever opens it again sees it.
        await self._desk.answer(act, lambda: self._draw(act))

    async def _draw(self, act: Act) -> Answer:
        view = home_view()
        try:
            await self._desk.identify(act)
        except NotAuthenticated as error:
            view = closed_home(f"jitsudo is not for you here: {error.why}.")
        await self._client.publish_home(act.person.user_id, view, act.deadline)
        return Answer()
