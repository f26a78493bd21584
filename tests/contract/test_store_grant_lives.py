"""Every database answers what a grant's whole life asks: lanes, extensions, holds."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.grant import Grant
from core.errors import StoreBusy
from core.ports import PrincipalRow, RequestFilter
from core.store.engine import SqlStore
from core.vocabulary import GrantStatus, RequestId, RequestState
from tests.contract.test_store_requests import find, put
from tests.support.builders import (
    ALICE,
    BOB,
    DAVE,
    NOON,
    a_request,
    a_request_id,
    an_ask,
)
from tests.support.databases import opened


async def test_a_submission_is_found_by_its_key(store: SqlStore) -> None:
    """By all of it, and without one by none."""
    request = replace(a_request(), submission_key=f"{ALICE}:api:k1")
    await put(store, request, a_request())

    async with store.snapshot() as uow:
        assert await uow.requests.by_submission(f"{ALICE}:api:k1") == request
        for other in (f"{ALICE}:api:K1", f"{ALICE}:api:k", f"{BOB}:api:k1", ""):
            assert await uow.requests.by_submission(other) is None


async def test_a_key_is_stored_once_and_the_loser_tries_again(store: SqlStore) -> None:
    """Two at once: one row; none, and any number without a key, are no rivals."""
    await put(store, replace(a_request(), submission_key="k"), a_request(), a_request())

    with pytest.raises(StoreBusy):
        await put(store, replace(a_request(), submission_key="k"))

    async with store.snapshot() as uow:
        assert len(await uow.requests.find(RequestFilter())) == 3


@pytest.mark.parametrize("status", list(GrantStatus))
@pytest.mark.parametrize("state", list(RequestState))
async def test_a_lane_is_shared_with_what_is_in_force_in_it(
    store: SqlStore, state: RequestState, status: GrantStatus
) -> None:
    """With ACTIVE and `active`, and with nothing else."""
    ours = replace(a_request(), lane="aws:x")
    other = a_request(state=state, grant_status=status)
    await put(store, ours, replace(other, lane="aws:x"))

    async with store.snapshot() as uow:
        is_shared = await uow.requests.shares_lane(ours)

    is_in_force = (state, status) == (RequestState.ACTIVE, GrantStatus.ACTIVE)
    assert is_shared is is_in_force


async def test_a_lane_is_not_shared_with_oneself_or_other_lanes(
    store: SqlStore,
) -> None:
    """Nor where there is none, however many have none."""
    active = a_request(state=RequestState.ACTIVE, grant_status=GrantStatus.ACTIVE)
    mine = replace(active, lane="aws:x")
    others = [
        replace(active, id=a_request_id(), lane=lane)
        for lane in ("aws:X", "aws:x2", "gcp:x", None, None)
    ]
    await put(store, mine, *others)

    async with store.snapshot() as uow:
        for request in (mine, *others):
            assert not await uow.requests.shares_lane(request)


@pytest.mark.parametrize("state", list(RequestState))
async def test_an_open_extension_is_one_that_may_still_be_granted(
    store: SqlStore, state: RequestState
) -> None:
    """PENDING or APPROVED, of this request and no other."""
    old, unrelated = a_request_id(), a_request_id()
    newer = replace(a_request(state=state), extends=old)
    await put(store, newer, a_request())

    async with store.snapshot() as uow:
        found = await uow.requests.open_extension_of(old)
        assert await uow.requests.open_extension_of(unrelated) is None

    is_open = state in {RequestState.PENDING, RequestState.APPROVED}
    assert found == (newer if is_open else None)


async def test_open_reviews_are_those_of_broken_glass_that_nobody_closed(
    store: SqlStore,
) -> None:
    """Newest first, in pages, with the other filters beside it."""
    glass = an_ask(break_glass=True)
    times = [NOON + timedelta(minutes=n) for n in range(4)]
    ids = [RequestId(f"req_01J8KZ4F2EMNQZ3V7XKQYBD4W{n}") for n in range(4)]
    broken = [
        a_request(request_id=each, ask=glass, created_at=at)
        for each, at in zip(ids, times, strict=True)
    ]
    await put(store, *broken, a_request())
    async with store.transaction() as uow:
        seen = replace(
            broken[2], version=2, reviewed_by=BOB, reviewed_at=NOON, review_note="fine"
        )
        await uow.requests.save(seen)
        await uow.commit()

    assert await find(store, RequestFilter(needs_review=True)) == [
        ids[3], ids[1], ids[0],
    ]  # fmt: skip
    paged = RequestFilter(needs_review=True, before=ids[3], limit=1)
    assert await find(store, paged) == [ids[1]]
    daves = RequestFilter(needs_review=True, requester=DAVE)
    assert await find(store, daves) == []
    none = RequestFilter(needs_review=True, states=frozenset({RequestState.ACTIVE}))
    assert await find(store, none) == []


async def test_holding_a_stranger_notes_them_with_nothing_said_of_them(
    store: SqlStore,
) -> None:
    """So that there is a row to hold; an undone transaction leaves none."""
    async with store.transaction() as uow:
        assert await uow.principals.hold(ALICE) == PrincipalRow(email=ALICE)
    async with store.transaction() as uow:
        await uow.principals.put(PrincipalRow(email=BOB, trust_tier=3))
        await uow.commit()
    async with store.transaction() as uow:
        held = [await uow.principals.hold(email) for email in (ALICE, BOB)]
        await uow.commit()

    assert held == [PrincipalRow(email=ALICE), PrincipalRow(email=BOB, trust_tier=3)]


@pytest.mark.parametrize("is_alone", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_second_holder_waits_and_reads_what_the_first_wrote(
    store: SqlStore, database_url: str, *, is_known: bool, is_alone: bool
) -> None:
    """On two replicas; also where the first one has just noted them."""
    if is_known:
        async with store.transaction() as uow:
            await uow.principals.put(PrincipalRow(email=ALICE))
            await uow.commit()
    is_held, told = asyncio.Event(), []

    async def first() -> None:
        async with store.transaction() as uow:
            row = await uow.principals.hold(ALICE)
            is_held.set()
            await uow.principals.put(replace(row, is_disabled=True))
            await asyncio.sleep(0.2)  # while the second one asks; it may not pass
            told.append("first commits")
            await uow.commit()

    async def second(replica: SqlStore) -> None:
        await is_held.wait()
        async with replica.transaction() as uow:
            row = await uow.principals.hold(ALICE, is_alone=is_alone)
            told.append(f"second reads {row.is_disabled}")

    async with opened(database_url) as replica, asyncio.TaskGroup() as tasks:
        tasks.create_task(first())
        tasks.create_task(second(replica))

    assert told == ["first commits", "second reads True"]


async def test_two_who_do_not_hold_alone_hold_at_once(
    store: SqlStore, database_url: str
) -> None:
    """One person's decisions do not queue; SQLite has one writer anyway."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite lets one transaction write at a time")
    async with store.transaction() as uow:
        await uow.principals.put(PrincipalRow(email=ALICE))
        await uow.commit()
    async with (
        opened(database_url) as replica,
        store.transaction() as one,
        replica.transaction() as two,
    ):
        async with asyncio.timeout(5):
            held = [
                await each.principals.hold(ALICE, is_alone=False) for each in (one, two)
            ]

    assert held == [PrincipalRow(email=ALICE)] * 2


async def test_sealed_credentials_are_paged_in_order_of_their_ids(
    store: SqlStore,
) -> None:
    """Without what was erased or ended; a page that is full is not the last."""
    ids = sorted(a_request_id() for _ in range(7))
    await put(store, *(a_request(request_id=each) for each in ids))
    async with store.transaction() as uow:
        for each in reversed(ids):
            await uow.grants.put(a_grant(each))
        await uow.grants.erase_credentials(ids[1])
        await uow.grants.end(ids[4], at=NOON)
        await uow.commit()

    pages, after = [], None
    async with store.snapshot() as uow:
        while page := await uow.grants.sealed(after=after, limit=2):
            pages.append(page)
            after = page[-1]

    assert pages == [[ids[0], ids[2]], [ids[3], ids[5]], [ids[6]]]


def a_grant(request_id: RequestId) -> Grant:
    """Return a grant with credentials."""
    return Grant(
        request_id=request_id,
        provider="local",
        handle="",
        issued_at=NOON,
        expires_at=NOON + timedelta(hours=1),
        sealed_credentials=b"sealed",
    )
