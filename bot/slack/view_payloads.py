"""What Slack sends of App Home and of presses in views, parsed; `Any` ends here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError

from bot.slack.payloads import SlackPerson, evidence_of, invalid_payload, person_of
from bot.slack.raw import RawHomeOpened, RawViewActions


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewClick:
    """A press of a button in a modal or in App Home.

    Attributes:
        private_metadata: what the view remembers.
    """

    person: SlackPerson
    trigger_id: str
    view_id: str
    private_metadata: str
    action_ts: str

    @classmethod
    def from_payload(cls, body: Mapping[str, Any]) -> Self:
        """Parse a `block_actions` payload that names a view.

        Raises:
            Invalid: it is not one.

        Source: docs.slack.dev, block_actions payload.
        """
        try:
            raw = RawViewActions.model_validate(body)
        except ValidationError as error:
            raise invalid_payload(error) from error
        return cls(
            person=person_of(raw.user, raw.team, raw.enterprise),
            trigger_id=raw.trigger_id,
            view_id=raw.view.id,
            private_metadata=raw.view.private_metadata,
            action_ts=raw.actions[0].action_ts,
        )

    @property
    def evidence(self) -> dict[str, str]:
        """Return what the audit event keeps of this press."""
        return evidence_of(self.person, None, action_ts=self.action_ts)


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeOpened:
    """Somebody opened App Home, or its other tab."""

    person: SlackPerson
    is_home: bool

    @classmethod
    def from_payload(cls, body: Mapping[str, Any]) -> Self:
        """Parse the envelope of an `app_home_opened` event.

        Raises:
            Invalid: it is not one.

        Source: docs.slack.dev, app_home_opened event.
        """
        try:
            raw = RawHomeOpened.model_validate(body)
        except ValidationError as error:
            raise invalid_payload(error) from error
        person = SlackPerson(
            team_id=raw.team_id,
            user_id=raw.event.user,
            enterprise_id=raw.enterprise_id or None,
        )
        return cls(person=person, is_home=raw.event.tab == "home")

    @property
    def evidence(self) -> dict[str, str]:
        """Return what the audit event keeps of a stranger's visit."""
        return evidence_of(self.person, None)
