"""Workers: wake, poll, take over, keep what fails, stop."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from core.domain.job import Job, NewJob
from core.errors import ProviderFailed
from core.services.telling import lane_of
from core.services.work import POLL_SECONDS, Workers, WorkLimits
from core.vocabulary import JobKind, RequestState
from tests.support.builders import BOB
from tests.support.products import Product
from tests.support.providers import Mood


def a_job(name: str, *, lane: str = "") -> NewJob:
    """Return a job that is due."""
    return NewJob(
        kind=JobKind.RENDER,
        lane=lane or name,
        key=name,
        due_at=datetime(2020, 1, 1, tzinfo=UTC),
        payload={"name": name},
    )


async def promise(product: Product, *jobs: NewJob) -> None:
    """Store jobs, as a transaction that makes promises does."""
    async with product.store.transaction() as uow:
        for job in jobs:
            await uow.jobs.add(job)
        await uow.commit()


class Doing:
    """A handler that keeps what it did, and finishes its jobs."""

    def __init__(self, product: Product) -> None:
        """Do nothing yet."""
        self._product = product
        self.done: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.has_begun = asyncio.Event()

    async def __call__(self, job: Job) -> None:
        """Do a job when the gate is open."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.has_begun.set()
        await self.gate.wait()
        self.at_once -= 1
        self.done.append(job.payload["name"])
        async with self._product.store.transaction() as uow:
            await uow.jobs.finish(job)
            await uow.commit()

    def workers(self, **limits: object) -> Workers:
        """Return a pool that does this."""
        return Workers(
            store=self._product.store,
            handlers={JobKind.RENDER: self},
            signal=self._product.jitsudo.signal,
            limits=WorkLimits(**limits),  # type: ignore[arg-type]  # any limit
        )


async def test_a_running_pool_issues_as_soon_as_somebody_approves(
    scripted: Product,
) -> None:
    """Woken by the commit; stopped, it finishes what is in flight and returns."""
    workers = scripted.workers()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(workers.run())
        request_id = (await scripted.submit()).request.id
        await scripted.acting(BOB).approve(request_id, comment="")
        record = await scripted.acting(BOB).get(
            request_id, wait=timedelta(seconds=10), since_version=2
        )
        workers.stop()

    assert record.request.state is RequestState.ACTIVE


async def test_stopping_waits_for_what_is_in_flight(scripted: Product) -> None:
    """And claims nothing more."""
    doing = Doing(scripted)
    doing.gate.clear()
    workers = doing.workers(at_once=1)
    await promise(scripted, a_job("first"), a_job("second"))

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(workers.run())
        await doing.has_begun.wait()
        workers.stop()
        assert not running.done()
        doing.gate.set()

    assert doing.done == ["first"]
    assert [job.payload["name"] for job in await scripted.jobs(JobKind.RENDER)] == [
        "second"
    ]


async def test_stopping_cuts_off_what_does_not_end(scripted: Product) -> None:
    """It returns and says what it cut; the lease keeps others away for a while."""
    doing = Doing(scripted)
    doing.gate.clear()
    workers = doing.workers(drain=timedelta(milliseconds=50))
    await promise(scripted, a_job("endless"))

    with capture_logs() as logs:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(workers.run())
            await doing.has_begun.wait()
            workers.stop()

    (job,) = await scripted.jobs(JobKind.RENDER)
    assert logs == [
        {"event": "job_cut", "log_level": "warning", "job": "render", "id": job.id}
    ]
    assert job.leased_until is not None
    assert doing.done == []


async def test_lanes_run_at_once_and_one_lane_in_order(scripted: Product) -> None:
    """Never two of one lane in flight, however many workers there are."""
    doing = Doing(scripted)
    pools = [doing.workers(at_once=4) for _ in range(3)]
    names = [f"{lane}{n}" for n in range(4) for lane in "abc"]
    await promise(scripted, *(a_job(name, lane=name[0]) for name in names))

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for pool in pools:
            tasks.create_task(pool.run_due())

    assert sorted(doing.done) == sorted(names)
    for lane in "abc":
        order = [name for name in doing.done if name[0] == lane]
        assert order == [f"{lane}{n}" for n in range(4)]
    assert doing.most_at_once <= 3


async def test_a_dead_workers_job_is_taken_over(scripted: Product) -> None:
    """After its lease, with another attempt counted; the dead one finishes nothing."""
    doing = Doing(scripted)
    await promise(scripted, a_job("x"))
    dead = await scripted.claim(JobKind.RENDER)
    await asyncio.sleep(0.01)  # the lease runs out by the database's clock

    assert await doing.workers().run_due() == 1

    assert doing.done == ["x"]
    async with scripted.store.transaction() as uow:
        assert not await uow.jobs.finish(dead)


async def test_a_failing_job_is_kept_and_says_why(scripted: Product) -> None:
    """Given back with a pause, listed among the failing ones, never dropped."""

    async def fail(_: Job) -> None:
        raise ProviderFailed(provider="x", why="down")

    async def crash(_: Job) -> None:
        message = "secret text"
        raise ValueError(message)

    await promise(scripted, a_job("x"))
    for attempt, (handler, why) in enumerate(
        ((fail, "provider x failed: down"), (crash, "unexpected ValueError")), start=1
    ):
        workers = Workers(
            store=scripted.store,
            handlers={JobKind.RENDER: handler},
            signal=scripted.jitsudo.signal,
            limits=WorkLimits(),
        )
        with capture_logs() as logs:
            assert await workers.run_due() == 1
        operator = scripted.jitsudo.operator("operator:a@b", {})
        failing = await operator.jobs(failing_only=True)
        assert [(j.last_error, j.attempts, j.lease) for j in failing] == [
            (why, attempt, None)
        ]
        assert len(logs) == 1
        await scripted.hurry(JobKind.RENDER)


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.CRASH])
async def test_one_failing_job_does_not_stop_the_others(
    scripted: Product, mood: Mood
) -> None:
    """The pool lives on, and the failing one is tried again."""
    one = (await scripted.approved()).request
    scripted.provider.mood = mood
    with capture_logs():
        await scripted.work()
    scripted.provider.mood = Mood.WORK
    two = (await scripted.approved()).request

    await scripted.work()

    assert (await scripted.record(two.id)).request.state is RequestState.ACTIVE
    assert (await scripted.record(one.id)).request.state is RequestState.APPROVED


async def test_a_lane_can_be_run_alone(scripted: Product) -> None:
    """As direct mode does for the request at hand; the others wait."""
    mine = (await scripted.approved()).request
    other = (await scripted.approved()).request

    ran = await scripted.workers().run_lane(lane_of(mine))

    assert ran == 1
    assert (await scripted.record(mine.id)).request.state is RequestState.ACTIVE
    assert (await scripted.record(other.id)).request == other


async def test_what_is_promised_behind_a_job_in_flight_follows_at_once(
    scripted: Product,
) -> None:
    """A card that changes while it is drawn is drawn again without a poll's pause."""
    doing = Doing(scripted)
    doing.gate.clear()
    workers = doing.workers()
    await promise(scripted, a_job("first", lane="card"))

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(workers.run())
        await doing.has_begun.wait()
        doing.has_begun.clear()
        await promise(scripted, a_job("second", lane="card"))
        scripted.jitsudo.signal.ring()
        await asyncio.sleep(0.1)  # the pool has looked and found the lane in flight
        doing.gate.set()
        async with asyncio.timeout(POLL_SECONDS / 2):
            await doing.has_begun.wait()
        workers.stop()

    assert doing.done == ["first", "second"]
