"""A demo that is started again over the data of one that ended, or was killed."""

import os
import signal
from pathlib import Path

from core.logins import Logins, home_directory
from tests.support.cards import offered
from tests.support.demos import eventually, running_demo

PATIENCE_SECONDS = 45
"""Longer than the lease of a job that was in flight when its process was killed."""


def test_a_killed_demo_shows_its_decisions_when_it_is_back(tmp_path: Path) -> None:
    """SIGKILL right after the card says Active: the card still says so, DM and all."""
    with running_demo(tmp_path, "--no-pacing", data=tmp_path / "data") as demo:
        request_id = demo.ask()
        demo.card(request_id)
        assert demo.decide("bob", request_id, "approve")[0] == 200
        before = demo.card(request_id, showing="Active")
        eventually(lambda: request_id in demo.dms("alice"), "alice's DM")
        os.kill(demo.pid, signal.SIGKILL)

    with running_demo(tmp_path, "--no-pacing", data=tmp_path / "data") as demo:
        after = demo.card(request_id, showing="Active")
        assert after["ts"] == before["ts"]
        assert offered(after) == ["revoke"]
        assert request_id in demo.dms("alice")


def test_what_a_killed_demo_had_not_shown_is_shown_when_it_is_back(
    tmp_path: Path,
) -> None:
    """SIGKILL right after the decision is answered: the card and the DM catch up."""
    with running_demo(tmp_path, "--no-pacing", data=tmp_path / "data") as demo:
        request_id = demo.ask()
        demo.card(request_id)
        assert demo.decide("bob", request_id, "approve")[0] == 200
        os.kill(demo.pid, signal.SIGKILL)

    with running_demo(tmp_path, "--no-pacing", data=tmp_path / "data") as demo:
        card = demo.card(request_id, showing="Active", seconds=PATIENCE_SECONDS)
        assert offered(card) == ["revoke"]
        eventually(
            lambda: demo.dms("alice").count(request_id) > 0,
            "alice's DM",
            seconds=PATIENCE_SECONDS,
        )


def test_a_demo_takes_its_logins_with_it(tmp_path: Path) -> None:
    """The profiles work while it runs, and are gone when it has ended."""
    with running_demo(tmp_path, data=tmp_path / "data") as demo:
        assert "alice" in demo.cli("alice", "whoami").out
        environment = demo.environment

    logins = Logins(home_directory(environment))
    assert logins.all() == {}
