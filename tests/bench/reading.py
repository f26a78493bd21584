"""Listing what is pending, and verifying the chain, as the log grows."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from core.approvals import RequestQuery
from core.domain.audit import AuditFact
from core.domain.principal import Actor
from core.vocabulary import AuditAction, Origin, Outcome, RequestState
from core.wiring import Jitsudo
from tests.bench.products import fresh_core
from tests.bench.table import Figure, percentile
from tests.support.builders import BOB, ERIN, NOON, a_request, a_request_id

FEW: Final = 1_000
MANY: Final = 100_000
EVENTS: Final = 50_000
LISTINGS: Final = 50
BATCH: Final = 2_000


async def measure(name: str, database_url: str, directory: Path) -> list[Figure]:
    """Return the figures of one database."""
    async with fresh_core(database_url, directory) as jitsudo:
        await _fill(jitsudo, FEW)
        few = await _listing_seconds(jitsudo)
        await _fill(jitsudo, MANY - FEW)
        many = await _listing_seconds(jitsudo)
        await _write_events(jitsudo)
        rate = await _verified_per_second(jitsudo)
    return [
        Figure(
            what=f"{name}: status --pending at {FEW:,} and {MANY:,} requests",
            measured=f"{few * 1000:.1f} ms and {many * 1000:.1f} ms; "
            f"{many / few:.2f} times as long",
            aim="1.5 times",
        ),
        Figure(
            what=f"{name}: audit verify, in process",
            measured=f"{rate:,.0f} events/s",
            aim="50,000/s",
        ),
    ]


async def _fill(jitsudo: Jitsudo, count: int) -> None:
    """Insert requests, one in twenty pending, the others decided long ago."""
    for begin in range(0, count, BATCH):
        async with jitsudo.store.transaction() as uow:
            for number in range(begin, min(begin + BATCH, count)):
                request = a_request(request_id=a_request_id())
                if number % 20:
                    request = replace(
                        request,
                        state=RequestState.REJECTED,
                        decided_by=BOB,
                        decided_at=NOON + timedelta(minutes=1),
                    )
                await uow.requests.add(request)
            await uow.commit()


async def _listing_seconds(jitsudo: Jitsudo) -> float:
    """Return the median time of bob's `status --pending`."""
    bob = jitsudo.acting(Actor(email=BOB, origin=Origin.API))
    query = RequestQuery(states=frozenset({RequestState.PENDING}), limit=50)
    seconds = []
    for _ in range(LISTINGS):
        begun = time.perf_counter()
        await bob.list(query)
        seconds.append(time.perf_counter() - begun)
    return percentile(seconds, 50)


async def _write_events(jitsudo: Jitsudo) -> None:
    request_id = a_request_id()
    for _ in range(EVENTS // BATCH):
        async with jitsudo.store.transaction() as uow:
            for _ in range(BATCH):
                await uow.audit.append(
                    AuditFact(
                        occurred_at=NOON,
                        actor=BOB,
                        action=AuditAction.REQUEST_APPROVED,
                        outcome=Outcome.SUCCESS,
                        origin=Origin.API,
                        request_id=request_id,
                        details={
                            "role": "infra-admin",
                            "resource_scope": "staging",
                            "reason": "INC-4421: pods do not start",
                            "comment": "for the incident",
                        },
                    )
                )
            await uow.commit()


async def _verified_per_second(jitsudo: Jitsudo) -> float:
    erin = jitsudo.acting(Actor(email=ERIN, origin=Origin.API))
    begun = time.perf_counter()
    report = await erin.verify_audit()
    return report.events / (time.perf_counter() - begun)
