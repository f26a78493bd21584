"""The methods that tell an app about people, channels and itself."""

from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import MethodFailed
from bot.sandbox.messages import Conversation
from bot.sandbox.people import (
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    TEAM_NAME,
    Json,
    Person,
)
from bot.sandbox.user_groups import list_user_groups
from bot.sandbox.workspace import Workspace


class DirectoryMethods:
    """What an app can ask about who is there."""

    def __init__(self, workspace: Workspace) -> None:
        """Tell about `workspace`."""
        self._workspace = workspace

    def auth_test(self, page: str) -> Json:
        """Say whose token it is.

        Args:
            page: the address of the sandbox's page.
        """
        return {
            "url": page,
            "team": TEAM_NAME,
            "user": self._workspace.bot.name,
            "team_id": TEAM_ID,
            "user_id": BOT_USER_ID,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def user_info(self, arguments: Arguments, *, with_email: bool) -> Json:
        """Return somebody by id; somebody deactivated too."""
        person = self._workspace.by_id(arguments.required("user"))
        if person is None:
            error = "user_not_found"
            raise MethodFailed(error)
        return {"user": person.to_user(with_email=with_email)}

    def lookup_by_email(self, arguments: Arguments) -> Json:
        """Return one of our own active people by e-mail."""
        wanted = arguments.required("email").lower()
        for person in self._workspace.people.values():
            is_ours = person.team_id == TEAM_ID and not person.deleted
            if is_ours and (person.email or "").lower() == wanted:
                return {"user": person.to_user(with_email=True)}
        error = "users_not_found"
        raise MethodFailed(error)

    def conversation_info(self, arguments: Arguments) -> Json:
        """Return a conversation by id."""
        return {"channel": self._conversation(arguments).to_channel()}

    def conversation_list(self) -> Json:
        """Return every channel, on one page."""
        return {
            "channels": [one.to_channel() for one in self._workspace.channels()],
            "response_metadata": {"next_cursor": ""},
        }

    def conversation_members(self, arguments: Arguments) -> Json:
        """Return the ids of everybody in a conversation, on one page."""
        where = self._conversation(arguments)
        ours = [BOT_USER_ID] if where.has_bot else []
        return {
            "members": [*where.members, *ours],
            "response_metadata": {"next_cursor": ""},
        }

    def open_conversation(self, arguments: Arguments) -> Json:
        """Open the direct messages with one person."""
        person = self._one_person(arguments.required("users"))
        return {"channel": {"id": self._workspace.dm(person).id}}

    def user_groups(self, arguments: Arguments) -> Json:
        """Return the user groups."""
        groups = list(self._workspace.user_groups.values())
        return list_user_groups(groups, arguments)

    def _one_person(self, users: str) -> Person:
        person = self._workspace.by_id(users)
        if "," in users:
            error = "method_not_supported_for_channel_type"
        elif person is None or person.is_bot:
            error = "user_not_found"
        elif person.deleted:
            error = "user_disabled"
        else:
            return person
        raise MethodFailed(error)

    def _conversation(self, arguments: Arguments) -> Conversation:
        where = self._workspace.conversations.get(arguments.required("channel"))
        if where is None:
            error = "channel_not_found"
            raise MethodFailed(error)
        return where
