"""Both policy engines over the same directory: a real OPA, and the embedded one."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import psutil
import pytest

from core.domain.policy import PolicyHealth
from core.environment import read_environment
from core.policy.embedded import EmbeddedEngine
from core.policy.opa import OpaEngine
from core.ports import PolicyEngine

STARTER: Final = Path(__file__).parents[2] / "policies"

START_SECONDS: Final = 20.0

HEADERS: Final = {
    "approval": "package jitsudo.approval\n\nimport rego.v1\n\n",
    "eligibility": "package jitsudo.eligibility\n\nimport rego.v1\n\n",
}


def a_policy(
    directory: Path, *, approval: str = "", eligibility: str = "allow := true"
) -> Path:
    """Write a policy of two packages, given the rules of each."""
    for name, rules in (("approval", approval), ("eligibility", eligibility)):
        (directory / f"{name}.rego").write_text(HEADERS[name] + rules + "\n")
    return directory


async def healthy(
    engine: PolicyEngine, is_so: Callable[[PolicyHealth], bool], seconds: float = 10
) -> PolicyHealth:
    """Look at an engine's health until it is so; fail with the last one."""
    ends = time.monotonic() + seconds
    while True:
        health = await engine.health()
        if is_so(health):
            return health
        if time.monotonic() > ends:
            pytest.fail(f"waited {seconds} s; last: {health}")
        await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def opa_binary() -> str:
    """Return the `opa` binary; a CI without one has failed, not skipped."""
    found = shutil.which("opa")
    if found is None:
        reason = "no opa binary on the path; these tests need a real OPA"
        if read_environment().get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def opa_server(binary: str, *arguments: str | Path) -> Iterator[str]:
    """Run a real OPA on a free port of the loopback; yield its URL.

    OPA picks the port itself, and the port is read from the process that has it, so
    nobody else can have taken it in between.
    """
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [
                *(binary, "run", "--server", "--addr=127.0.0.1:0", "--log-level=error"),
                *("--skip-version-check", *map(str, arguments)),
            ],
            stdout=output,
            stderr=output,
        )
        try:
            port = _port_of(process)
            if port is None:
                output.seek(0)
                pytest.fail(f"OPA did not start:\n{output.read()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _port_of(process: "subprocess.Popen[bytes]") -> int | None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        for connection in psutil.Process(process.pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
        time.sleep(0.02)
    return None


@pytest.fixture
async def embedded_engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    """Yield the embedded engine over `tmp_path`, which gets the starter policy."""
    engine = await EmbeddedEngine.open(_filled(tmp_path), check_seconds=0)
    yield engine
    await engine.close()


@pytest.fixture
async def opa_engine(opa_binary: str) -> AsyncIterator[OpaEngine]:
    """Yield an engine that asks a real OPA with the starter policy."""
    with opa_server(opa_binary, STARTER) as url:
        engine = await OpaEngine.open(url)
        yield engine
        await engine.close()


class Engines:
    """Opens one kind of engine over any directory; closes them all at the end."""

    def __init__(self, *, opa: str | None, stack: AsyncExitStack) -> None:
        """Open OPA engines where `opa` is its binary, else embedded ones."""
        self.opa = opa
        self._stack = stack
        self._servers = stack.enter_context(ExitStack())

    async def over(self, directory: Path) -> PolicyEngine:
        """Return an engine that answers by the files of `directory`."""
        engine: PolicyEngine
        if self.opa is None:
            engine = await EmbeddedEngine.open(directory, check_seconds=0)
        else:
            url = self._servers.enter_context(opa_server(self.opa, directory))
            engine = await OpaEngine.open(url)
        self._stack.push_async_callback(engine.close)
        return engine


@pytest.fixture(params=["opa", "embedded"])
async def engines(request: pytest.FixtureRequest) -> AsyncIterator[Engines]:
    """Yield what opens engines: every test runs with both kinds."""
    opa = request.getfixturevalue("opa_binary") if request.param == "opa" else None
    async with AsyncExitStack() as stack:
        yield Engines(opa=opa, stack=stack)


@pytest.fixture
async def engine(engines: Engines) -> PolicyEngine:
    """Return an engine over the starter policy, of both kinds in turn."""
    return await engines.over(STARTER)


def _filled(directory: Path) -> Path:
    for path in STARTER.glob("*.rego"):
        (directory / path.name).write_bytes(path.read_bytes())
    return directory
