"""Every database keeps one job of a lane in flight, whoever claims."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.store.engine import SqlStore
from core.vocabulary import JobKind
from tests.contract.test_store_jobs import (
    ALL,
    FAR,
    LEASE,
    PAST,
    a_job,
    add,
    claim,
    everything,
)
from tests.support.databases import opened, run_sql


async def expire_leases(url: str) -> None:
    """Let a second pass for every lease, by the database's clock."""
    past = "0" if url.startswith("sqlite") else "'2020-01-01Z'"
    await run_sql(url, f"UPDATE jobs SET leased_until = {past} WHERE lease <> ''")  # noqa: S608 - constants


async def test_one_job_of_a_lane_at_a_time(store: SqlStore) -> None:
    """The next one follows when the first is finished."""
    await add(
        store,
        a_job("2", lane="x", due_at=PAST + timedelta(seconds=1)),
        a_job("1", lane="x"),
    )

    (first,) = await claim(store)
    assert await claim(store) == []
    async with store.transaction() as uow:
        assert await uow.jobs.claim_lane("x", ALL, lease=LEASE) is None
        assert await uow.jobs.finish(first)
        await uow.commit()

    assert first.key == "1"
    assert [job.key for job in await claim(store)] == ["2"]


async def test_claiming_a_lane_takes_only_that_lane(store: SqlStore) -> None:
    """An operator runs the due jobs of the request at hand."""
    soon = datetime.now(UTC) + FAR
    await add(store, a_job("a", lane="x"), a_job("b", lane="y"))
    await add(store, a_job("c", lane="z", due_at=soon))

    async with store.transaction() as uow:
        found = await uow.jobs.claim_lane("y", ALL, lease=LEASE)
        assert found is not None
        assert found.key == "b"
        assert await uow.jobs.claim_lane("z", ALL, lease=LEASE) is None
        other = frozenset({JobKind.ISSUE})
        assert await uow.jobs.claim_lane("x", other, lease=LEASE) is None


async def test_expired_lease_goes_to_the_next_worker(
    store: SqlStore, database_url: str
) -> None:
    """The first worker, back from the dead, can neither finish nor retry it."""
    await add(store, a_job("1", lane="x"), a_job("2", lane="x", due_at=PAST))
    (lost,) = await claim(store)
    await expire_leases(database_url)

    (taken,) = await claim(store)

    assert (taken.id, taken.attempts) == (lost.id, 2)
    async with store.transaction() as uow:
        assert not await uow.jobs.finish(lost)
        assert not await uow.jobs.retry(lost, after=LEASE, error="late")
        assert not await uow.jobs.release(lost)
        assert await uow.jobs.finish(taken)
        await uow.commit()


async def test_lane_with_an_expired_lease_begins_with_that_job(
    store: SqlStore, database_url: str
) -> None:
    """Even when something else of the lane has been due for longer."""
    await add(store, a_job("1", lane="x", due_at=PAST + timedelta(hours=1)))
    (lost,) = await claim(store)
    await add(store, a_job("2", lane="x", due_at=PAST))
    await expire_leases(database_url)

    assert [job.id for job in await claim(store)] == [lost.id]


async def test_job_behind_one_in_flight_does_not_keep_workers_awake(
    store: SqlStore,
) -> None:
    """It is due, but nobody can claim it before the lease ends."""
    await add(store, a_job("1", lane="x"), a_job("2", lane="x"))
    await claim(store)

    async with store.snapshot() as uow:
        left = await uow.jobs.next_due(ALL)

    assert left is not None
    assert LEASE - timedelta(seconds=10) < left <= LEASE


@pytest.mark.parametrize("lanes", [3, 40])
async def test_two_replicas_never_run_one_lane_twice(
    store: SqlStore, database_url: str, lanes: int
) -> None:
    """Four claimers on two stores: each job once, a lane never in flight twice."""
    await add(store, *(a_job(f"{n}", lane=f"lane-{n % lanes}") for n in range(60)))
    flying: set[str] = set()
    done: list[str] = []

    async def work(mine: SqlStore) -> None:
        while len(done) < 60:
            for job in await claim(mine, limit=3):
                assert job.lane not in flying
                flying.add(job.lane)
                await asyncio.sleep(0)
                flying.discard(job.lane)
                async with mine.transaction() as uow:
                    assert await uow.jobs.finish(job)
                    await uow.commit()
                done.append(job.key)

    async with (
        opened(database_url) as replica,
        asyncio.timeout(30),
        asyncio.TaskGroup() as group,
    ):
        for mine in (store, replica, store, replica):
            group.create_task(work(mine))

    assert sorted(done) == sorted(f"{n}" for n in range(60))
    assert await everything(store) == []
