"""How long one policy question takes, of either engine."""

import time
from typing import Final

from core.policy.bundle import starter_directory
from core.policy.embedded import EmbeddedEngine
from core.policy.opa import OpaEngine
from core.ports import PolicyEngine
from tests.bench.table import Figure, milliseconds
from tests.support.builders import a_question

QUESTIONS: Final = 1_000


async def measure_embedded() -> Figure:
    """Return the figure of the embedded engine."""
    engine = await EmbeddedEngine.open(starter_directory())
    try:
        seconds = await _timed(engine)
    finally:
        await engine.close()
    return Figure(
        what="embedded engine", measured=milliseconds(seconds), aim="p99 0.5 ms"
    )


async def measure_opa(url: str) -> Figure:
    """Return the figure of an OPA server that has the starter policy."""
    engine = await OpaEngine.open(url)
    try:
        seconds = await _timed(engine)
    finally:
        await engine.close()
    return Figure(what="OPA over HTTP", measured=milliseconds(seconds), aim="p99 3 ms")


async def _timed(engine: PolicyEngine) -> list[float]:
    seconds = []
    for _ in range(QUESTIONS):
        begun = time.perf_counter()
        await engine.ask(a_question())
        seconds.append(time.perf_counter() - begun)
    return seconds[QUESTIONS // 10 :]
