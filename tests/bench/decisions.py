"""Decisions per second with jobs running, beside bare transactions."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from core.domain.audit import AuditFact
from core.domain.decision import Decision
from core.domain.principal import Actor
from core.ports import UnitOfWork
from core.services.issue import issue_now
from core.services.telling import show as show_everywhere
from core.vocabulary import (
    AuditAction,
    Origin,
    Outcome,
    RequestId,
    Verdict,
)
from core.wiring import Jitsudo
from tests.bench.products import fresh_core
from tests.bench.table import Figure, milliseconds
from tests.support.builders import ALICE, BOB, an_ask

ROUNDS: Final = 300
AT_ONCE: Final = (1, 8, 32)


async def measure(name: str, database_url: str, directory: Path) -> list[Figure]:
    """Return the figures of one database."""
    figures: list[Figure] = []
    async with fresh_core(database_url, directory) as jitsudo:
        workers = jitsudo.workers()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(workers.run())
            for at_once in AT_ONCE:
                figures += await _compare(jitsudo, name, at_once)
            workers.stop()
    return figures


async def _compare(jitsudo: Jitsudo, name: str, at_once: int) -> list[Figure]:
    bob = jitsudo.acting(Actor(email=BOB, origin=Origin.API))

    async def decide(request_id: RequestId) -> None:
        await bob.approve(request_id, comment="")

    async def bare(request_id: RequestId) -> None:
        await _bare_transaction(jitsudo, request_id)

    full_rate, full = await _timed(await _requests(jitsudo), decide, at_once)
    bare_rate, plain = await _timed(await _requests(jitsudo), bare, at_once)
    aim = "150/s on PostgreSQL" if at_once == 8 else ""  # the issue's
    return [
        Figure(
            what=f"{name}, {at_once} at once: decisions",
            measured=f"{full_rate:.0f}/s, {milliseconds(full)}",
            aim=aim,
        ),
        Figure(
            what=f"{name}, {at_once} at once: the bare transaction",
            measured=f"{bare_rate:.0f}/s, {milliseconds(plain)}; "
            f"decisions reach {full_rate / bare_rate:.0%} of it",
            aim="50%",
        ),
    ]


async def _requests(jitsudo: Jitsudo) -> list[RequestId]:
    alice = jitsudo.acting(Actor(email=ALICE, origin=Origin.API))
    return [(await alice.submit(an_ask())).request.id for _ in range(ROUNDS)]


async def _timed(
    requests: list[RequestId],
    work: Callable[[RequestId], Awaitable[None]],
    at_once: int,
) -> tuple[float, list[float]]:
    """Return how many were done per second, and how long each took."""
    waiting = list(requests)
    seconds: list[float] = []

    async def worker() -> None:
        while waiting:
            request_id = waiting.pop()
            begun = time.perf_counter()
            await work(request_id)
            seconds.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(worker())
    return len(requests) / (time.perf_counter() - begun), seconds


async def _bare_transaction(jitsudo: Jitsudo, request_id: RequestId) -> None:
    """Run a decision's statements and nothing else: no policy, no checks."""
    now = jitsudo.clock.now()
    async with jitsudo.store.transaction() as uow:
        await _statements(uow, request_id, jitsudo)
        await uow.audit.append(
            AuditFact(
                occurred_at=now,
                actor=BOB,
                action=AuditAction.REQUEST_APPROVED,
                outcome=Outcome.SUCCESS,
                origin=Origin.API,
                request_id=request_id,
            )
        )
        await uow.commit()


async def _statements(uow: UnitOfWork, request_id: RequestId, jitsudo: Jitsudo) -> None:
    now = jitsudo.clock.now()
    request = await uow.requests.lock(request_id)
    assert request is not None  # it was just submitted
    await uow.decisions.add(
        Decision(
            request_id=request_id,
            requester=request.requester,
            approver=BOB,
            verdict=Verdict.APPROVE,
            text="",
            origin=Origin.API,
            self_allowed=False,
            decided_at=now,
        )
    )
    await uow.requests.save(request)
    await show_everywhere(uow, request, promised=[issue_now(request)])
