"""User groups: whom a handle such as `@sre-lead` stands for."""

from dataclasses import dataclass, field

from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import MethodFailed
from bot.sandbox.people import BOT_USER_ID, TEAM_ID, Json

_TRUE = frozenset({True, "1", "true", "True"})


@dataclass(kw_only=True, slots=True)
class UserGroup:
    """A user group of the workspace, or of one that shares a channel with it.

    Attributes:
        handle: what is typed after `@`; unique among a workspace's groups.
        users: the ids of its members; a disabled group keeps them.
        is_external: whether it is another workspace's.

    Source:
        https://docs.slack.dev/reference/objects/usergroup-object
    """

    id: str
    handle: str
    users: list[str] = field(default_factory=list)
    is_disabled: bool = False
    is_external: bool = False
    team_id: str = TEAM_ID

    def to_usergroup(self, *, with_users: bool, with_count: bool) -> Json:
        """Return the user group object of `usergroups.list`."""
        told: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "is_usergroup": True,
            "is_subteam": True,
            "name": self.handle,
            "description": "",
            "handle": self.handle,
            "is_external": self.is_external,
            "date_create": 1_700_000_000,
            "date_update": 1_700_000_000,
            "date_delete": 1_700_000_001 if self.is_disabled else 0,
            "auto_type": None,
            "auto_provision": False,
            "enterprise_subteam_id": "",
            "created_by": BOT_USER_ID,
            "updated_by": BOT_USER_ID,
            "deleted_by": BOT_USER_ID if self.is_disabled else None,
            "prefs": {"channels": [], "groups": []},
        }
        if with_users:
            told["users"] = list(self.users)
        if with_count or with_users:
            told["user_count"] = len(self.users)
        return told


def list_user_groups(groups: list[UserGroup], arguments: Arguments) -> Json:
    """Answer `usergroups.list`; disabled groups only if they are asked for.

    Source:
        https://docs.slack.dev/reference/methods/usergroups.list
    """
    with_disabled = _flag(arguments, "include_disabled")
    return {
        "usergroups": [
            group.to_usergroup(
                with_users=_flag(arguments, "include_users"),
                with_count=_flag(arguments, "include_count"),
            )
            for group in groups
            if with_disabled or not group.is_disabled
        ]
    }


def _flag(arguments: Arguments, name: str) -> bool:
    value = arguments.anything(name)
    if value is None:
        return False
    if not isinstance(value, bool | int | str):
        error = "invalid_arguments"
        why = f"must provide a boolean [json-pointer:/{name}]"
        raise MethodFailed(error, messages=[why])
    return value in _TRUE
