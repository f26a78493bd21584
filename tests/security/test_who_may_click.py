"""Who Slack says is no full, confirmed member of ours decides nothing.

Everybody here is in a group that policy lets approve: what stops them is what
Slack says of them, or that Slack does not say it.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.demos import DemoDriver, eventually, running_demo
from tests.support.grounds import write

NOTHING_WAITS = "Nothing is waiting that you may see."

REMEMBERED_SECONDS = 30
"""What Slack said of a person is believed no longer than that."""

EVERYBODY = {
    "sre": ["erin"],
    "sre-lead": ["alice", "bob", "ben", "carol", "dave", "gus"],
    "jitsudo-admins": ["erin"],
}


@pytest.fixture(scope="module", params=["http", "socket-mode"])
def crowd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoDriver]:
    """Yield a demo in which everybody may approve what erin asks for."""
    home = tmp_path_factory.mktemp("crowd")
    with running_demo(
        home, "--no-pacing", f"--{request.param}", data=home / "data"
    ) as driver:
        groups = {
            name: {"members": [f"{person}@example.com" for person in people]}
            for name, people in EVERYBODY.items()
        }
        groups["sre-lead"]["members"].append("xena@other.example")
        write(driver.groups, yaml.safe_dump({"groups": groups}))
        assert _typed(driver, "bob", "status") == [NOTHING_WAITS]
        driver.ready["bob_left_at"] = time.monotonic()
        driver.control("people", user="bob", patch={"deleted": True})
        yield driver
        driver.check_chain()


def refused(crowd: DemoDriver, person: str) -> str:
    """Press, type and open as a person; return what they read, always a refusal."""
    request_id = crowd.submit("erin")
    told = [
        crowd.told(person, request_id),
        crowd.told(person, request_id, "deny"),
        *_typed(crowd, person, f"approve {request_id}"),
        *_typed(crowd, person, f"deny {request_id} --reason no"),
        *_typed(crowd, person, f"deny {request_id}"),
        *_typed(crowd, person, f"status {request_id}"),
        *_typed(crowd, person, "request"),
    ]
    assert len(set(told)) == 1, told
    assert crowd.state()["views"][person] == []
    assert crowd.state_of(request_id) == "PENDING"
    assert crowd.shown(request_id)["decisions"] == []
    assert request_id not in crowd.dms(person)
    return told[0]


def _typed(crowd: DemoDriver, person: str, line: str) -> list[str]:
    told: list[str] = crowd.command(person, line)["ephemeral"]
    assert len(told) == 1, told
    return told


@pytest.mark.parametrize(
    "kind",
    [
        *("ratelimited", "http_500", "html_503", "html_200", "drop_before"),
        *("drop_after", "internal_error", "user_not_found", "missing_scope"),
        "timeout",
    ],
)
def test_while_slack_does_not_say_who_somebody_is_they_are_nobody(
    crowd: DemoDriver, kind: str
) -> None:
    """Not known is no; the person reads that it is Slack, and what to do."""
    request_id = crowd.submit("erin")
    crowd.card(request_id)
    crowd.fault("users.info", kind, count=50, seconds=4, retry_after="0")

    pressed = crowd.told("ben", request_id)
    typed = " ".join(_typed(crowd, "ben", f"deny {request_id} --reason no"))
    crowd.http("DELETE", f"{crowd.sandbox}/faults")

    for told in (pressed, typed):
        assert "Slack" in told or "took too long" in told
        assert f"{request_id}" in told or "jitsudo login" in told, told
    assert crowd.state_of(request_id) == "PENDING"
    assert crowd.shown(request_id)["decisions"] == []


def test_once_slack_says_it_again_the_same_press_decides(crowd: DemoDriver) -> None:
    """Nothing of the failure is remembered against the person."""
    request_id = crowd.submit("erin")

    assert crowd.click("ben", request_id, "approve")["ephemeral"] == []

    crowd.card(request_id, showing="Active")


@pytest.mark.parametrize(
    ("person", "patch", "why"),
    [
        ("alice", {"is_email_confirmed": False}, "not confirmed"),
        ("carol", {"email": None}, "no e-mail address"),
        ("dave", {"is_ultra_restricted": True}, "guest"),
        ("gus", {}, "guest"),
        ("xena", {}, "another company"),
    ],
)
def test_slacks_word_about_a_person_comes_before_policy(
    crowd: DemoDriver, person: str, patch: dict[str, Any], why: str
) -> None:
    """Each reads the true reason, and the audit log names their Slack id."""
    if patch:
        crowd.control("people", user=person, patch=patch)

    assert why in refused(crowd, person)

    slack_id = crowd.ready["people"][person]["slack_id"]
    _, log = crowd.api("erin", "GET", "/audit?pageSize=50")
    refusals = [e for e in log["events"] if slack_id in e["actorIdentity"]]
    assert refusals
    assert {event["outcome"] for event in refusals} == {"failure"}
    assert {event["origin"] for event in refusals} == {"slack"}


def test_somebody_deactivated_a_minute_ago_decides_nothing(crowd: DemoDriver) -> None:
    """Bob acted, was deactivated, and presses what is still on his screen."""
    left = crowd.ready["bob_left_at"] + REMEMBERED_SECONDS - time.monotonic()
    eventually(
        lambda: "deactivated" in " ".join(_typed(crowd, "bob", "status")),
        "bob's deactivation",
        seconds=max(left, 1),
    )

    assert "deactivated" in refused(crowd, "bob")
