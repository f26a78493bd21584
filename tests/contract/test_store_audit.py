"""Every database keeps a gapless chain that verifies, in commit order."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import (
    GENESIS,
    AuditEvent,
    AuditFact,
    ChainReport,
    ChainVerifier,
    Json,
)
from core.ports import AuditFilter
from core.store.audit import BATCH
from core.store.engine import SqlStore
from core.vocabulary import AuditAction, Origin, Outcome
from tests.support.builders import ALICE, BOB, NOON, a_request_id
from tests.support.databases import opened, run_sql


def a_fact(
    *,
    actor: str = ALICE,
    action: AuditAction = AuditAction.REQUEST_CREATED,
    details: dict[str, Json] | None = None,
) -> AuditFact:
    """Return the fact that alice asked."""
    return AuditFact(
        occurred_at=NOON,
        actor=actor,
        action=action,
        outcome=Outcome.SUCCESS,
        origin=Origin.API,
        details=details or {},
    )


async def append(store: SqlStore, *facts: AuditFact) -> list[AuditEvent]:
    """Append facts, one transaction each."""
    events = []
    for fact in facts:
        async with store.transaction() as uow:
            events.append(await uow.audit.append(fact))
            await uow.commit()
    return events


async def verify(store: SqlStore) -> ChainReport:
    """Verify the whole chain."""
    verifier = ChainVerifier()
    async with store.snapshot() as uow:
        async for batch in uow.audit.stream():
            for event in batch:
                verifier.check(event)
        seq, digest = await uow.audit.head()
    return verifier.finish(head_seq=seq, head_hash=digest, checkpoint=None)


async def test_empty_chain_begins_at_genesis(store: SqlStore) -> None:
    """Nothing is there, and nothing verifies."""
    assert await verify(store) == ChainReport(events=0, head_seq=0, head_hash=GENESIS)
    async with store.snapshot() as uow:
        assert await uow.audit.find(AuditFilter()) == []


async def test_event_comes_back_as_it_was_sealed(store: SqlStore) -> None:
    """Whatever details hold: the bytes that were hashed are the bytes kept."""
    fact = replace(
        a_fact(
            details={
                "reason": "ünï ☃ \U0001f512 'q' \"d\" \\ \n\t \u202e",
                "approvers": [ALICE, BOB],
                "counted": 2,
                "is": True,
                "nested": {"ä": "", "a": 2**53 - 1},
            }
        ),
        occurred_at=NOON + timedelta(microseconds=7),
        request_id=a_request_id(),
    )

    (event,) = await append(store, fact)

    assert (event.seq, event.prev_hash, event.fact) == (1, GENESIS, fact)
    async with store.snapshot() as uow:
        assert await uow.audit.find(AuditFilter()) == [event]
    assert (await verify(store)).head_hash == event.hash


async def test_undone_transaction_leaves_no_gap(store: SqlStore) -> None:
    """The next event takes the number that was not kept."""
    await append(store, a_fact())
    async with store.transaction() as uow:
        assert (await uow.audit.append(a_fact())).seq == 2
    (event,) = await append(store, a_fact())

    assert event.seq == 2
    assert (await verify(store)).events == 2


async def test_eight_writers_on_two_replicas_leave_no_gap(
    store: SqlStore, database_url: str
) -> None:
    """Numbers are in commit order and the chain verifies."""
    committed: list[int] = []

    async def write(mine: SqlStore) -> None:
        for _ in range(5):
            (event,) = await append(mine, a_fact())
            committed.append(event.seq)

    async with (
        opened(database_url) as replica,
        asyncio.timeout(30),
        asyncio.TaskGroup() as group,
    ):
        for number in range(8):
            group.create_task(write(replica if number % 2 else store))

    assert sorted(committed) == list(range(1, 41))
    assert (await verify(store)).events == 40


async def test_events_are_found_newest_first_by_every_filter(store: SqlStore) -> None:
    """Each filter alone, all together, and in pages."""
    request_id = a_request_id()
    facts = [
        a_fact(),
        replace(a_fact(actor=BOB), request_id=request_id),
        a_fact(action=AuditAction.REQUEST_DENIED, details={"provider": "aws"}),
        replace(a_fact(details={"provider": "gcp"}), outcome=Outcome.FAILURE),
        replace(a_fact(), occurred_at=NOON + timedelta(hours=1)),
    ]
    await append(store, *facts)

    async def seqs(**wanted: object) -> list[int]:
        async with store.snapshot() as uow:
            found = await uow.audit.find(
                AuditFilter(**wanted)  # type: ignore[arg-type] # a test's own names
            )
        return [event.seq for event in found]

    assert await seqs() == [5, 4, 3, 2, 1]
    assert await seqs(actor=BOB) == [2]
    assert await seqs(request_id=request_id) == [2]
    assert await seqs(action=AuditAction.REQUEST_DENIED) == [3]
    assert await seqs(outcome=Outcome.FAILURE) == [4]
    assert await seqs(provider="aws") == [3]
    assert await seqs(provider="") == []
    assert await seqs(since=NOON + timedelta(microseconds=1)) == [5]
    assert await seqs(since=NOON) == [5, 4, 3, 2, 1]
    assert await seqs(until=NOON) == []
    assert await seqs(before_seq=4, limit=2) == [3, 2]
    assert await seqs(
        actor=ALICE,
        action=AuditAction.REQUEST_DENIED,
        outcome=Outcome.SUCCESS,
        provider="aws",
        since=NOON,
        until=NOON + timedelta(minutes=1),
        before_seq=5,
    ) == [3]


@pytest.mark.parametrize("extra", [0, 1])
async def test_stream_ends_at_the_end_of_a_batch_and_beyond(
    store: SqlStore, extra: int
) -> None:
    """No event is skipped or told twice where two batches meet."""
    async with store.transaction() as uow:
        for _ in range(BATCH + extra):
            await uow.audit.append(a_fact())
        await uow.commit()

    assert (await verify(store)).events == BATCH + extra


async def test_broken_record_is_named(store: SqlStore, database_url: str) -> None:
    """Listing says which event was tampered with instead of failing blindly."""
    await append(store, a_fact())
    await tamper(database_url, "UPDATE audit_events SET record = '{}'")

    async with store.snapshot() as uow:
        with pytest.raises(Exception, match="broken at event 1") as caught:
            await uow.audit.find(AuditFilter())
    assert type(caught.value).__name__ == "AuditChainBroken"


async def tamper(url: str, statement: str) -> None:
    """Change the log as an owner of the tables could, without the triggers."""
    if url.startswith("sqlite"):
        drop = ["DROP TRIGGER audit_events_stay_updated"]
    else:
        drop = ["ALTER TABLE audit_events DISABLE TRIGGER ALL"]
    await run_sql(url, *drop, statement)
