"""The bodies of the control endpoints, and what the smaller ones do."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox.acting import PATIENCE_MS
from bot.sandbox.errors import BadCall
from bot.sandbox.messages import Conversation
from bot.sandbox.user_groups import UserGroup
from bot.sandbox.workspace import Workspace

_Name = Annotated[str, Field(min_length=1, max_length=80)]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Order(BaseModel):
    """The body of one control call; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Act(Order):
    """Something that a person does.

    Attributes:
        user: short name or id.
        wait_ms: how long after the ack to wait for something to show.
    """

    user: _Name
    wait_ms: Annotated[int, Field(ge=0, le=60_000)] = PATIENCE_MS


class Command(Act):
    """Type a slash command."""

    channel: _Name = "access"
    command: Annotated[str, Field(pattern=r"^/[a-z0-9_-]{1,31}$")] = "/jitsudo"
    text: str = ""


class Click(Act):
    """Press a button in a message, a modal or App Home."""

    channel: _Name | None = None
    ts: str | None = None
    view_id: str | None = None
    home: bool | None = None
    action_id: str
    value: str | None = None


class Submit(Act):
    """Send a modal off; `values` by action_id."""

    view_id: str
    values: dict[str, str | list[str]] = Field(default_factory=dict)


class Close(Act):
    """Close a modal."""

    view_id: str


class Home(Act):
    """Open App Home."""


class Redeliver(Order):
    """Deliver something again."""

    delivery_id: str
    times: Annotated[int, Field(ge=1, le=100)] = 1
    signature: Literal["good", "bad", "stale"] = "good"
    wait_ms: Annotated[int, Field(ge=0, le=60_000)] = PATIENCE_MS


class PersonPatch(Order):
    """What can change about a person.

    `name` is what they call themselves; the control endpoints keep the old one.
    """

    email: str | None = None
    display_name: Annotated[str, Field(alias="name")] = ""
    real_name: str = ""
    title: str = ""
    team_id: str = ""
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True


class People(Order):
    """Change a person."""

    user: _Name
    patch: PersonPatch


class Channels(Order):
    """Do something to a channel."""

    channel: _Name
    do: Literal[
        "kick", "invite", "archive", "unarchive", "share", "unshare", "delete_message"
    ]
    ts: str | None = None


class UserGroups(Order):
    """Set a user group: who is in it, and whether it is enabled.

    Attributes:
        users: short names or ids.
        is_external: whether it is another workspace's.
    """

    handle: Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,80}$")]
    users: list[_Name]
    is_disabled: bool = False
    is_external: bool = False


class Socket(Order):
    """Do something to the connections of Socket Mode.

    Attributes:
        count: how many connections, or handshakes to refuse; None for all of the
            connections and one handshake.
        reason: what a refresh gives as its reason.
    """

    do: Literal["drop", "refuse", "refresh", "no_pong"]
    count: _Count | None = None
    reason: Literal["refresh_requested", "warning", "link_disabled"] = (
        "refresh_requested"
    )


class AddFault(Order):
    """Let the next calls of a method fail."""

    method: Annotated[str, Field(pattern=r"^(\*|[A-Za-z_.]{1,60})$")]
    kind: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]
    count: _Count = 1
    seconds: Annotated[float, Field(ge=0, le=120)] | None = None
    retry_after: str | None = None
    acts: bool = False


def apply_to_user_group(workspace: Workspace, order: UserGroups) -> UserGroup:
    """Set what the order says, and return the user group.

    Raises:
        BadCall: there is nobody of a name.
    """
    known = workspace.user_groups.get(order.handle)
    letters = "".join(filter(str.isalnum, order.handle)).upper()
    group = UserGroup(
        id=f"S0{letters}" if known is None else known.id,
        handle=order.handle,
        users=[workspace.person(name).id for name in order.users],
        is_disabled=order.is_disabled,
        is_external=order.is_external,
    )
    workspace.user_groups[order.handle] = group
    return group


def apply_to_channel(workspace: Workspace, order: Channels) -> Conversation:
    """Do what the order says, and return the channel.

    Raises:
        BadCall: there is no such channel or message.
    """
    wanted = order.channel.removeprefix("#")
    for channel in workspace.conversations.values():
        if wanted in {channel.id, channel.name}:
            break
    else:
        message = f"there is no channel {order.channel!r}"
        raise BadCall(message)
    match order.do:
        case "kick" | "invite":
            channel.has_bot = order.do == "invite"
        case "archive" | "unarchive":
            channel.is_archived = order.do == "archive"
        case "share" | "unshare":
            channel.is_ext_shared = order.do == "share"
        case "delete_message":
            if channel.messages.pop(order.ts or "", None) is None:
                message = f"there is no message {order.ts!r} in {channel.name}"
                raise BadCall(message)
    return channel
