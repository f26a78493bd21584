"""What `jitsudo demo` prints: every step can be done as it stands."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.demos import JITSUDO, DemoDriver

_STEPS: Final = 7


@contextmanager
def _printed(home: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Start a demo; yield what it printed, and the environment for its commands."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "JITSUDO_HOME": str(home / "jitsudo"),
    }
    with subprocess.Popen(
        [JITSUDO, "demo", "--port", "0", "--no-pacing", "--data", home / "data"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] != "Ctrl-C ends it.":
                line = process.stdout.readline()
                assert line, lines
                lines.append(line.rstrip("\n"))
            yield lines, environment
        finally:
            process.terminate()


def _by(label: str, lines: list[str]) -> list[list[str]]:
    """Return what stands behind a label, step by step."""
    steps: list[list[str]] = []
    current = ""
    for line in lines:
        if line[:2] == "  " and line[2:3].isdigit():
            steps.append([])
        elif steps and line.startswith("       "):
            current = line[7:17].strip() or current
            if current == label:
                steps[-1].append(line[17:])
    return steps


def _run(step: list[str], environment: dict[str, str]) -> tuple[str, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join(step)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout, done.stderr


def test_every_command_of_the_tour_runs_in_its_own_order(tmp_path: Path) -> None:
    """From an approval to an emergency, and a log that verifies."""
    with _printed(tmp_path) as (lines, environment):
        steps = _by("terminal", lines)
        assert len(steps) == _STEPS
        told = [_run(step, environment) for step in steps]

    approved, denied, refused, quorum, ended, broke, looked = told
    assert "→ APPROVED" in approved[0]
    assert "fake-access-key-" in approved[0]
    assert "→ REJECTED" in denied[0]
    assert refused[0] == ""
    assert "your own request" in refused[1]
    assert refused[1].count("Error: ") == 2, refused
    assert "1 of 2 approvals" in quorum[0]
    assert "→ APPROVED" in quorum[0]
    assert "→ REVOKED" in ended[0]
    assert "BREAK-GLASS, needs review" in broke[0]
    assert "→ reviewed" in broke[0]
    assert "the chain is intact" in looked[0]
    assert [err for _, err in told if "Error" in err] == [refused[1]]


def test_every_step_that_decides_has_a_way_in_the_page(tmp_path: Path) -> None:
    """Each names who does what, and what alice types is a command that works."""
    with _printed(tmp_path) as (lines, _):
        pages = _by("page", lines)

    assert all(pages[:6])
    assert all("?as=" in " ".join(step) for step in pages[:6])
    assert "?as=ben, press Deny" in " ".join(pages[1])


def test_a_demo_over_its_own_data_asks_for_nothing_new(tmp_path: Path) -> None:
    """The second start begins with what waits; the third, with nothing waiting."""
    with _printed(tmp_path) as (first, environment):
        waiting = first[[line[:3] for line in first].index("  1")].split()[-1]
        assert len(_requests(environment)) == 2
    with _printed(tmp_path) as (second, environment):
        assert waiting in "\n".join(second)
        assert len(_requests(environment)) == 2
        _run(_by("terminal", second)[0], environment)
    with _printed(tmp_path) as (third, environment):
        assert waiting not in "\n".join(third)
        assert len(_requests(environment)) == 2
        out, err = _run(_by("terminal", third)[0], environment)
        assert "fake-access-key-" in out, err
        assert "the chain is intact" in _run(_by("terminal", third)[6], environment)[0]


def test_the_bare_address_leads_to_the_page(demo: DemoDriver) -> None:
    """Who leaves out `/sandbox/` is not met with a 404."""
    with urllib.request.urlopen(demo.server, timeout=30) as answer:  # noqa: S310  # loopback, http
        assert answer.url == demo.page
        assert "<!DOCTYPE html>" in answer.read().decode()


def _requests(environment: dict[str, str]) -> list[object]:
    done = subprocess.run(
        [JITSUDO, "--profile", "alice", "status", "--mine", "-o", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[object] = json.loads(done.stdout)
    return found
