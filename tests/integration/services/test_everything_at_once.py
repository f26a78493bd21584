"""Every act on the same requests at once, on two replicas: one outcome each."""

import asyncio
from collections import Counter
from datetime import timedelta

from core.domain.decision import RequestRecord
from core.errors import DependencyError, RefusedError
from core.vocabulary import GrantStatus, JobKind, RequestId, RequestState
from tests.support.builders import ALICE, BEN, BOB, ERIN
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product, a_product
from tests.support.races import outcomes
from tests.support.rosters import Groups

HOUR = timedelta(hours=1)

DECIDED = {"request.approved", "request.denied", "request.withdrawn", "request.lapsed"}
ENDED = {"grant.revoked", "grant.expired", "request.abandoned"}


async def keep_working(product: Product, is_over: asyncio.Event) -> None:
    """Run every job as soon as it waits, due or not, as time flies."""
    while not is_over.is_set():
        await product.hurry(JobKind.ISSUE, JobKind.REVOKE, JobKind.EXPIRE)
        await product.work()


async def check(product: Product, request_id: RequestId) -> RequestState:
    """Fail unless a request has had one decision, and one end at most."""
    request = (await product.record(request_id)).request
    told = Counter(
        event.fact.action.value
        for event in await product.events()
        if event.fact.request_id == request_id
    )
    assert sum(told[action] for action in DECIDED) == 1, told
    assert sum(told[action] for action in ENDED) <= 1, told
    assert told["grant.issued"] <= 1
    assert told["grant.revoke_requested"] <= 1
    is_active = request.state is RequestState.ACTIVE
    assert (request_id in product.provider.in_force) is is_active
    if not is_active:
        assert request.grant_status in {GrantStatus.NONE, GrantStatus.ENDED}
    return request.state


async def test_decisions_ends_extensions_and_an_offboarding(
    database_url: str, groups: Groups
) -> None:
    """No deadlock; whatever came first, nothing is in force that is not ACTIVE."""
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy) as one,
        a_product(
            database_url, groups, policy=policy, clock=one.clock, provider=one.provider
        ) as other,
    ):
        pending = [(await one.submit()).request.id for _ in range(6)]
        active = [(await one.active()).request.id for _ in range(6)]
        one.clock.move(HOUR)  # what is active is at its end from now on
        later = [(await one.active()).request.id for _ in range(6)]
        acts = [
            act
            for here, there, first, second, third in zip(
                [one, other] * 3, [other, one] * 3, pending, active, later, strict=True
            )
            for act in (
                here.acting(BOB).approve(first, comment=""),
                there.acting(BEN).deny(first, reason="no"),
                there.acting(ALICE).withdraw(first),
                here.acting(ALICE).revoke(first, reason="early"),
                here.acting(ALICE).revoke(second, reason="done"),
                there.acting(BOB).revoke(second, reason="enough"),
                here.acting(ALICE).extend(third, duration=HOUR),
                there.acting(ALICE).extend(third, duration=HOUR),
                here.acting(BEN).revoke(third, reason="no more"),
                there.acting(ALICE).retry(third),
            )
        ]
        is_over = asyncio.Event()

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for replica in (one, other):
                tasks.create_task(keep_working(replica, is_over))
            answers = await outcomes(acts)
            disabling = other.acting(ERIN).disable_principal(ALICE, reason="gone")
            await disabling
            is_over.set()
        await one.hurry_and_work(rounds=4)

        assert len(answers) == len(acts)
        assert not any(isinstance(answer, DependencyError) for answer in answers)
        assert all(isinstance(a, RequestRecord | RefusedError) for a in answers)
        for request_id in (*pending, *active, *later):
            assert await check(one, request_id) is not RequestState.ACTIVE
        assert one.provider.in_force == {}
        assert await one.jobs(JobKind.ISSUE, JobKind.REVOKE, JobKind.EXPIRE) == []
