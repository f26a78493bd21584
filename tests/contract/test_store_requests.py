"""Every database keeps requests whole, and lists what a person may see."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.principal import ADMINS_GROUP, AUDITORS_GROUP, Principal
from core.domain.request import Ask, ElevationRequest, Routing
from core.errors import Conflict
from core.ports import RequestFilter
from core.store.engine import SqlStore
from core.vocabulary import GrantStatus, RequestId, RequestState, Tier, Verdict
from tests.support.builders import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    NOON,
    a_decision,
    a_request,
    a_request_id,
)

ODD = "ünï ☃ \U0001f512 'quoted' \"twice\" \\ {braces} %s $1 :name\n\ttab"


def a_full_request() -> ElevationRequest:
    """Return a request with every field set to something of its own."""
    return ElevationRequest(
        id=a_request_id(),
        requester=ALICE,
        ask=Ask(
            provider="aws",
            role="prod-infra-admin",
            resource_scope="123456789012",
            duration=timedelta(days=30),
            reason=ODD,
            break_glass=True,
            metadata={"ticket": ODD, "": "empty"},
        ),
        routing=Routing(
            tier=Tier.AI_REVIEW,
            required_approvals=2,
            approver_groups=("security", "sre-lead"),
            notify_groups=("on-call",),
            channel="#access",
            require_comment=True,
            approval_note=ODD,
        ),
        state=RequestState.ACTIVE,
        grant_status=GrantStatus.REVOKE_FAILED,
        version=7,
        created_at=NOON,
        updated_at=NOON + timedelta(microseconds=1),
        lapses_at=NOON + timedelta(hours=24),
        required_approvals=3,
        counted_approvals=2,
        decided_by=BOB,
        decided_at=NOON + timedelta(microseconds=999_999),
        decision_text=ODD,
        ended_by=CAROL,
        ended_at=NOON + timedelta(minutes=2),
        end_reason=ODD,
        issued_at=NOON + timedelta(minutes=3),
        expires_at=NOON + timedelta(minutes=4),
        grant_error=ODD,
        next_try_at=NOON + timedelta(minutes=5),
    )


async def put(store: SqlStore, *requests: ElevationRequest) -> None:
    """Store requests."""
    async with store.transaction() as uow:
        for request in requests:
            await uow.requests.add(request)
        await uow.commit()


async def find(store: SqlStore, wanted: RequestFilter) -> list[RequestId]:
    """Return the ids that match, in the store's order."""
    async with store.snapshot() as uow:
        return [request.id for request in await uow.requests.find(wanted)]


@pytest.mark.parametrize("request_", [a_request(), a_full_request()])
async def test_request_comes_back_as_it_was_stored(
    store: SqlStore, request_: ElevationRequest
) -> None:
    """Every field survives, times to the microsecond and aware."""
    await put(store, request_)

    async with store.snapshot() as uow:
        found = await uow.requests.get(request_.id)

    assert found == request_
    assert found.created_at.utcoffset() == timedelta(0)


async def test_unknown_request_is_none(store: SqlStore) -> None:
    """Neither reading nor locking invents a request."""
    async with store.transaction() as uow:
        assert await uow.requests.get(a_request_id()) is None
        assert await uow.requests.lock(a_request_id()) is None


async def test_saving_writes_where_it_stands_and_never_what_was_asked(
    store: SqlStore,
) -> None:
    """A request's content stays as it was submitted, whatever a service passes."""
    request = a_request()
    await put(store, request)
    moved = replace(
        a_full_request(), id=request.id, version=request.version + 1, requester=BOB
    )

    async with store.transaction() as uow:
        await uow.requests.lock(request.id)
        await uow.requests.save(moved)
        await uow.commit()

    async with store.snapshot() as uow:
        assert await uow.requests.get(request.id) == replace(
            moved,
            requester=request.requester,
            ask=request.ask,
            routing=request.routing,
            created_at=request.created_at,
        )


@pytest.mark.parametrize("step", [0, 1])
async def test_saving_takes_the_same_version_or_the_next(
    store: SqlStore, step: int
) -> None:
    """A change that nobody sees keeps the version; one that shows adds one."""
    request = a_request(version=3)
    await put(store, request)

    async with store.transaction() as uow:
        await uow.requests.save(replace(request, version=3 + step))
        await uow.commit()

    async with store.snapshot() as uow:
        found = await uow.requests.get(request.id)
        assert found is not None
        assert found.version == 3 + step


@pytest.mark.parametrize("version", [1, 2, 5])
async def test_saving_over_another_version_is_a_conflict(
    store: SqlStore, version: int
) -> None:
    """What was read before somebody else's change cannot overwrite it."""
    request = a_request(version=3)
    await put(store, request)

    async with store.transaction() as uow:
        with pytest.raises(Conflict):
            await uow.requests.save(replace(request, version=version))


async def test_requests_are_listed_newest_first_and_in_pages(store: SqlStore) -> None:
    """A page ends where the next one begins."""
    requests = [a_request(request_id=RequestId(f"req_01{n:024}")) for n in range(7)]
    await put(store, *requests)
    newest_first = [request.id for request in reversed(requests)]

    first = await find(store, RequestFilter(limit=3))
    second = await find(store, RequestFilter(limit=3, before=first[-1]))
    third = await find(store, RequestFilter(limit=3, before=second[-1]))

    assert first + second + third == newest_first


@pytest.mark.parametrize("state", RequestState)
async def test_requests_are_found_by_state(
    store: SqlStore, state: RequestState
) -> None:
    """One state finds its requests, several find theirs together."""
    requests = {each: a_request(state=each) for each in RequestState}
    await put(store, *requests.values())

    alone = await find(store, RequestFilter(states=frozenset({state})))
    others = await find(
        store, RequestFilter(states=frozenset(set(RequestState) - {state}))
    )

    assert alone == [requests[state].id]
    assert set(others) == {r.id for each, r in requests.items() if each is not state}


async def test_requests_are_found_by_requester(store: SqlStore) -> None:
    """Only the requester's own, in any state."""
    hers, his = a_request(requester=ALICE), a_request(requester=BOB)
    await put(store, hers, his)

    assert await find(store, RequestFilter(requester=ALICE)) == [hers.id]
    assert (
        await find(
            store,
            RequestFilter(requester=BOB, states=frozenset({RequestState.ACTIVE})),
        )
        == []
    )


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (Principal(email=ALICE, groups=frozenset({"sre"})), True),
        (Principal(email=BOB, groups=frozenset()), True),
        (Principal(email=CAROL, groups=frozenset({"other", "security"})), True),
        (Principal(email=DAVE, groups=frozenset({AUDITORS_GROUP})), True),
        (Principal(email=DAVE, groups=frozenset({ADMINS_GROUP})), True),
        (Principal(email=DAVE, groups=frozenset({"developer", "sec"})), False),
        (Principal(email=DAVE, groups=frozenset()), False),
    ],
)
async def test_only_those_concerned_see_a_request(
    store: SqlStore, who: Principal, *, sees: bool
) -> None:
    """The requester, who decided, the approver groups, auditors and admins."""
    request = a_request(routing=Routing(approver_groups=("security", "sre-lead")))
    await put(store, request)
    async with store.transaction() as uow:
        await uow.decisions.add(a_decision(request, approver=BOB, verdict=Verdict.DENY))
        await uow.commit()

    found = await find(store, RequestFilter(visible_to=who))

    assert found == ([request.id] if sees else [])


async def test_requests_are_counted_from_one_time_to_another(
    store: SqlStore,
) -> None:
    """Both bounds belong to what is counted; others' requests do not."""
    until = NOON + timedelta(hours=1)
    await put(
        store,
        a_request(created_at=NOON - timedelta(microseconds=1)),
        a_request(created_at=NOON),
        a_request(created_at=until),
        a_request(created_at=until + timedelta(microseconds=1)),
        a_request(requester=BOB),
    )

    async with store.snapshot() as uow:
        assert await uow.requests.count_by(ALICE, since=NOON, until=until) == 2
        assert await uow.requests.count_by(ALICE, since=NOON, until=NOON) == 1


async def test_groups_named_twice_are_stored_once(store: SqlStore) -> None:
    """A policy that repeats a group does not break submission."""
    request = a_request(routing=Routing(approver_groups=("a", "a", "b")))
    await put(store, request)

    async with store.snapshot() as uow:
        assert await uow.requests.get(request.id) == request
