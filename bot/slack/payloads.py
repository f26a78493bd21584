"""What Slack sends, parsed; here `Any` ends.

Only ids are kept: names in a payload are chosen by the person who carries them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError

from bot.slack.raw import (
    RawBlockActions,
    RawSlashCommand,
    RawThing,
    RawUser,
    RawViewSubmission,
)
from core.errors import Invalid


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackPerson:
    """Who did something in Slack: ids, never names.

    Attributes:
        enterprise_id: of the Enterprise Grid organisation the payload names.
    """

    team_id: str
    user_id: str
    enterprise_id: str | None = None

    @property
    def actor(self) -> str:
        """Return how the audit log names somebody who is not known."""
        return f"slack:{self.team_id}/{self.user_id}"


def invalid_payload(error: ValidationError) -> Invalid:
    """Return the refusal of a payload: where it is wrong, and nothing it holds."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return Invalid(field="Slack's payload", why=f"{where}: {first['msg']}")


def person_of(
    user: RawUser, team: RawThing | None, enterprise: RawThing | None
) -> SlackPerson:
    """Return the person; without a team of their own, the payload's.

    `user.team_id` goes first: in a shared channel `team` is the installation's.
    """
    team_id = user.team_id or (team.id if team is not None else "")
    if not team_id and enterprise is None:
        raise Invalid(field="Slack's payload", why="names no team of the person")
    return SlackPerson(
        team_id=team_id,
        user_id=user.id,
        enterprise_id=enterprise.id if enterprise is not None else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRef:
    """One message: its channel and its timestamp, as text."""

    channel_id: str
    ts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonClick:
    """A press of a button on a message.

    Attributes:
        action_id: which button.
        value: the request id as the button carries it; a hint until it is read.
        bot_id: who posted the message, if Slack says so.
    """

    person: SlackPerson
    action_id: str
    value: str
    trigger_id: str
    response_url: str | None
    message: MessageRef | None
    bot_id: str | None
    action_ts: str

    @classmethod
    def from_payload(cls, body: Mapping[str, Any]) -> Self:
        """Parse a `block_actions` payload.

        Raises:
            Invalid: it is not one.

        Source: docs.slack.dev, block_actions payload.
        """
        try:
            raw = RawBlockActions.model_validate(body)
        except ValidationError as error:
            raise invalid_payload(error) from error
        channel = raw.container.channel_id or (raw.channel.id if raw.channel else None)
        ts = raw.container.message_ts or (raw.message.ts if raw.message else None)
        return cls(
            person=person_of(raw.user, raw.team, raw.enterprise),
            action_id=raw.actions[0].action_id,
            value=raw.actions[0].value,
            trigger_id=raw.trigger_id,
            response_url=raw.response_url,
            message=MessageRef(channel_id=channel, ts=ts) if channel and ts else None,
            bot_id=raw.message.bot_id if raw.message else None,
            action_ts=raw.actions[0].action_ts,
        )

    @property
    def evidence(self) -> dict[str, str]:
        """Return what the audit event keeps of this press."""
        return evidence_of(self.person, self.message, action_ts=self.action_ts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewMemory:
    """What a modal remembers: which request, and on which message it was opened."""

    request_id: str
    message: MessageRef | None = None

    def to_metadata(self) -> str:
        """Return the modal's `private_metadata`."""
        fields = {"request_id": self.request_id}
        if self.message is not None:
            fields |= {"channel": self.message.channel_id, "ts": self.message.ts}
        return json.dumps(fields)

    @classmethod
    def from_metadata(cls, text: str) -> Self:
        """Parse what `to_metadata` wrote.

        Raises:
            Invalid: it did not.
        """
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise Invalid(field="modal", why="is not one of ours") from error
        match fields:
            case {"request_id": str(request_id), "channel": str(channel), "ts": str(t)}:
                message = MessageRef(channel_id=channel, ts=t)
                return cls(request_id=request_id, message=message)
            case {"request_id": str(request_id)}:
                return cls(request_id=request_id)
            case _:
                raise Invalid(field="modal", why="names no request")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModalSubmission:
    """A modal that was sent.

    Attributes:
        values: what was typed, by the input's action id; empty if nothing was.
        ticked: the values of the options that were ticked, of all inputs.
    """

    person: SlackPerson
    view_id: str
    private_metadata: str
    values: Mapping[str, str]
    ticked: frozenset[str] = frozenset()

    @classmethod
    def from_payload(cls, body: Mapping[str, Any]) -> Self:
        """Parse a `view_submission` payload.

        Raises:
            Invalid: it is not one.

        Source: docs.slack.dev, view interactions payload.
        """
        try:
            raw = RawViewSubmission.model_validate(body)
        except ValidationError as error:
            raise invalid_payload(error) from error
        return cls(
            person=person_of(raw.user, raw.team, raw.enterprise),
            view_id=raw.view.id,
            private_metadata=raw.view.private_metadata,
            values={
                action_id: typed.value or ""
                for block in raw.view.state.values.values()
                for action_id, typed in block.items()
            },
            ticked=frozenset(
                option.value
                for block in raw.view.state.values.values()
                for typed in block.values()
                for option in typed.selected_options
            ),
        )

    @property
    def memory(self) -> ViewMemory:
        """Return what the modal remembers.

        Raises:
            Invalid: it is not one that we opened for a request.
        """
        return ViewMemory.from_metadata(self.private_metadata)

    def evidence(self, message: MessageRef | None = None) -> dict[str, str]:
        """Return what the audit event keeps of this modal."""
        return evidence_of(self.person, message)


@dataclass(frozen=True, kw_only=True, slots=True)
class SlashCommand:
    """A typed command."""

    person: SlackPerson
    channel_id: str
    text: str
    trigger_id: str
    response_url: str | None

    @classmethod
    def from_payload(cls, body: Mapping[str, Any]) -> Self:
        """Parse a slash command.

        Raises:
            Invalid: it is not one.

        Source: docs.slack.dev, implementing slash commands.
        """
        try:
            raw = RawSlashCommand.model_validate(body)
        except ValidationError as error:
            raise invalid_payload(error) from error
        return cls(
            person=SlackPerson(
                team_id=raw.team_id,
                user_id=raw.user_id,
                enterprise_id=raw.enterprise_id or None,
            ),
            channel_id=raw.channel_id,
            text=raw.text,
            trigger_id=raw.trigger_id,
            response_url=raw.response_url,
        )

    @property
    def evidence(self) -> dict[str, str]:
        """Return what the audit event keeps of this command."""
        facts = evidence_of(self.person, None)
        return facts | ({"slack_channel": self.channel_id} if self.channel_id else {})


def evidence_of(
    person: SlackPerson, message: MessageRef | None, *, action_ts: str = ""
) -> dict[str, str]:
    """Return what the audit event keeps: ids of who, where and when."""
    facts = {"slack_team": person.team_id, "slack_user": person.user_id}
    if message is not None:
        facts |= {"slack_channel": message.channel_id, "slack_message_ts": message.ts}
    return facts | ({"slack_action_ts": action_ts} if action_ts else {})
