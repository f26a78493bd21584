"""The `chat.*` methods: posting, changing and deleting what the app says."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox import limits
from bot.sandbox.arguments import Arguments
from bot.sandbox.blocks import (
    block_problems,
    json_size,
    text_length,
    with_identifiers,
)
from bot.sandbox.errors import MethodFailed
from bot.sandbox.messages import Conversation, Ephemeral, Message
from bot.sandbox.people import Json
from bot.sandbox.workspace import Workspace


class ChatMethods:
    """What an app can do with messages."""

    def __init__(self, workspace: Workspace) -> None:
        """Act on `workspace`."""
        self._workspace = workspace

    def post_message(self, arguments: Arguments) -> Json:
        """Post a message; to a user id, as a direct message."""
        where = self._destination(arguments.required("channel"))
        thread_ts = arguments.optional("thread_ts")
        if thread_ts is not None and thread_ts not in where.messages:
            error = "thread_not_found"
            raise MethodFailed(error)
        text, blocks = content_of(arguments.values)
        message = self._workspace.post(
            where,
            text=text[: limits.POST_TEXT],
            blocks=blocks,
            thread_ts=thread_ts,
            metadata=_metadata(arguments.anything("metadata")),
        )
        return {
            "channel": where.id,
            "ts": message.ts,
            "message": message.to_message(),
        }

    def update(self, arguments: Arguments) -> Json:
        """Change a message of the app's; blocks that are left out go away."""
        where, message = self._own_message(arguments)
        text, blocks = content_of(arguments.values)
        if len(text) > limits.UPDATE_TEXT:
            error = "msg_too_long"
            raise MethodFailed(error)
        metadata = _metadata(arguments.anything("metadata"))
        message.change(text=text, blocks=blocks, at=self._workspace.next_ts())
        message.metadata = metadata or message.metadata
        self._workspace.changes.note()
        return {
            "channel": where.id,
            "ts": message.ts,
            "text": text,
            "message": message.to_message(),
        }

    def delete(self, arguments: Arguments) -> Json:
        """Delete a message of the app's."""
        where, message = self._own_message(arguments)
        del where.messages[message.ts]
        self._workspace.changes.note()
        return {"channel": where.id, "ts": message.ts}

    def post_ephemeral(self, arguments: Arguments) -> Json:
        """Show something to one member of a channel."""
        where = self._destination(arguments.required("channel"))
        user = arguments.required("user")
        if user not in where.members:
            error = "user_not_in_channel"
            raise MethodFailed(error)
        text, blocks = content_of(arguments.values)
        shown = Ephemeral(
            ts=self._workspace.next_ts(),
            channel=where.id,
            user=user,
            text=text[: limits.POST_TEXT],
            blocks=blocks,
            thread_ts=arguments.optional("thread_ts"),
        )
        self._workspace.whisper(shown)
        return {"message_ts": shown.ts}

    def permalink(self, arguments: Arguments, *, page: str) -> Json:
        """Return the address of a message.

        Args:
            page: the address of the sandbox's page.
        """
        where = self._by_id(arguments.required("channel"))
        ts = arguments.required("message_ts")
        if ts not in where.messages:
            error = "message_not_found"
            raise MethodFailed(error)
        return {"channel": where.id, "permalink": f"{page}#{where.id}-{ts}"}

    def _destination(self, name: str) -> Conversation:
        """Return where to post: a conversation's id or name, or a user id."""
        person = self._workspace.by_id(name)
        if person is not None and not person.is_bot:
            if person.deleted:
                error = "user_disabled"
                raise MethodFailed(error)
            return self._workspace.dm(person)
        plain = name.removeprefix("#")
        for channel in self._workspace.channels():
            if channel.name == plain:
                return _writable(channel)
        return _writable(self._by_id(name))

    def _by_id(self, channel_id: str) -> Conversation:
        if channel_id not in self._workspace.conversations:
            error = "channel_not_found"
            raise MethodFailed(error)
        return self._workspace.conversations[channel_id]

    def _own_message(self, arguments: Arguments) -> tuple[Conversation, Message]:
        where = _writable(self._by_id(arguments.required("channel")))
        message = where.messages.get(arguments.required("ts"))
        if message is None:
            error = "message_not_found"
            raise MethodFailed(error)
        return where, message


def content_of(values: Mapping[str, Any]) -> tuple[str, list[Json]]:
    """Return text and blocks as they are stored.

    Raises:
        MethodFailed: there is neither, or Slack would not take them.
    """
    text, blocks = values.get("text", ""), values.get("blocks", [])
    if not isinstance(text, str):
        error = "invalid_arguments"
        why = "must provide a string [json-pointer:/text]"
        raise MethodFailed(error, messages=[why])
    if not isinstance(blocks, list):
        error = "invalid_blocks_format"
        raise MethodFailed(error)
    if not text and not blocks:
        error = "no_text"
        raise MethodFailed(error)
    problems = block_problems(blocks, most=limits.MESSAGE_BLOCKS, in_view=False)
    if problems:
        error = "invalid_blocks"
        raise MethodFailed(error, messages=problems)
    if text_length(blocks) > limits.MESSAGE_BLOCK_TEXT:
        error = "msg_blocks_too_long"
        raise MethodFailed(error)
    return text, with_identifiers(blocks)


def _writable(where: Conversation) -> Conversation:
    if where.is_archived:
        error = "is_archived"
        raise MethodFailed(error)
    if not where.has_bot:
        error = "not_in_channel"
        raise MethodFailed(error)
    return where


def _metadata(value: Any) -> Json | None:
    if value is None:
        return None
    match value:
        case {"event_type": str(), "event_payload": dict(payload)} if all(
            isinstance(one, str | int | float | bool) for one in payload.values()
        ):
            if json_size(value) > limits.METADATA_BYTES:
                error = "metadata_too_large"
                raise MethodFailed(error)
            return dict(value)
        case {"event_type": str(), "event_payload": dict()}:
            error = "invalid_metadata_schema"
        case _:
            error = "invalid_metadata_format"
    raise MethodFailed(error)
