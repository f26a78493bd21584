"""Verification reads head and events as one, and trusts neither."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from core.domain.audit import (
    GENESIS,
    AuditFact,
    StoredEvent,
    seal,
    to_timestamp,
)
from core.errors import AuditChainBroken
from core.services.audit import ReadAudit
from core.vocabulary import AuditAction, Origin, Outcome
from tests.support.builders import BOB, NOON


def a_chain(length: int) -> list[StoredEvent]:
    """Return a chain of `length` events, as stored."""
    chain: list[StoredEvent] = []
    previous = GENESIS
    fact = AuditFact(
        occurred_at=NOON,
        actor=BOB,
        action=AuditAction.TOKEN_ISSUED,
        outcome=Outcome.SUCCESS,
        origin=Origin.API,
    )
    for seq in range(1, length + 1):
        event = seal(fact, seq=seq, prev_hash=previous)
        previous = event.hash
        chain.append(
            StoredEvent(
                seq=seq,
                prev_hash=event.prev_hash,
                hash=event.hash,
                record=event.record,
                occurred_at=to_timestamp(NOON),
                actor=BOB,
                action=fact.action.value,
                outcome=fact.outcome.value,
                request_id="",
            )
        )
    return chain


class ChainOnly:
    """The audit part of a store, in batches of two, with a head of its own."""

    def __init__(self, events: list[StoredEvent], head: tuple[int, str]) -> None:
        """Keep what will be read."""
        self._events = events
        self._head = head

    async def head(self) -> tuple[int, str]:
        """Return the head."""
        return self._head

    async def stream(self) -> AsyncIterator[list[StoredEvent]]:
        """Yield every event."""
        for start in range(0, len(self._events), 2):
            yield self._events[start : start + 2]

    @asynccontextmanager
    async def snapshot(self, _deadline: object = None) -> AsyncIterator[Any]:
        """Open what looks like a unit of work."""
        yield SimpleNamespace(audit=self)


def reading(events: list[StoredEvent], head: tuple[int, str]) -> ReadAudit:
    """Return the service over a chain and a head that may not fit."""
    store: Any = ChainOnly(events, head)
    return ReadAudit(store=store)


async def test_a_chain_and_its_head_that_fit_are_intact() -> None:
    """Across batches, to the last event."""
    chain = a_chain(5)

    report = await reading(chain, (5, chain[4].hash)).verify(None)

    assert (report.events, report.head_hash) == (5, chain[4].hash)


@pytest.mark.parametrize("head", [0, 1, 2, 3, 4])
async def test_events_beyond_the_head_are_a_broken_chain(head: int) -> None:
    """Setting the head back does not hide what came after it."""
    chain = a_chain(5)
    hashes = [GENESIS, *(event.hash for event in chain)]

    with pytest.raises(AuditChainBroken, match=f"its head is event {head}"):
        await reading(chain, (head, hashes[head])).verify(None)


async def test_a_head_beyond_the_events_is_a_broken_chain() -> None:
    """Cutting the end off is found by the head."""
    chain = a_chain(3)

    with pytest.raises(AuditChainBroken):
        await reading(chain[:2], (3, chain[2].hash)).verify(None)


async def test_a_checkpoint_that_went_by_is_compared() -> None:
    """A chain that was written anew from the start has another hash there."""
    chain = a_chain(5)
    service = reading(chain, (5, chain[4].hash))

    assert (await service.verify((3, chain[2].hash))).events == 5
    with pytest.raises(AuditChainBroken) as broken:
        await service.verify((3, chain[1].hash))
    assert broken.value.seq == 3
