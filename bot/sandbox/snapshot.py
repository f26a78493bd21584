"""The workspace as JSON: whole for tests, and as one person sees it."""

from dataclasses import asdict
from typing import Final

from bot.sandbox.messages import Conversation, Ephemeral, Message
from bot.sandbox.modals import Modals
from bot.sandbox.people import BOT_NAME, BOT_USER_ID, TEAM_ID, TEAM_NAME, Json, Person
from bot.sandbox.workspace import Workspace

_SHOWN: Final = 200
"""The newest so many messages of a conversation are on the page."""


class Snapshots:
    """Tells what there is at this moment."""

    def __init__(self, workspace: Workspace, modals: Modals) -> None:
        """Tell about these."""
        self._workspace = workspace
        self._modals = modals

    def everything(self) -> Json:
        """Return the whole state, as `GET /sandbox/state` answers it."""
        workspace, modals = self._workspace, self._modals
        people = workspace.people.values()
        return {
            "people": [asdict(person) for person in people],
            "channels": [
                _channel(channel) | {"messages": _messages(channel)}
                for channel in workspace.channels()
            ],
            "dms": {one.name: _messages(workspace.dm(one)) for one in people},
            "views": {one.name: modals.to_told(one.id) for one in people},
            "homes": {
                one.name: modals.homes[one.id].to_view()
                for one in people
                if one.id in modals.homes
            },
            "ephemerals": {
                one.name: [shown.text for shown in workspace.ephemerals.get(one.id, [])]
                for one in people
            },
        }

    def seen_by(self, person: Person) -> Json:
        """Return what the page shows to one person."""
        workspace = self._workspace
        own = [
            one for one in workspace.conversations.values() if person.id in one.members
        ]
        if not any(one.is_im for one in own):
            own.append(workspace.dm(person))
        home = self._modals.homes.get(person.id)
        return {
            "version": workspace.changes.version,
            "me": asdict(person),
            "team": {"id": TEAM_ID, "name": TEAM_NAME},
            "bot": {"id": BOT_USER_ID, "name": BOT_NAME},
            "people": [asdict(one) for one in workspace.people.values()],
            "conversations": [
                _channel(one)
                | {
                    "is_im": one.is_im,
                    "members": len(one.members),
                    "messages": _messages(one)[-_SHOWN:],
                    "ephemerals": [
                        _ephemeral(shown)
                        for shown in workspace.ephemerals.get(person.id, [])
                        if shown.channel == one.id
                    ],
                }
                for one in own
            ],
            "views": self._modals.to_told(person.id),
            "home": home.to_view() if home else None,
        }


def _channel(one: Conversation) -> Json:
    return {
        "id": one.id,
        "name": one.name,
        "is_archived": one.is_archived,
        "is_ext_shared": one.is_ext_shared,
        "is_member": one.has_bot,
    }


def _messages(where: Conversation) -> list[Json]:
    return [
        _message(message) | {"thread": [_message(reply) for reply in replies]}
        for message, replies in where.threads()
    ]


def _message(message: Message) -> Json:
    return {
        "ts": message.ts,
        "user": BOT_USER_ID,
        "text": message.text,
        "blocks": message.blocks,
        "metadata": message.metadata,
        "edited_ts": message.edited_ts,
    }


def _ephemeral(shown: Ephemeral) -> Json:
    return {
        "ts": shown.ts,
        "text": shown.text,
        "blocks": shown.blocks,
        "thread_ts": shown.thread_ts,
    }
