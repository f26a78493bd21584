"""What is written or read for several at once is the same as one by one."""

from datetime import timedelta

from core.domain.job import NewJob
from core.ports import PrincipalRow, Store
from core.vocabulary import JobKind, SurfacePurpose
from tests.support.builders import ALICE, BOB, NOON, a_request


def a_job(key: str, *, minutes: int = 0) -> NewJob:
    """Return a lapse due at noon, or some minutes later."""
    return NewJob(
        kind=JobKind.LAPSE,
        lane=f"lane of {key}",
        key=key,
        due_at=NOON + timedelta(minutes=minutes),
        payload={"request_id": key},
    )


async def test_jobs_added_together_wait_like_single_ones(store: Store) -> None:
    """A key that waits already keeps the earlier of both times."""
    async with store.transaction() as uow:
        await uow.jobs.add(a_job("b", minutes=5))
        await uow.jobs.add_all([a_job("c"), a_job("a"), a_job("b")])
        await uow.jobs.add_all([])
        await uow.commit()

    async with store.snapshot() as uow:
        found = await uow.jobs.find(failing_only=False, limit=10)
    assert {(job.key, job.lane, job.due_at) for job in found} == {
        (key, f"lane of {key}", NOON) for key in "abc"
    }
    assert {job.payload["request_id"] for job in found} == {"a", "b", "c"}


async def test_surfaces_wanted_together_only_grow(store: Store) -> None:
    """What is there keeps its row, and never goes back to an older version."""
    request = a_request()
    async with store.transaction() as uow:
        await uow.requests.add(request)
        first = await uow.surfaces.want(
            request.id, SurfacePurpose.CARD, "default", version=7
        )
        wanted = [(SurfacePurpose.DM, ALICE), (SurfacePurpose.CARD, "default")]
        found = await uow.surfaces.want_all(request.id, wanted, version=3)
        none = await uow.surfaces.want_all(request.id, [], version=3)
        await uow.commit()

    by_purpose = {surface.purpose: surface for surface in found}
    assert by_purpose[SurfacePurpose.CARD] == first
    assert by_purpose[SurfacePurpose.DM].destination == ALICE
    assert by_purpose[SurfacePurpose.DM].desired_version == 3
    assert none == []


async def test_people_read_together_include_strangers(store: Store) -> None:
    """Every e-mail is a key; who is not known has the defaults."""
    known = PrincipalRow(email=BOB, trust_tier=3, is_disabled=True)
    async with store.transaction() as uow:
        await uow.principals.put(known)
        found = await uow.principals.of([BOB, ALICE])
        nobody = await uow.principals.of([])
        await uow.commit()

    assert found == {ALICE: PrincipalRow(email=ALICE), BOB: known}
    assert nobody == {}


async def test_a_job_without_a_time_is_due_by_the_database_s_clock(
    store: Store,
) -> None:
    """A process whose clock runs ahead does not delay its own jobs."""
    job = NewJob(kind=JobKind.LAPSE, lane="lane", key="key")
    async with store.transaction() as uow:
        await uow.jobs.add(job)
        claimed = await uow.jobs.claim(
            frozenset({JobKind.LAPSE}), limit=1, lease=timedelta(seconds=30)
        )
        await uow.commit()

    assert [found.key for found in claimed] == ["key"]


async def test_a_pause_holds_for_the_job_that_takes_the_place(store: Store) -> None:
    """Promised again while in flight, and told to wait: the new one waits too."""
    lapses = frozenset({JobKind.LAPSE})
    job = NewJob(kind=JobKind.LAPSE, lane="lane", key="key")
    async with store.transaction() as uow:
        await uow.jobs.add(job)
        (claimed,) = await uow.jobs.claim(lapses, limit=1, lease=timedelta(seconds=30))
        await uow.jobs.add(job)
        await uow.jobs.retry(claimed, after=timedelta(minutes=1), error="told to wait")
        again = await uow.jobs.claim(lapses, limit=1, lease=timedelta(seconds=30))
        due_in = await uow.jobs.next_due(lapses)
        await uow.commit()

    assert again == []
    assert due_in is not None
    assert timedelta(seconds=50) < due_in <= timedelta(minutes=1)
