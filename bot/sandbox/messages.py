"""Messages, and the channels and direct messages that hold them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.sandbox.blocks import elements_of
from bot.sandbox.people import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID, Json


@dataclass(kw_only=True, slots=True)
class Message:
    """One message of the app's.

    Attributes:
        past: the blocks it had before, oldest first. Somebody's phone may still
            show them, so their buttons can still be pressed.
    """

    ts: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    metadata: Json | None = None
    edited_ts: str | None = None
    past: list[list[Json]] = field(default_factory=list)

    def to_message(self) -> Json:
        """Return the message object, as in answers and payloads."""
        told: Json = {
            "type": "message",
            "subtype": "bot_message",
            "user": BOT_USER_ID,
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "team": TEAM_ID,
            "ts": self.ts,
            "text": self.text,
            "blocks": self.blocks,
        }
        if self.thread_ts is not None:
            told["thread_ts"] = self.thread_ts
        if self.metadata is not None:
            told["metadata"] = self.metadata
        if self.edited_ts is not None:
            told["edited"] = {"user": BOT_USER_ID, "ts": self.edited_ts}
        return told

    def change(self, *, text: str, blocks: list[Json], at: str) -> None:
        """Show something else from now on."""
        self.past.append(self.blocks)
        self.text, self.blocks, self.edited_ts = text, blocks, at

    def actions(self) -> Iterator[tuple[Json, Json]]:
        """Yield (block, element) of every version, newest version first."""
        for version in (self.blocks, *reversed(self.past)):
            yield from actions_of(version)


@dataclass(kw_only=True, slots=True)
class Ephemeral:
    """A message that one person sees, until they look away."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None

    def actions(self) -> Iterator[tuple[Json, Json]]:
        """Yield its (block, element) pairs."""
        yield from actions_of(self.blocks)


@dataclass(kw_only=True, slots=True)
class Conversation:
    """A channel, or the direct messages between the app and one person.

    Attributes:
        members: ids of the people in it; for a direct message one.
        has_bot: whether the app is a member.
        messages: by ts, oldest first; replies stand among them.
    """

    id: str
    name: str
    is_im: bool
    members: list[str]
    has_bot: bool = True
    is_archived: bool = False
    is_ext_shared: bool = False
    messages: dict[str, Message] = field(default_factory=dict)

    def to_channel(self) -> Json:
        """Return the channel object of `conversations.info`."""
        if self.is_im:
            return {
                "id": self.id,
                "is_im": True,
                "is_channel": False,
                "user": self.members[0],
                "is_archived": False,
            }
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": True,
            "is_im": False,
            "is_mpim": False,
            "is_private": False,
            "is_archived": self.is_archived,
            "is_member": self.has_bot,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "is_org_shared": False,
            "num_members": len(self.members) + self.has_bot,
        }

    def to_payload(self) -> Json:
        """Return the `channel` of an interaction payload."""
        return {"id": self.id, "name": self.payload_name()}

    def payload_name(self) -> str:
        """Return the name that payloads give it."""
        return "directmessage" if self.is_im else self.name

    def threads(self) -> Iterator[tuple[Message, list[Message]]]:
        """Yield each message outside of threads, and the replies to it."""
        replies: dict[str, list[Message]] = {}
        for message in self.messages.values():
            if message.thread_ts is not None:
                replies.setdefault(message.thread_ts, []).append(message)
        for message in self.messages.values():
            if message.thread_ts is None:
                yield message, replies.get(message.ts, [])


def actions_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield (block, element) of everything in these blocks that can be pressed."""
    for block in blocks:
        for element in elements_of(block):
            if element["type"] != "image":
                yield block, element
