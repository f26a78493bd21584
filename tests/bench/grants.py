"""A grant's life: how soon it can be used, and many that end at once."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from typing_extensions import override

from core.clock import SystemClock
from core.domain.grant import Grant, GrantOrder
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.providers.local import LocalProvider
from core.services.endings import expiry_of
from core.vocabulary import (
    GrantStatus,
    Origin,
    RequestId,
    RequestState,
)
from core.wiring import Jitsudo
from tests.bench.products import fresh_core
from tests.bench.table import Figure, milliseconds
from tests.support.builders import ALICE, BOB, a_request, an_ask

LIVES: Final = 200
EXPIRING: Final = 5_000
PROVIDER_SECONDS: Final = 0.2
PAGE: Final = 50
"""Requests that are made ready in one transaction; no service writes so many."""


async def measure(name: str, database_url: str, directory: Path) -> list[Figure]:
    """Return the figures of one database."""
    slow = _SlowEnd(clock=SystemClock())
    async with fresh_core(database_url, directory, provider=slow) as jitsudo:
        return [
            await _lives(jitsudo, name),
            *await _many_ends(jitsudo, name),
        ]


async def _lives(jitsudo: Jitsudo, name: str) -> Figure:
    """Measure from the approval's call to the credentials in hand."""
    alice = jitsudo.acting(Actor(email=ALICE, origin=Origin.API))
    bob = jitsudo.acting(Actor(email=BOB, origin=Origin.API))
    seconds: list[float] = []
    workers = jitsudo.workers()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(workers.run())
        for _ in range(LIVES):
            request_id = (await alice.submit(an_ask())).request.id
            begun = time.perf_counter()
            record = await bob.approve(request_id, comment="")
            while not record.request.is_in_force:
                record = await alice.get(
                    request_id,
                    wait=timedelta(seconds=5),
                    since_version=record.request.version,
                )
            await alice.credentials(request_id)
            seconds.append(time.perf_counter() - begun)
        workers.stop()
    return Figure(
        what=f"{name}: approve → credentials read",
        measured=milliseconds(seconds),
        aim="p50 60 ms, p99 250 ms",
    )


class _SlowEnd(LocalProvider):
    """The provider `local`, which takes its time to end a grant."""

    @override
    async def revoke(self, order: GrantOrder, handle: str) -> None:
        """End it after a while."""
        await asyncio.sleep(PROVIDER_SECONDS)


async def _many_ends(jitsudo: Jitsudo, name: str) -> list[Figure]:
    """End thousands of grants that expire in one minute, and decide meanwhile."""
    now = datetime.now(UTC)
    ends = [now - timedelta(seconds=60 * n / EXPIRING) for n in range(EXPIRING)]
    for first in range(0, EXPIRING, PAGE):
        await _grants_ending(jitsudo, ends[first : first + PAGE])
    waiting = [(await _asked(jitsudo)) for _ in range(LIVES)]
    decided: list[float] = []
    begun = time.perf_counter()
    workers = jitsudo.workers()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(workers.run())
        deciding = tasks.create_task(_decide(jitsudo, waiting, decided))
        await _all_ended(jitsudo)
        seconds = time.perf_counter() - begun
        deciding.cancel()
        workers.stop()
    return [
        Figure(
            what=f"{name}: {EXPIRING} grants that are over, each 0.2 s at the provider",
            measured=f"all ended in {seconds:.0f} s, {EXPIRING / seconds:.0f} jobs/s",
            aim="60 s",
        ),
        Figure(
            what=f"{name}: decisions meanwhile, one after the other",
            measured=f"{len(decided)}, {milliseconds(decided)}",
        ),
    ]


async def _asked(jitsudo: Jitsudo) -> RequestId:
    alice = jitsudo.acting(Actor(email=ALICE, origin=Origin.API))
    return (await alice.submit(an_ask())).request.id


async def _decide(
    jitsudo: Jitsudo, waiting: list[RequestId], seconds: list[float]
) -> None:
    bob = jitsudo.acting(Actor(email=BOB, origin=Origin.API))
    for request_id in waiting:
        begun = time.perf_counter()
        await bob.approve(request_id, comment="")
        seconds.append(time.perf_counter() - begun)
        await asyncio.sleep(0.1)


async def _all_ended(jitsudo: Jitsudo) -> None:
    """Look once a second, so that looking takes nothing from what is measured."""
    ended = 0
    while ended < EXPIRING:
        await asyncio.sleep(1)
        async with jitsudo.store.snapshot() as uow:
            ended = (await uow.figures.totals()).requests[RequestState.EXPIRED]


async def _grants_ending(jitsudo: Jitsudo, ends: list[datetime]) -> None:
    """Store active requests whose time is over, with the jobs that end them."""
    async with jitsudo.store.transaction() as uow:
        for end in ends:
            request = _active(end)
            await uow.requests.add(request)
            await uow.grants.put(
                Grant(
                    request_id=request.id,
                    provider="local",
                    handle="",
                    issued_at=end - timedelta(hours=1),
                    expires_at=end,
                    sealed_credentials=b"sealed",
                )
            )
            await uow.jobs.add(expiry_of(request))
        await uow.commit()


def _active(end: datetime) -> ElevationRequest:
    return replace(
        a_request(state=RequestState.ACTIVE, grant_status=GrantStatus.ACTIVE),
        decided_by=BOB,
        issued_at=end - timedelta(hours=1),
        expires_at=end,
    )
