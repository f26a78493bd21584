"""Every database keeps all of a transaction or nothing, and in time or not at all."""

import asyncio
import time
from dataclasses import replace

import pytest

from core.clock import Deadline
from core.errors import (
    DeadlineExceeded,
    DependencyError,
    StoreBusy,
    StoreUnavailable,
)
from core.ports import PrincipalRow, RefusalKey, UnitOfWork
from core.store.engine import SqlStore
from core.vocabulary import RequestState
from tests.contract.test_store_requests import put
from tests.support.builders import BOB, a_decision, a_request
from tests.support.databases import opened

ROW = PrincipalRow(email=BOB, trust_tier=2)
KEY = RefusalKey(actor=BOB, request_id="", verdict=None, code="x")


class Mishap(Exception):
    """Something that a service did not expect."""


async def tier_of_bob(store: SqlStore) -> int:
    """Return what was kept."""
    async with store.snapshot() as uow:
        return (await uow.principals.get(BOB)).trust_tier


async def test_committed_is_kept_and_seen_by_the_next(store: SqlStore) -> None:
    """Also by a second store on the same database."""
    async with store.transaction() as uow:
        await uow.principals.put(ROW)
        assert await tier_of_bob(store) == 0
        await uow.commit()

    assert await tier_of_bob(store) == 2


async def test_leaving_without_commit_undoes(store: SqlStore) -> None:
    """Nothing of it is there, and the connection is good for the next one."""
    for _ in range(20):
        async with store.transaction() as uow:
            await uow.principals.put(ROW)

    assert await tier_of_bob(store) == 0


async def test_error_undoes_and_passes(store: SqlStore) -> None:
    """Whatever the service raises is what its caller sees."""

    async def stumble() -> None:
        async with store.transaction() as uow:
            await uow.principals.put(ROW)
            raise Mishap

    with pytest.raises(Mishap):
        await stumble()

    assert await tier_of_bob(store) == 0


async def test_cancelled_transaction_is_undone(store: SqlStore) -> None:
    """And neither a lock nor a connection stays behind."""
    entered = asyncio.Event()

    async def hang() -> None:
        async with store.transaction() as uow:
            await uow.principals.put(ROW)
            entered.set()
            await asyncio.Event().wait()

    for _ in range(12):
        entered.clear()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(hang())
            await entered.wait()
            task.cancel()

    assert await tier_of_bob(store) == 0
    async with store.transaction(Deadline(seconds=5)) as uow:
        await uow.principals.put(ROW)
        await uow.commit()
    assert await tier_of_bob(store) == 2


async def test_commit_outlives_cancellation(store: SqlStore) -> None:
    """A COMMIT that was sent is awaited; the cancellation comes afterwards."""
    committing = asyncio.Event()
    reached: list[str] = []

    async def decide() -> None:
        async with store.transaction() as uow:
            await uow.principals.put(ROW)
            committing.set()
            await uow.commit()
            reached.append("after the commit")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(decide())
        await committing.wait()
        task.cancel()
        task.cancel()

    assert task.cancelled()
    assert reached == []
    assert await tier_of_bob(store) == 2


async def test_snapshot_does_not_wait_for_a_writer(store: SqlStore) -> None:
    """Reading goes on while a decision holds its locks, and is of one moment."""
    request = a_request()
    await put(store, request)

    async with store.transaction() as uow:
        await uow.requests.lock(request.id)
        await uow.requests.save(replace(request, version=2))
        async with store.snapshot(Deadline(seconds=1)) as reading:
            assert await reading.requests.get(request.id) == request
            await uow.commit()
            assert await reading.requests.get(request.id) == request
    async with store.snapshot() as reading:
        found = await reading.requests.get(request.id)
        assert found is not None
        assert found.version == 2


async def test_snapshot_cannot_write(store: SqlStore) -> None:
    """A read that tries to write is a mistake, and nothing is written."""
    async with store.snapshot() as uow:
        with pytest.raises(StoreUnavailable):
            await uow.principals.put(ROW)

    assert await tier_of_bob(store) == 0


async def test_failed_transaction_cannot_be_committed(store: SqlStore) -> None:
    """Whoever swallows an error does not keep half of the work."""
    request = a_request()
    await put(store, request)

    async def half(uow: UnitOfWork) -> None:
        await uow.principals.put(ROW)
        await uow.decisions.add(a_decision(request))
        with pytest.raises(DependencyError):
            await uow.decisions.add(a_decision(a_request()))

    async with store.transaction() as uow:
        await half(uow)
        with pytest.raises(StoreUnavailable, match="failed"):
            await uow.principals.get(BOB)
        with pytest.raises(StoreUnavailable, match="failed"):
            await uow.commit()

    assert await tier_of_bob(store) == 0
    async with store.snapshot() as uow:
        assert await uow.decisions.of([request.id]) == {request.id: ()}


async def test_deadline_that_has_passed_begins_nothing(store: SqlStore) -> None:
    """Neither a transaction nor a statement nor a COMMIT."""
    with pytest.raises(DeadlineExceeded):
        async with store.transaction(Deadline(seconds=0)):
            pass

    deadline = Deadline(seconds=0.3)
    async with store.transaction(deadline) as uow:
        await uow.principals.put(ROW)
        await asyncio.sleep(0.35)
        with pytest.raises(DeadlineExceeded):
            await uow.principals.get(BOB)
        with pytest.raises(DeadlineExceeded):
            await uow.commit()

    assert await tier_of_bob(store) == 0


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_lock_is_waited_for_no_longer_than_the_deadline(
    store: SqlStore, database_url: str, *, elsewhere: bool
) -> None:
    """In this process and against another one; nothing is decided then."""
    request = a_request()
    await put(store, request)

    async with opened(database_url) as replica, store.transaction() as holding:
        await holding.requests.lock(request.id)
        begun = time.monotonic()
        with pytest.raises((DeadlineExceeded, StoreBusy)):
            async with (replica if elsewhere else store).transaction(
                Deadline(seconds=0.3)
            ) as uow:
                await uow.requests.lock(request.id)
        assert 0.2 < time.monotonic() - begun < 1.0
        await holding.requests.save(replace(request, version=2))
        await holding.commit()


async def test_lock_is_handed_on(store: SqlStore) -> None:
    """The one who waits sees what the one before did: nobody decides twice."""
    request = a_request()
    await put(store, request)
    won: list[int] = []

    async def decide(number: int) -> None:
        async with store.transaction(Deadline(seconds=10)) as uow:
            locked = await uow.requests.lock(request.id)
            assert locked is not None
            if locked.state is RequestState.PENDING:
                won.append(number)
                await uow.requests.save(
                    replace(
                        locked, state=RequestState.REJECTED, version=locked.version + 1
                    )
                )
                await uow.commit()

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(decide(number))

    assert len(won) == 1


async def test_many_at_once_wait_for_their_turn(store: SqlStore) -> None:
    """More transactions than connections: all are done, none is lost."""

    async def count() -> None:
        async with store.transaction(Deadline(seconds=20)) as uow:
            await uow.audit.head()
            await uow.refusals.close(KEY)
            await uow.commit()

    async with asyncio.TaskGroup() as group:
        for _ in range(60):
            group.create_task(count())
