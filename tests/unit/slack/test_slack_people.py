"""Who may act: what users.info says, strictly read."""

from typing import Any

import pytest

from bot.slack.failures import SlackAmbiguous
from bot.slack.people import verified_email
from bot.slack.profiles import SlackProfile, Workspace
from core.errors import NotAuthenticated

OURS = Workspace(team_id="T1", bot_user_id="UBOT", bot_id="B1")
GRID = Workspace(
    team_id="T1",
    bot_user_id="UBOT",
    bot_id="B1",
    enterprise_id="E1",
    is_enterprise_install=True,
)


def a_user(**changed: Any) -> dict[str, Any]:
    """Return a user object of somebody who may act; None leaves a field out."""
    user = {
        "id": "U1",
        "team_id": "T1",
        "name": "not-read",
        "deleted": False,
        "is_bot": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_email_confirmed": True,
        "profile": {"email": "Bob@Example.com "},
        **changed,
    }
    return {name: value for name, value in user.items() if value is not None}


def profile(**changed: Any) -> SlackProfile:
    """Return the parsed profile."""
    return SlackProfile.from_answer({"user": a_user(**changed)})


def test_a_full_member_is_their_email() -> None:
    """One spelling of the address, whatever Slack has."""
    assert verified_email(OURS, profile()) == "bob@example.com"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"team_id": "T2"}, "another company"),
        ({"team_id": None}, "another company"),
        ({"is_stranger": True}, "another company"),
        ({"deleted": True}, "deactivated"),
        ({"deleted": None}, "deactivated"),
        ({"is_bot": True}, "bot"),
        ({"is_bot": None}, "bot"),
        ({"is_workflow_bot": True}, "bot"),
        ({"is_connector_bot": True}, "bot"),
        ({"id": "USLACKBOT"}, "bot"),
        ({"is_restricted": True}, "guest"),
        ({"is_restricted": None}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"is_ultra_restricted": None}, "guest"),
        ({"is_email_confirmed": False}, "not confirmed"),
        ({"is_email_confirmed": None}, "not confirmed"),
        ({"is_invited_user": True}, "not confirmed"),
        ({"profile": {}}, "no e-mail"),
        ({"profile": {"email": ""}}, "no e-mail"),
        ({"profile": {"email": "bob"}}, "not a plain one"),
        ({"profile": {"email": "bоb@example.com"}}, "not a plain one"),  # noqa: RUF001
    ],
)
def test_what_is_unknown_or_wrong_refuses(changed: dict[str, Any], why: str) -> None:
    """A missing flag counts against the person."""
    with pytest.raises(NotAuthenticated, match=why):
        verified_email(OURS, profile(**changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"deleted": "false"},
        {"is_bot": 0},
        {"is_email_confirmed": "yes"},
        {"id": None},
        {"profile": "bob@example.com"},
    ],
)
def test_a_flag_of_the_wrong_type_is_no_flag(changed: dict[str, Any]) -> None:
    """Zero is not false; an odd answer is an outage, and outages refuse."""
    with pytest.raises(SlackAmbiguous):
        profile(**changed)


def test_an_org_wide_installation_serves_its_enterprise_only() -> None:
    """On Enterprise Grid the enterprise counts, not the workspace."""
    ours = profile(team_id="T9", enterprise_user={"enterprise_id": "E1"})
    theirs = profile(team_id="T1", enterprise_user={"enterprise_id": "E2"})

    assert verified_email(GRID, ours) == "bob@example.com"
    with pytest.raises(NotAuthenticated):
        verified_email(GRID, theirs)
    with pytest.raises(NotAuthenticated):
        verified_email(GRID, profile())
