"""What a person waits for at the prompt, and what the server needs."""

import subprocess
import time
from pathlib import Path
from typing import Final

import psutil

from tests.bench.table import Figure, percentile
from tests.support.demos import JITSUDO, eventually
from tests.support.installations import Installation, installed

RUNS: Final = 15
SETTLE_SECONDS: Final = 2


def measure(database_url: str, directory: Path) -> list[Figure]:
    """Return the figures of the terminal, and of a server at rest."""
    with installed(directory, database_url) as installation:
        for _ in range(20):
            installation.ask()
        environment = installation.environment
        help_seconds = _wall(environment, "--help")
        status = _wall(environment, "--profile", "bob", "status", "--pending")
        elevated = _wall(
            environment, *("--profile", "alice", "exec", _active(installation)),
            *("--", "true"),
        )  # fmt: skip
        time.sleep(SETTLE_SECONDS)
        assert installation.process is not None
        server = psutil.Process(installation.process.pid)
        own = server.memory_info().rss
        children = sum(c.memory_info().rss for c in server.children(recursive=True))
    return [
        Figure(what="jitsudo --help", measured=_seconds(help_seconds), aim="0.2 s"),
        Figure(what="jitsudo status", measured=_seconds(status), aim="0.35 s"),
        Figure(
            what="jitsudo exec … -- true, once active",
            measured=_seconds(elevated),
            aim="0.4 s over true alone",
        ),
        Figure(
            what="the server's resident memory",
            measured=f"{own / 2**20:.0f} MB, and {children / 2**20:.0f} MB of the "
            "policy engine's process",
            aim="150 MB",
        ),
    ]


def _active(installation: Installation) -> str:
    """Return a request of alice's whose credentials are there."""
    request_id = installation.submit()
    status, answer = installation.decide("bob", request_id, "approve")
    assert status == 200, answer
    eventually(lambda: installation.state_of(request_id) == "ACTIVE", "the grant")
    return request_id


def _wall(environment: dict[str, str], *arguments: str) -> list[float]:
    seconds = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        subprocess.run(
            [JITSUDO, *arguments], env=environment, capture_output=True, check=True
        )
        seconds.append(time.perf_counter() - begun)
    return seconds


def _seconds(values: list[float]) -> str:
    return f"median {percentile(values, 50):.2f} s, slowest {max(values):.2f} s"
