"""Two processes on one database, at once."""

import asyncio
from collections import Counter
from datetime import timedelta

from core.domain.decision import RequestRecord
from core.errors import WrongState
from core.vocabulary import JobKind, RequestState
from tests.support.builders import ALICE, BEN, BOB, CAROL
from tests.support.policies import ScriptedPolicy
from tests.support.products import a_product
from tests.support.races import outcomes
from tests.support.rosters import Groups


async def test_two_replicas_on_one_database(database_url: str, groups: Groups) -> None:
    """They share nothing but the database: one decision, one transition, one grant."""
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy) as one,
        a_product(
            database_url,
            groups,
            policy=policy,
            clock=one.clock,
            provider=one.provider,
        ) as other,
    ):
        ids = [(await one.submit()).request.id for _ in range(5)]

        answers = await outcomes(
            [
                replica.acting(person).approve(request_id, comment="")
                for request_id in ids
                for person in (BOB, BEN, CAROL)
                for replica in (one, other)
            ]
        )

        assert len(answers) == 30
        assert all(isinstance(a, RequestRecord | WrongState) for a in answers)
        for request_id in ids:
            stored = await one.record(request_id)
            assert stored == await other.record(request_id)
            assert len(stored.decisions) == 1
            assert stored.request.version == 2
        async with asyncio.TaskGroup() as tasks:
            for replica in (one, other):
                tasks.create_task(replica.work())
        assert Counter(one.provider.grants) == Counter(ids)
        counted = Counter(await one.actions())
        assert counted == {
            "request.created": 5,
            "request.approved": 5,
            "grant.issued": 5,
        }


async def test_lapses_approvals_denials_and_withdrawals_at_once(
    database_url: str, groups: Groups
) -> None:
    """No deadlock, and one end each.

    The people's replica has a clock that is a little behind the workers', so that
    both the lapse and the verdicts are legal.
    """
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy) as people,
        a_product(
            database_url, groups, policy=policy, abandon_after=timedelta(days=3)
        ) as time,
    ):
        ids = [(await people.submit()).request.id for _ in range(12)]
        time.clock.move(people.settings.request_ttl)
        await time.hurry(JobKind.LAPSE)
        attempts = [
            attempt
            for request_id in ids
            for attempt in (
                people.acting(BOB).approve(request_id, comment=""),
                people.acting(BEN).deny(request_id, reason="no"),
                people.acting(ALICE).withdraw(request_id),
            )
        ]

        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            lapsing = [tasks.create_task(time.work()) for _ in range(3)]
            deciding = tasks.create_task(outcomes(attempts))

        assert sum(task.result() for task in lapsing) >= len(ids)
        assert all(
            isinstance(answer, RequestRecord | WrongState)
            for answer in deciding.result()
        )
        stored = [(await people.record(each)).request for each in ids]
        assert RequestState.PENDING not in {request.state for request in stored}
        await people.work()
        for request in stored:
            told = [e for e in await people.events() if e.fact.request_id == request.id]
            ended = {"request.approved", "request.denied", "request.withdrawn"}
            ended |= {"request.lapsed"}
            assert len([e for e in told if e.fact.action.value in ended]) == 1
        approved = [r.id for r in stored if r.decided_by == BOB]
        assert sorted(people.provider.grants + time.provider.grants) == approved
