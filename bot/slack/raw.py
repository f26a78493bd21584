"""The JSON of Slack's payloads: only what is used, other fields are ignored."""

from pydantic import BaseModel, ConfigDict, Field


class _Raw(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class RawUser(_Raw):
    """Who acted."""

    id: str = Field(min_length=1)
    team_id: str | None = None


class RawThing(_Raw):
    """Something with an id."""

    id: str


class RawContainer(_Raw):
    """Where the pressed button was."""

    channel_id: str | None = None
    message_ts: str | None = None


class RawMessage(_Raw):
    """The message that the button was on."""

    ts: str | None = None
    bot_id: str | None = None


class RawAction(_Raw):
    """The button."""

    action_id: str
    value: str = ""
    action_ts: str = ""


class RawBlockActions(_Raw):
    """A `block_actions` payload."""

    user: RawUser
    team: RawThing | None = None
    enterprise: RawThing | None = None
    container: RawContainer = RawContainer()
    channel: RawThing | None = None
    message: RawMessage | None = None
    trigger_id: str = ""
    response_url: str | None = None
    actions: list[RawAction] = Field(min_length=1)


class RawHome(_Raw):
    """The `app_home_opened` event inside its envelope."""

    user: str = Field(min_length=1)
    tab: str = "home"


class RawHomeOpened(_Raw):
    """The envelope of an `app_home_opened` event."""

    team_id: str = Field(min_length=1)
    enterprise_id: str | None = None
    event: RawHome


class RawOption(_Raw):
    """One choice of an input that offers several."""

    value: str


class RawInput(_Raw):
    """One input of a modal."""

    value: str | None = None
    selected_options: list[RawOption] = []


class RawState(_Raw):
    """What was typed, by block and action."""

    values: dict[str, dict[str, RawInput]] = {}


class RawView(_Raw):
    """The modal."""

    id: str
    private_metadata: str = ""
    state: RawState = RawState()


class RawViewSubmission(_Raw):
    """A `view_submission` payload."""

    user: RawUser
    team: RawThing | None = None
    enterprise: RawThing | None = None
    view: RawView


class RawSlashCommand(_Raw):
    """A slash command."""

    user_id: str = Field(min_length=1)
    team_id: str = Field(min_length=1)
    enterprise_id: str | None = None
    channel_id: str = ""
    text: str = ""
    trigger_id: str = ""
    response_url: str | None = None


class RawViewActions(_Raw):
    """A `block_actions` payload of a press in a modal or in App Home."""

    user: RawUser
    team: RawThing | None = None
    enterprise: RawThing | None = None
    trigger_id: str = ""
    view: RawView
    actions: list[RawAction] = Field(min_length=1)
