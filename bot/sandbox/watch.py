"""What somebody sees as the result of what they did."""

import asyncio
from dataclasses import dataclass, field

from bot.sandbox.people import Json


@dataclass(kw_only=True, slots=True, eq=False)
class Watch:
    """Collects what one person is shown from the moment they act.

    Attributes:
        person: the id of who acts.
        ephemeral: texts that only they see, in order.
        view: the view that was opened or changed last.
        errors: what stands under the inputs of a form, by action_id.
        error: why Slack itself complains, such as `operation_timeout`.
        has_news: set as soon as there is anything.
    """

    person: str
    ephemeral: list[str] = field(default_factory=list)
    view: Json | None = None
    errors: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    has_news: asyncio.Event = field(default_factory=asyncio.Event)

    def see_text(self, text: str) -> None:
        """Note a text that only this person sees."""
        self.ephemeral.append(text)
        self.has_news.set()

    def see_view(self, view: Json) -> None:
        """Note a view that was opened or changed."""
        self.view = view
        self.has_news.set()

    def see_errors(self, errors: dict[str, str]) -> None:
        """Note what stands under the inputs of a form."""
        self.errors = errors
        self.has_news.set()

    def see_error(self, error: str) -> None:
        """Note that Slack itself complains."""
        self.error = error
        self.has_news.set()
