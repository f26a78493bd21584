"""Loading a changed policy holds nobody up, and nobody who is impatient ends it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from core.clock import Deadline
from core.errors import PolicyUnavailable
from core.policy.child import EvaluatorProcess
from core.policy.embedded import EmbeddedEngine
from tests.support.builders import a_question
from tests.support.engines import a_policy, healthy

ENDLESS: Final = """package jitsudo.approval

import rego.v1

reason := "slow" if {
	ns := numbers.range(1, 4000)
	count([1 | some a in ns; some b in ns; a * b == -1]) == 0
}
"""

CLICK_SECONDS: Final = 2.2
"""What one decision has altogether."""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    """Yield an engine over `tmp_path` that looks for changes at every question."""
    opened = await EmbeddedEngine.open(
        a_policy(tmp_path, approval='allow := true\n\nreason := "first"'),
        check_seconds=0,
    )
    yield opened
    await opened.close()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[EvaluatorProcess]:
    """Return the child processes that are started from now on."""
    processes: list[EvaluatorProcess] = []
    made = EvaluatorProcess.connection_made

    def connection_made(process: EvaluatorProcess, transport: Any) -> None:
        processes.append(process)
        made(process, transport)

    monkeypatch.setattr(EvaluatorProcess, "connection_made", connection_made)
    return processes


def kill_child(engine: EmbeddedEngine) -> None:
    """End the child process from outside."""
    assert engine._loaded.process._transport is not None
    os.kill(engine._loaded.process._transport.get_pid(), signal.SIGKILL)


async def test_a_set_that_does_not_end_loading_holds_nobody_up(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    """The policy before it answers every click, and a mended one comes into force."""
    first = await engine.ask(a_question())

    (tmp_path / "zz.rego").write_text(ENDLESS)
    longest = 0.0
    for _ in range(25):
        began = time.monotonic()
        answer = await engine.ask(a_question(), Deadline(seconds=CLICK_SECONDS))
        longest = max(longest, time.monotonic() - began)
        assert answer == first
        await asyncio.sleep(0.02)
    during = await engine.health()

    a_policy(tmp_path, approval='reason := "mended"')
    (tmp_path / "zz.rego").unlink()
    mended = await healthy(
        engine, lambda health: health.revision != first.revision, seconds=5
    )

    assert longest < 0.5
    assert during.is_ready
    assert during.detail.endswith("changed files are being loaded")
    assert mended.detail == f"2 files in {tmp_path}"
    assert (await engine.ask(a_question())).reason == "mended"


async def test_a_set_that_took_too_long_is_told_and_not_tried_again(
    engine: EmbeddedEngine,
    started: list[EvaluatorProcess],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Health names the time that it had; only another change is another try."""
    monkeypatch.setattr("core.policy.loading.LOAD_SECONDS", 0.5)

    (tmp_path / "zz.rego").write_text(ENDLESS)
    refused = await healthy(engine, lambda health: "on loading it" in health.detail)
    for _ in range(5):
        assert (await engine.ask(a_question())).reason == "first"
        await asyncio.sleep(0.02)

    assert refused.is_ready
    assert refused.detail == (
        f"{tmp_path}: the policy took longer than 0.5 s, on loading it; "
        "the policy before it stays in force"
    )
    assert await engine.health() == refused
    assert len(started) == 1


async def test_a_broken_set_is_tried_once_for_each_change(
    engine: EmbeddedEngine, started: list[EvaluatorProcess], tmp_path: Path
) -> None:
    """Compiling it again would cost every click, and find the same."""
    for count, rule in enumerate(("allow if {", "allow if { x = "), start=1):
        a_policy(tmp_path, approval=rule)
        await healthy(engine, lambda h: h.detail.endswith("stays in force"))
        for _ in range(10):
            assert (await engine.ask(a_question())).reason == "first"
            await asyncio.sleep(0.02)
        await healthy(engine, lambda h: h.detail.endswith("stays in force"))

        assert len(started) == count


async def test_a_file_that_is_touched_needs_no_other_child(
    engine: EmbeddedEngine, started: list[EvaluatorProcess], tmp_path: Path
) -> None:
    """The same bytes are the same policy; a refused one that was undone is forgiven."""
    content = (tmp_path / "approval.rego").read_bytes()
    a_policy(tmp_path, approval="allow if {")
    await healthy(engine, lambda health: health.detail.endswith("stays in force"))

    (tmp_path / "approval.rego").write_bytes(content)
    await healthy(engine, lambda health: health.detail == f"2 files in {tmp_path}")

    assert len(started) == 1


async def test_an_impatient_asker_does_not_end_the_restart_for_the_others(
    engine: EmbeddedEngine, started: list[EvaluatorProcess]
) -> None:
    """One child is started for all of them, whoever gives up meanwhile."""
    kill_child(engine)
    with pytest.raises(PolicyUnavailable):
        await engine.ask(a_question())

    async def give_up() -> None:
        with pytest.raises(PolicyUnavailable, match="in time"):
            await engine.ask(a_question(), Deadline(seconds=0.01))

    async with asyncio.TaskGroup() as group:
        patient = group.create_task(engine.ask(a_question()))
        for _ in range(3):
            group.create_task(give_up())
    late = await engine.ask(a_question())

    assert patient.result().reason == late.reason == "first"
    assert len(started) == 1


async def test_a_restart_does_not_bring_an_older_policy_back(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    """Whichever of the two ends first, the newer files are the ones in force."""
    first = await engine.ask(a_question())
    kill_child(engine)
    with pytest.raises(PolicyUnavailable):
        await engine.ask(a_question())

    a_policy(tmp_path, approval='reason := "newer"')
    await engine.ask(a_question())
    await healthy(engine, lambda health: health.revision != first.revision)
    for _ in range(20):
        assert (await engine.ask(a_question())).reason == "newer"
        await asyncio.sleep(0.02)


async def test_closing_ends_what_is_being_loaded(tmp_path: Path) -> None:
    """No child process is left behind, and no task."""
    before = set(psutil.Process().children())
    tasks = asyncio.all_tasks()
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval="allow := true"), check_seconds=0
    )
    for rules in (ENDLESS, ENDLESS.replace("slow", "slower")):
        (tmp_path / "zz.rego").write_text(rules)
        await engine.ask(a_question())
        await asyncio.sleep(0.2)

    await engine.close()

    assert set(psutil.Process().children()) <= before
    assert asyncio.all_tasks() == tasks
    with pytest.raises(PolicyUnavailable, match="closed"):
        await engine.ask(a_question())


async def test_of_several_files_only_the_broken_one_is_named(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    """The first in the alphabet is not to blame for the last."""
    (tmp_path / "zz.rego").write_text("package jitsudo.approval\n\nallow if { x = \n")

    health = await healthy(engine, lambda h: h.detail.endswith("stays in force"))

    assert health.detail.startswith(f"{tmp_path}/zz.rego:3: ")
