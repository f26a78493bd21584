"""The people of the workspace, with the flags that `users.info` tells."""

from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
"""A JSON object in Slack's shape."""

TEAM_ID: Final = "T0SANDBOX"
TEAM_NAME: Final = "Sandbox"
TEAM_DOMAIN: Final = "sandbox"
OTHER_TEAM_ID: Final = "T0OTHERCO"
BOT_USER_ID: Final = "U0JITSUDO"
BOT_ID: Final = "B0JITSUDO"
BOT_NAME: Final = "jitsudo"
APP_ID: Final = "A0JITSUDO"


@dataclass(kw_only=True, slots=True)
class Person:
    """Somebody in the workspace, or in a channel that is shared with it.

    Attributes:
        name: short name, by which the control endpoints and the page know them.
        display_name: what they call themselves; `name` until they change it.
        email: None as for somebody whose profile shows no address.
        is_restricted: any guest.
        is_ultra_restricted: a guest of a single channel.
        is_stranger: of another workspace.

    Source:
        https://docs.slack.dev/reference/objects/user-object
    """

    name: str
    id: str
    team_id: str = TEAM_ID
    email: str | None
    real_name: str
    title: str = ""
    display_name: str = ""
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True

    def to_user(self, *, with_email: bool) -> Json:
        """Return the user object of `users.info`.

        Args:
            with_email: whether the app has `users:read.email`.
        """
        profile: Json = {
            "real_name": self.real_name,
            "display_name": self.display_name or self.name,
            "title": self.title,
            "team": self.team_id,
        }
        if with_email and self.email is not None and not self.is_bot:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.display_name or self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "profile": profile,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.is_stranger,
            "is_email_confirmed": self.is_email_confirmed,
            "updated": 0,
        }

    def to_actor(self) -> Json:
        """Return the `user` of an interaction payload."""
        return {
            "id": self.id,
            "username": self.display_name or self.name,
            "name": self.display_name or self.name,
            "team_id": self.team_id,
        }


def demo_people() -> list[Person]:
    """Return the people of the demo: six of ours, a guest, another company's."""
    return [
        _ours("alice", "Alice Ames", "SRE"),
        _ours("bob", "Bob Brand", "SRE lead"),
        _ours("ben", "Ben Berg", "SRE lead"),
        _ours("carol", "Carol Cho", "Security"),
        _ours("dave", "Dave Dunn", "Developer"),
        _ours("erin", "Erin Eng", "Jitsudo admin"),
        Person(
            name="gus",
            id="U0GUS",
            email="gus@example.com",
            real_name="Gus Gray",
            title="Guest",
            is_restricted=True,
        ),
        Person(
            name="xena",
            id="U0XENA",
            team_id=OTHER_TEAM_ID,
            email="xena@other.example",
            real_name="Xena Xu",
            title="Another company",
            is_stranger=True,
        ),
    ]


def the_bot() -> Person:
    """Return the app's own user."""
    return Person(
        name=BOT_NAME,
        id=BOT_USER_ID,
        email=None,
        real_name=BOT_NAME,
        title="App",
        is_bot=True,
    )


def _ours(name: str, real_name: str, title: str) -> Person:
    return Person(
        name=name,
        id=f"U0{name.upper()}",
        email=f"{name}@example.com",
        real_name=real_name,
        title=title,
    )
