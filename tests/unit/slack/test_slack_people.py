"""Who may act: what users.info says, strictly read, every flag at every value."""

from enum import Enum
from typing import Any, Final

import pytest

from bot.slack.failures import SlackAmbiguous
from bot.slack.profiles import SlackProfile, Workspace
from bot.slack.verified import Verified, verified
from core.domain.identity import SlackAccount
from core.errors import NotAuthenticated

OURS = Workspace(team_id="T1", bot_user_id="UBOT", bot_id="B1")
IN_GRID = Workspace(team_id="T1", bot_user_id="UBOT", bot_id="B1", enterprise_id="E1")
GRID = Workspace(
    team_id="T1",
    bot_user_id="UBOT",
    bot_id="B1",
    enterprise_id="E1",
    is_enterprise_install=True,
)
BOB = Verified(
    account=SlackAccount(team_id="T1", user_id="U1"), email="bob@example.com"
)


class _Left(Enum):
    """A field that is not there, which is something else than null."""

    OUT = "left out"


OUT: Final = _Left.OUT
MAY: Final = ""
ODD: Final = "odd"
"""Slack's answer is none: an outage, which refuses as well."""

FOREIGN = "another company"
GONE = "deactivated"
ROBOT = "you are a bot"
GUEST = "guest"
UNCONFIRMED = "not confirmed"

ABSENT_IS_NO: Final = (True, False, OUT, None, "false", 0)
"""The values that each flag is tried with."""

FLAGS: Final[dict[str, tuple[str, ...]]] = {
    #                     true, false, left out, null, "false", 0
    "deleted": (GONE, MAY, GONE, GONE, ODD, ODD),
    "is_bot": (ROBOT, MAY, ROBOT, ROBOT, ODD, ODD),
    "is_restricted": (GUEST, MAY, GUEST, GUEST, ODD, ODD),
    "is_ultra_restricted": (GUEST, MAY, GUEST, GUEST, ODD, ODD),
    "is_email_confirmed": (MAY, UNCONFIRMED, UNCONFIRMED, UNCONFIRMED, ODD, ODD),
    "is_stranger": (FOREIGN, MAY, MAY, ODD, ODD, ODD),
    "is_invited_user": (UNCONFIRMED, MAY, MAY, ODD, ODD, ODD),
    "is_workflow_bot": (ROBOT, MAY, MAY, ODD, ODD, ODD),
    "is_connector_bot": (ROBOT, MAY, MAY, ODD, ODD, ODD),
}
"""What follows from each value; Slack leaves out the last four where they are no."""


def a_user(**changed: Any) -> dict[str, Any]:
    """Return a user object of somebody who may act; `OUT` leaves a field out."""
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
    return {name: value for name, value in user.items() if value is not OUT}


def judged(workspace: Workspace = OURS, **changed: Any) -> Verified:
    """Return the person behind a user object, as the server would find them."""
    return verified(workspace, SlackProfile.from_answer({"user": a_user(**changed)}))


@pytest.mark.parametrize(
    ("flag", "value", "outcome"),
    [
        pytest.param(flag, value, outcome, id=f"{flag}={value}")
        for flag, outcomes in FLAGS.items()
        for value, outcome in zip(ABSENT_IS_NO, outcomes, strict=True)
    ],
)
def test_every_flag_at_every_value(flag: str, value: object, outcome: str) -> None:
    """What is missing counts against the person; what is odd is no answer."""
    changed: dict[str, Any] = {flag: value}
    if outcome == MAY:
        assert judged(**changed) == BOB
    elif outcome == ODD:
        with pytest.raises(SlackAmbiguous):
            judged(**changed)
    else:
        with pytest.raises(NotAuthenticated, match=outcome):
            judged(**changed)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"team_id": "T2"}, FOREIGN),
        ({"team_id": OUT}, FOREIGN),
        ({"team_id": None}, FOREIGN),
        ({"team_id": ""}, FOREIGN),
        ({"profile": {"email": "bob@example.com", "team": "T2"}}, FOREIGN),
        ({"id": "USLACKBOT"}, ROBOT),
        ({"id": "UBOT"}, ROBOT),
        ({"profile": OUT}, "no e-mail"),
        ({"profile": {}}, "no e-mail"),
        ({"profile": {"email": None}}, "no e-mail"),
        ({"profile": {"email": ""}}, "no e-mail"),
        ({"profile": {"email": "bob"}}, "not a plain one"),
        ({"profile": {"email": "bоb@example.com"}}, "not a plain one"),  # noqa: RUF001
        ({"profile": {"email": "bob@example.com\u200b"}}, "not a plain one"),
        ({"profile": {"email": "Bob <bob@example.com>"}}, "not a plain one"),
        ({"profile": {"email": "bob@example.com,eve@example.com"}}, "not a plain one"),
    ],
)
def test_ids_and_addresses_that_are_not_ours_refuse(
    changed: dict[str, Any], why: str
) -> None:
    """Whatever the flags say."""
    with pytest.raises(NotAuthenticated, match=why):
        judged(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": OUT},
        {"id": 7},
        {"team_id": 1},
        {"profile": "bob@example.com"},
        {"profile": {"email": ["bob@example.com"]}},
        {"profile": {"email": "bob@example.com", "team": 1}},
        {"enterprise_user": "E1"},
        {"enterprise_user": {"id": 1}},
        {"enterprise_user": None},
    ],
)
def test_what_is_of_an_odd_type_is_no_answer(changed: dict[str, Any]) -> None:
    """An odd answer is an outage, and outages refuse."""
    with pytest.raises(SlackAmbiguous):
        judged(**changed)


def test_names_say_nothing() -> None:
    """A display name is chosen by who carries it."""
    person = judged(
        name="erin",
        real_name="Erin Eng",
        profile={"email": "bob@example.com", "display_name": "erin@example.com"},
    )

    assert person == BOB


@pytest.mark.parametrize(
    ("workspace", "changed", "account"),
    [
        (OURS, {}, "T1/U1"),
        (OURS, {"profile": {"email": "bob@example.com", "team": "T1"}}, "T1/U1"),
        (IN_GRID, {}, "T1/U1"),
        (IN_GRID, {"enterprise_user": {"id": "W1", "enterprise_id": "E1"}}, "T1/W1"),
        (
            IN_GRID,
            {"profile": {"email": "bob@example.com", "team": "T7"}},
            "T1/U1",
        ),
        (
            GRID,
            {"team_id": "T9", "enterprise_user": {"id": "W1", "enterprise_id": "E1"}},
            "E1/W1",
        ),
        (GRID, {"team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}}, "E1/U1"),
    ],
)
def test_an_account_is_the_same_all_over_an_organisation(
    workspace: Workspace, changed: dict[str, Any], account: str
) -> None:
    """By the enterprise where the app serves all of it, and by its id of a person."""
    assert judged(workspace, **changed).account.name == account


@pytest.mark.parametrize(
    ("workspace", "changed"),
    [
        (GRID, {}),
        (GRID, {"enterprise_user": {"id": "W1"}}),
        (GRID, {"enterprise_user": {"id": "W1", "enterprise_id": "E2"}}),
        (IN_GRID, {"enterprise_user": {"id": "W1", "enterprise_id": "E2"}}),
        (IN_GRID, {"team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}}),
    ],
)
def test_another_organisation_is_another_company(
    workspace: Workspace, changed: dict[str, Any]
) -> None:
    """So is another workspace, where the app serves only one."""
    with pytest.raises(NotAuthenticated, match=FOREIGN):
        judged(workspace, **changed)


@pytest.mark.parametrize(
    ("email", "may"),
    [
        ("bob@example.com", True),
        ("bob+ops@EXAMPLE.com", True),
        ("bob@sub.example.com", False),
        ("bob@example.com.evil.test", False),
        ("bob@notexample.com", False),
    ],
)
def test_addresses_of_other_domains_may_be_kept_out(email: str, may: bool) -> None:  # noqa: FBT001 - a table's column
    """The whole domain has to be one of the list."""
    profile = SlackProfile.from_answer({"user": a_user(profile={"email": email})})
    if may:
        person = verified(OURS, profile, email_domains=["example.com"])
        assert person.email == email.lower()
        return
    with pytest.raises(NotAuthenticated, match="domain"):
        verified(OURS, profile, email_domains=["example.com"])
