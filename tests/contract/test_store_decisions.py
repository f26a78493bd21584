"""Every database refuses a second verdict and a self-approval."""

import pytest

from core.errors import Conflict, SelfApproval, StoreUnavailable
from core.store.engine import SqlStore
from core.vocabulary import Verdict
from tests.contract.test_store_requests import put
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    a_decision,
    a_request,
    a_request_id,
)


async def test_decisions_come_back_oldest_first(store: SqlStore) -> None:
    """Every id asked for is a key, also one without decisions."""
    first, second = a_request(), a_request()
    await put(store, first, second)
    made = (
        a_decision(first, approver=BOB, text="fine"),
        a_decision(first, approver=BEN),
        a_decision(first, approver=BOB, verdict=Verdict.DENY, text="no"),
    )

    async with store.transaction() as uow:
        for decision in made:
            await uow.decisions.add(decision)
        await uow.commit()

    async with store.snapshot() as uow:
        assert await uow.decisions.of([first.id, second.id]) == {
            first.id: made,
            second.id: (),
        }
        assert await uow.decisions.of([]) == {}


@pytest.mark.parametrize("verdict", Verdict)
async def test_same_verdict_twice_is_a_conflict(
    store: SqlStore, verdict: Verdict
) -> None:
    """One person counts once, in one transaction or in two."""
    request = a_request()
    await put(store, request)
    decision = a_decision(request, verdict=verdict)
    async with store.transaction() as uow:
        await uow.decisions.add(decision)
        await uow.commit()

    async with store.transaction() as uow:
        with pytest.raises(Conflict):
            await uow.decisions.add(decision)


async def test_own_request_cannot_be_approved(store: SqlStore) -> None:
    """The database says so when a service forgets."""
    request = a_request()
    await put(store, request)

    async with store.transaction() as uow:
        with pytest.raises(SelfApproval):
            await uow.decisions.add(a_decision(request, approver=ALICE))


async def test_own_request_can_be_approved_where_policy_says_so(
    store: SqlStore,
) -> None:
    """Only with `self_allowed`, which the service takes from policy."""
    request = a_request()
    await put(store, request)
    decision = a_decision(request, approver=ALICE, self_allowed=True)

    async with store.transaction() as uow:
        await uow.decisions.add(decision)
        await uow.commit()

    async with store.snapshot() as uow:
        assert await uow.decisions.of([request.id]) == {request.id: (decision,)}


async def test_decision_on_no_request_is_refused(store: SqlStore) -> None:
    """A decision belongs to a request and repeats its true requester."""
    request = a_request()
    await put(store, request)

    for stranger in (
        a_request(request_id=a_request_id()),
        a_request(request_id=request.id, requester=BEN),
    ):
        async with store.transaction() as uow:
            with pytest.raises(StoreUnavailable, match="rule"):
                await uow.decisions.add(a_decision(stranger))
