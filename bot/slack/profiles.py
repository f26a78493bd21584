"""What the Web API answers about workspaces, people and channels, parsed strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.slack.failures import SlackAmbiguous


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """Whose token we hold.

    Attributes:
        enterprise_id: of the Enterprise Grid organisation, if there is one.
        is_enterprise_install: whether the app serves the whole organisation.
        scopes: what the token may do; empty if Slack did not say.
        url: opens the workspace in a browser; empty if Slack did not say.
    """

    team_id: str
    bot_user_id: str
    bot_id: str
    enterprise_id: str | None = None
    is_enterprise_install: bool = False
    scopes: frozenset[str] = frozenset()
    url: str = ""

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], *, scopes: str) -> Self:
        """Parse the answer of auth.test.

        Raises:
            SlackAmbiguous: it is not one.
        """
        match answer:
            case {
                "team_id": str(team),
                "user_id": str(user),
                "bot_id": str(bot),
            } if team and user and bot:
                enterprise = answer.get("enterprise_id")
                url = answer.get("url")
                return cls(
                    team_id=team,
                    bot_user_id=user,
                    bot_id=bot,
                    enterprise_id=enterprise if isinstance(enterprise, str) else None,
                    is_enterprise_install=answer.get("is_enterprise_install") is True,
                    scopes=frozenset(s.strip() for s in scopes.split(",") if s.strip()),
                    url=url if isinstance(url, str) and _is_web(url) else "",
                )
            case _:
                raise SlackAmbiguous(
                    method="auth.test", why="the token is not a bot's, or odd answer"
                )


def _is_web(url: str) -> bool:
    """Tell whether this can be shown as an address to open."""
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return is_plain and url.startswith(("https://", "http://"))


class _Model(BaseModel):
    # A flag that is "false" or 0 is not false: unknown means no.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _EnterpriseUser(_Model):
    id: str | None = None
    enterprise_id: str | None = None


class _ProfilePart(_Model):
    email: str | None = None
    team: str | None = None


class SlackProfile(_Model):
    """A person as users.info tells; a flag that is missing is None.

    Source: docs.slack.dev, user object.
    """

    id: str
    team_id: str | None = None
    deleted: bool | None = None
    is_bot: bool | None = None
    is_workflow_bot: bool = False
    is_connector_bot: bool = False
    is_restricted: bool | None = None
    is_ultra_restricted: bool | None = None
    is_stranger: bool = False
    is_invited_user: bool = False
    is_email_confirmed: bool | None = None
    enterprise_user: _EnterpriseUser = _EnterpriseUser()
    profile: _ProfilePart = _ProfilePart()

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Parse the answer of users.info or users.lookupByEmail.

        Raises:
            SlackAmbiguous: it is not one.
        """
        try:
            return cls.model_validate(answer.get("user"))
        except ValidationError as error:
            raise SlackAmbiguous(method="users.info", why="odd answer") from error


class ChannelFacts(_Model):
    """What matters of a channel.

    Attributes:
        is_ext_shared: whether another company reads along.
    """

    id: str
    name: str = ""
    is_member: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False

    @classmethod
    def from_answer(cls, channel: object) -> Self:
        """Parse a channel object.

        Raises:
            SlackAmbiguous: it is not one.
        """
        try:
            return cls.model_validate(channel)
        except ValidationError as error:
            raise SlackAmbiguous(
                method="conversations.info", why="odd answer"
            ) from error
