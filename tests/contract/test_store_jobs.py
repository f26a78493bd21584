"""Every database hands a job to one worker, and a lane to one job."""

from datetime import UTC, datetime, timedelta

from core.domain.job import Job, NewJob
from core.store.engine import SqlStore
from core.vocabulary import JobKind

ALL = frozenset(JobKind)
LEASE = timedelta(seconds=30)
PAST = datetime(2020, 1, 1, tzinfo=UTC)
FAR = timedelta(days=1)


def a_job(
    key: str = "k",
    *,
    lane: str | None = None,
    kind: JobKind = JobKind.RENDER,
    due_at: datetime = PAST,
) -> NewJob:
    """Return a job that is due, in a lane of its own."""
    return NewJob(
        kind=kind,
        lane=lane or f"lane-{key}",
        key=key,
        due_at=due_at,
        payload={"of": key},
    )


async def add(store: SqlStore, *jobs: NewJob) -> None:
    """Promise jobs."""
    async with store.transaction() as uow:
        for job in jobs:
            await uow.jobs.add(job)
        await uow.commit()


async def claim(
    store: SqlStore,
    *,
    limit: int = 10,
    kinds: frozenset[JobKind] = ALL,
    lease: timedelta = LEASE,
) -> list[Job]:
    """Claim jobs and keep them."""
    async with store.transaction() as uow:
        jobs = await uow.jobs.claim(kinds, limit=limit, lease=lease)
        await uow.commit()
    return jobs


async def everything(store: SqlStore) -> list[Job]:
    """Return all jobs."""
    async with store.snapshot() as uow:
        return await uow.jobs.find(failing_only=False, limit=100)


async def test_claimed_job_is_whole_and_leased(store: SqlStore) -> None:
    """A worker gets what was promised, and when its lease ends."""
    await add(store, a_job("a", kind=JobKind.ISSUE))

    (job,) = await claim(store)

    assert (job.kind, job.lane, job.key) == (JobKind.ISSUE, "lane-a", "a")
    assert (job.due_at, dict(job.payload)) == (PAST, {"of": "a"})
    assert (job.attempts, job.last_error) == (1, "")
    assert job.lease
    assert job.leased_until is not None
    assert timedelta(0) < job.leased_until - job.created_at - LEASE < LEASE
    assert await everything(store) == [job]


async def test_due_jobs_are_claimed_oldest_first_up_to_the_limit(
    store: SqlStore,
) -> None:
    """What waits longest goes first; what is not due stays."""
    soon = datetime.now(UTC) + FAR
    await add(
        store,
        a_job("third", due_at=PAST + timedelta(hours=2)),
        a_job("first", due_at=PAST),
        a_job("later", due_at=soon),
        a_job("second", due_at=PAST + timedelta(hours=1)),
    )

    assert [job.key for job in await claim(store, limit=2)] == ["first", "second"]
    assert [job.key for job in await claim(store)] == ["third"]
    assert await claim(store) == []


async def test_only_the_kinds_asked_for_are_claimed(store: SqlStore) -> None:
    """A worker without Slack leaves the cards alone."""
    await add(store, a_job("r"), a_job("i", kind=JobKind.ISSUE))

    claimed = await claim(store, kinds=frozenset({JobKind.ISSUE, JobKind.LAPSE}))

    assert [job.key for job in claimed] == ["i"]


async def test_same_key_waits_once_with_the_earlier_due_time(store: SqlStore) -> None:
    """Five quick changes are one job."""
    early, late = PAST, PAST + timedelta(hours=1)
    for due_at in (late, early, late):
        await add(store, a_job("k", due_at=due_at))

    (job,) = await everything(store)

    assert job.due_at == early


async def test_key_promised_again_during_its_work_is_not_lost(store: SqlStore) -> None:
    """What changed after the worker looked is done by another job."""
    await add(store, a_job("k"))
    (running,) = await claim(store)
    await add(store, a_job("k"))

    assert await claim(store) == []
    async with store.transaction() as uow:
        assert await uow.jobs.finish(running)
        await uow.commit()

    (again,) = await claim(store)
    assert again.id != running.id or again.lease != running.lease
    assert again.key == "k"


async def test_retry_waits_keeps_the_reason_and_counts(store: SqlStore) -> None:
    """A job that fails stays visible and comes again later."""
    await add(store, a_job("k"))
    (job,) = await claim(store)

    async with store.transaction() as uow:
        assert await uow.jobs.retry(job, after=FAR, error="Slack is down")
        assert not await uow.jobs.retry(job, after=FAR, error="twice")
        await uow.commit()

    assert await claim(store) == []
    async with store.snapshot() as uow:
        (failing,) = await uow.jobs.find(failing_only=True, limit=10)
        left = await uow.jobs.next_due(ALL)
    assert (failing.last_error, failing.attempts) == ("Slack is down", 1)
    assert (failing.lease, failing.leased_until) == (None, None)
    assert left is not None
    assert FAR - timedelta(minutes=1) < left <= FAR


async def test_retry_gives_way_to_the_same_key_promised_meanwhile(
    store: SqlStore,
) -> None:
    """One job is left that knows of the failure and keeps to the pause."""
    await add(store, a_job("k"))
    (job,) = await claim(store)
    await add(store, a_job("k"))

    async with store.transaction() as uow:
        assert await uow.jobs.retry(job, after=FAR, error="down")
        await uow.commit()

    (left,) = await everything(store)
    assert left.due_at > PAST + FAR
    assert (left.attempts, left.last_error) == (1, "down")


async def test_released_job_is_as_if_never_tried(store: SqlStore) -> None:
    """A worker that stops gives back what it did not begin."""
    await add(store, a_job("k"))
    (job,) = await claim(store)
    async with store.transaction() as uow:
        assert await uow.jobs.release(job)
        assert not await uow.jobs.release(job)
        await uow.commit()

    (again,) = await claim(store)
    assert again.attempts == 1

    await add(store, a_job("k"))
    async with store.transaction() as uow:
        assert await uow.jobs.release(again)
        await uow.commit()
    assert len(await everything(store)) == 1


async def test_finished_job_is_gone_for_good(store: SqlStore) -> None:
    """Finishing twice is told apart from finishing once."""
    await add(store, a_job())
    (job,) = await claim(store)

    async with store.transaction() as uow:
        assert await uow.jobs.finish(job)
        assert not await uow.jobs.finish(job)
        await uow.commit()

    assert await everything(store) == []


async def test_next_due_tells_how_long_to_sleep(store: SqlStore) -> None:
    """None without a job, nothing left if overdue, else the time that is left."""

    async def next_due(kinds: frozenset[JobKind] = ALL) -> timedelta | None:
        async with store.snapshot() as uow:
            return await uow.jobs.next_due(kinds)

    assert await next_due() is None
    await add(store, a_job("far", due_at=datetime.now(UTC) + FAR))
    left = await next_due()
    assert left is not None
    assert FAR - timedelta(minutes=1) < left <= FAR
    await add(store, a_job("now", lane="x"))
    assert await next_due() == timedelta(0)
    assert await next_due(frozenset({JobKind.ISSUE})) is None
