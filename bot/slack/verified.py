"""For whom Slack vouches: one rule over everything that it says of a person.

What is missing counts against them, except for the marks that Slack leaves out
where they do not apply; what is of an odd type is no answer at all, see
`bot.slack.profiles`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bot.slack.profiles import SlackProfile, Workspace
from core.domain.identity import SlackAccount
from core.domain.principal import normalise_email
from core.errors import Invalid, NotAuthenticated

SLACKBOT: Final = "USLACKBOT"
"""Slackbot says of itself that it is no bot. Source: docs.slack.dev, user object."""

FOREIGN: Final = (
    "you belong to another company's Slack workspace; only members of this one "
    "can use jitsudo"
)
BOT: Final = "you are a bot; a person has to do this"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """Somebody who may act, by Slack's word.

    Attributes:
        account: by which jitsudo remembers them.
        email: normalised.
    """

    account: SlackAccount
    email: str


def verified(
    workspace: Workspace,
    profile: SlackProfile,
    *,
    email_domains: Collection[str] = (),
) -> Verified:
    """Return the account and the e-mail of somebody who may act.

    Args:
        email_domains: in lower case; empty where any will do.

    Raises:
        NotAuthenticated: they may not, and why.

    Source: docs.slack.dev, user object, Enterprise Grid and Slack Connect.
    """
    if not _is_member(workspace, profile):
        raise NotAuthenticated(why=FOREIGN)
    if profile.deleted is not False:
        raise NotAuthenticated(why="your Slack account is deactivated")
    if (
        profile.id in {SLACKBOT, workspace.bot_user_id}
        or profile.is_bot is not False
        or profile.is_workflow_bot
        or profile.is_connector_bot
    ):
        raise NotAuthenticated(why=BOT)
    if profile.is_restricted is not False or profile.is_ultra_restricted is not False:
        raise NotAuthenticated(
            why="you are a guest in this workspace; only full members can use jitsudo"
        )
    if profile.is_email_confirmed is not True or profile.is_invited_user:
        raise NotAuthenticated(
            why="your e-mail address is not confirmed in Slack; confirm it in your "
            "Slack account settings, then try again"
        )
    return Verified(
        account=_account(workspace, profile), email=_email(profile, email_domains)
    )


def is_ours(workspace: Workspace, team_id: str, enterprise_id: str | None) -> bool:
    """Tell whether team and enterprise are those of the installation.

    On Enterprise Grid an app installed for the whole organisation serves every
    workspace of it; otherwise exactly one workspace is ours.
    """
    if workspace.is_enterprise_install and workspace.enterprise_id is not None:
        return enterprise_id == workspace.enterprise_id
    return team_id == workspace.team_id


def _is_member(workspace: Workspace, profile: SlackProfile) -> bool:
    """Tell whether nothing that Slack says puts the person elsewhere."""
    enterprise_id = profile.enterprise_user.enterprise_id
    if profile.is_stranger or not is_ours(
        workspace, profile.team_id or "", enterprise_id
    ):
        return False
    if workspace.enterprise_id is None:
        # On Grid this may be another workspace of the same organisation.
        return profile.profile.team in {None, workspace.team_id}
    return enterprise_id in {None, workspace.enterprise_id}


def _account(workspace: Workspace, profile: SlackProfile) -> SlackAccount:
    """Return the ids that are the same wherever in the organisation they act."""
    team_id = workspace.team_id
    if workspace.is_enterprise_install and workspace.enterprise_id is not None:
        team_id = workspace.enterprise_id
    return SlackAccount(
        team_id=team_id, user_id=profile.enterprise_user.id or profile.id
    )


def _email(profile: SlackProfile, domains: Collection[str]) -> str:
    if not profile.profile.email:
        raise NotAuthenticated(
            why="Slack shows no e-mail address for you; ask an admin of the "
            "workspace to set it, or use the terminal"
        )
    try:
        email = normalise_email(profile.profile.email)
    except Invalid as error:
        raise NotAuthenticated(
            why="the e-mail address that Slack has for you is not a plain one; "
            "ask an admin of the workspace to correct it"
        ) from error
    if domains and email.rpartition("@")[2] not in domains:
        raise NotAuthenticated(
            why=f"your e-mail address in Slack is {email}, and addresses of its "
            "domain cannot use jitsudo here; ask an admin"
        )
    return email
