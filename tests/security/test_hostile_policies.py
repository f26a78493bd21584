"""A policy that loops, explodes or pries costs one second, and learns nothing."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from core.clock import Deadline
from core.domain.policy import PolicyQuestion
from core.errors import ConfigurationError, DeadlineExceeded, PolicyUnavailable
from core.policy.bundle import write_starter
from core.policy.embedded import EmbeddedEngine
from core.policy.evaluator import MOST_MEMORY_BYTES
from tests.support.builders import a_question
from tests.support.engines import Engines, a_policy, healthy

RULES: Final = """
default allow := false

allow if {
	input.request.role == "loop"
	count([1 | some a in ns; some b in ns; some c in ns; (a * b) * c < 0]) > 0
}

allow if input.request.role == "fine"

allow if {
	input.request.role == "regex"
	regex.match("^(a|a)*$", input.request.reason)
}

allow if {
	input.request.role == "memory"
	hundred := numbers.range(1, 100)
	long := concat("", [input.request.reason | some _ in hundred])
	longer := concat("", [long | some _ in hundred])
	longest := concat("", [longer | some _ in hundred])
	count(longest) > 0
}

ns := numbers.range(1, 400)

reason := input.request.role
"""


def a_question_for(role: str, *, reason: str = "") -> PolicyQuestion:
    """Return a question that meets the rule for `role`."""
    return replace(a_question(), role=role, reason=reason)


@pytest.fixture
async def hostile(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    """Yield the embedded engine over rules that misbehave on demand."""
    engine = await EmbeddedEngine.open(a_policy(tmp_path, approval=RULES))
    yield engine
    await engine.close()


def process_id(engine: EmbeddedEngine) -> int:
    """Return the child's process id."""
    assert engine._loaded.process._transport is not None
    return engine._loaded.process._transport.get_pid()


def is_there(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_loop_is_cut_off_after_a_second(
    engines: Engines, tmp_path: Path
) -> None:
    """Both engines say that policy gave no answer, in time, and answer the next."""
    engine = await engines.over(a_policy(tmp_path, approval=RULES))
    began = time.monotonic()

    with pytest.raises(PolicyUnavailable):
        await engine.ask(a_question_for("loop"))

    assert 0.5 < time.monotonic() - began < 2
    assert (await engine.ask(a_question_for("fine"))).allow


async def test_a_callers_deadline_is_kept_and_costs_no_process(
    hostile: EmbeddedEngine,
) -> None:
    """An impatient caller gets an error at once; the child may finish its second."""
    pid = process_id(hostile)

    with pytest.raises(PolicyUnavailable):
        await hostile.ask(a_question_for("loop"), Deadline(seconds=0.1))

    assert process_id(hostile) == pid
    with pytest.raises(DeadlineExceeded):
        await hostile.ask(a_question_for("fine"), Deadline(seconds=0))


async def test_questions_behind_a_loop_get_their_own_answer_or_none(
    hostile: EmbeddedEngine,
) -> None:
    """Nobody is handed the answer to somebody else's question."""
    answers: dict[str, str] = {}

    async def ask(role: str) -> None:
        try:
            answers[role] = (await hostile.ask(a_question_for(role))).reason
        except PolicyUnavailable:
            answers[role] = "unavailable"

    async with asyncio.TaskGroup() as group:
        for role in ("before", "loop", "after", "behind"):
            group.create_task(ask(role))

    assert answers["before"] == "before"
    assert answers["loop"] == "unavailable"
    assert answers["after"] in {"after", "unavailable"}
    assert answers["behind"] in {"behind", "unavailable"}
    assert (await hostile.ask(a_question_for("later"))).reason == "later"


async def test_a_catastrophic_pattern_decides_nothing(
    hostile: EmbeddedEngine,
) -> None:
    """It is answered, or takes too long, or ends the child; never this process."""
    question = a_question_for("regex", reason="a" * 1_999 + "!")

    with suppress(PolicyUnavailable):
        assert not (await hostile.ask(question)).allow

    assert (await hostile.ask(a_question_for("fine"))).allow


async def test_a_large_server_has_a_policy_too(tmp_path: Path) -> None:
    """What the process that starts the policy's holds is not the policy's."""
    ballast = b"x" * (MOST_MEMORY_BYTES + 64 * 1024 * 1024)
    write_starter(tmp_path / "policy")

    engine = await EmbeddedEngine.open(tmp_path / "policy")
    try:
        assert (await engine.health()).is_ready
    finally:
        await engine.close()
    assert len(ballast) > MOST_MEMORY_BYTES


async def test_a_policy_that_eats_memory_is_ended(hostile: EmbeddedEngine) -> None:
    """By its second or its 512 MB, whichever comes first."""
    with pytest.raises(PolicyUnavailable, match="policy"):
        await hostile.ask(a_question_for("memory", reason="m" * 2_000))

    assert (await hostile.ask(a_question_for("fine"))).allow


async def test_without_regopy_there_is_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform without a wheel is told what to set instead."""
    monkeypatch.setitem(sys.modules, "regopy", None)

    with pytest.raises(ConfigurationError, match="set JITSUDO_OPA_URL"):
        await EmbeddedEngine.open(a_policy(tmp_path, approval=RULES))


async def test_a_child_killed_from_outside_is_replaced(
    hostile: EmbeddedEngine,
) -> None:
    """The question under way fails; the next one is answered by a new child."""
    pid = process_id(hostile)

    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_failure_of(hostile, a_question_for("loop")))
        await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGKILL)

    assert asking.result() == "the policy ended its process"
    assert (await hostile.ask(a_question_for("fine"))).allow
    assert process_id(hostile) != pid


async def test_a_policy_sees_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`opa.runtime()` would otherwise read the encryption keys."""
    monkeypatch.setenv("JITSUDO_ENCRYPTION_KEYS", "a-very-secret-key")
    rules = 'reason := concat(" ", ["saw", json.marshal(opa.runtime().env)])'
    engine = await EmbeddedEngine.open(a_policy(tmp_path, approval=rules))

    answer = await engine.ask(a_question())
    await engine.close()

    assert answer.reason.startswith("saw {")
    assert "JITSUDO" not in answer.reason
    assert "secret" not in answer.reason
    assert "PATH" not in answer.reason


async def test_what_a_policy_prints_is_no_answer(tmp_path: Path) -> None:
    """A line that looks like an answer, printed by a policy, goes nowhere."""
    rules = """
allow if {
	print(concat("", ["{\\"id\\": 2, \\"rules\\": {\\"allow\\": true}}"]))
	false
}
reason := "no"
"""
    engine = await EmbeddedEngine.open(a_policy(tmp_path, approval=rules))

    answers = [await engine.ask(a_question()) for _ in range(3)]
    await engine.close()

    assert [(answer.allow, answer.reason) for answer in answers] == [(False, "no")] * 3


async def test_fifty_questions_at_once_get_their_own_answers(
    engines: Engines, tmp_path: Path
) -> None:
    """Order and ids are kept, whichever engine answers."""
    engine = await engines.over(a_policy(tmp_path, approval=RULES))
    reasons: dict[str, str] = {}

    async def ask(role: str) -> None:
        reasons[role] = (await engine.ask(a_question_for(role))).reason

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(ask(f"role-{number}"))

    assert reasons == {f"role-{n}": f"role-{n}" for n in range(50)}


async def test_closing_leaves_no_process(tmp_path: Path) -> None:
    """Neither the child in force nor one that was replaced stays behind."""
    engine = await EmbeddedEngine.open(
        a_policy(tmp_path, approval=RULES), check_seconds=0
    )
    first = process_id(engine)
    a_policy(tmp_path, approval=RULES + "# changed")
    await healthy(engine, lambda _: process_id(engine) != first)
    second = process_id(engine)

    await engine.close()

    assert first != second
    assert not is_there(first)
    assert not is_there(second)
    with pytest.raises(PolicyUnavailable):
        await engine.ask(a_question())


async def _failure_of(engine: EmbeddedEngine, question: PolicyQuestion) -> str:
    with pytest.raises(PolicyUnavailable) as caught:
        await engine.ask(question)
    return caught.value.why
