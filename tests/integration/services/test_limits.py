"""How often one principal, or one address, may do one thing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.decision import RequestRecord
from core.errors import (
    JitsudoError,
    NotAllowed,
    NotEligible,
    StoreUnavailable,
    TooMany,
    WrongState,
)
from core.vocabulary import AuditAction, Origin, PolicyAction, RequestState
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    DAVE,
    an_ask,
)
from tests.support.databases import run_sql
from tests.support.policies import YES, ScriptedPolicy, always, refusing
from tests.support.products import Product, a_product
from tests.support.races import outcomes
from tests.support.rosters import Groups

MINUTE = timedelta(minutes=1)
EMERGENCY = an_ask(break_glass=True)
EMERGENCIES_TOO = replace(YES, allow_break_glass=True)


async def test_pending_requests_of_one_person_are_limited_also_at_once(
    database_url: str, groups: Groups
) -> None:
    """Ten at once on two replicas: as many wait as may, and each refusal says so."""
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy, pending_per_requester=3) as one,
        a_product(
            database_url,
            groups,
            policy=policy,
            clock=one.clock,
            provider=one.provider,
            pending_per_requester=3,
        ) as other,
    ):
        answers = await outcomes([p.submit() for p in (one, other) for _ in range(5)])

        stored = [a for a in answers if isinstance(a, RequestRecord)]
        refused = [a for a in answers if isinstance(a, TooMany)]
        assert (len(stored), len(refused)) == (3, 7)
        assert {r.retry_after_seconds for r in refused} == {60}
        assert "at most 3" in str(refused[0])
        await one.acting(ALICE).withdraw(stored[0].request.id)
        assert (await one.submit()).request.state is RequestState.PENDING
        assert (await one.submit(by=BEN)).request.state is RequestState.PENDING


async def test_what_lapsed_or_broke_the_glass_does_not_wait(
    database_url: str, groups: Groups
) -> None:
    """A full queue of asks bars no emergency, and lapses by itself."""
    policy = ScriptedPolicy(
        always(EMERGENCIES_TOO),
    )
    async with a_product(
        database_url, groups, policy=policy, pending_per_requester=1
    ) as product:
        await product.submit()
        with pytest.raises(TooMany):
            await product.submit()

        broken = await product.submit(EMERGENCY)
        product.clock.move(timedelta(hours=24))
        later = await product.submit()

        assert broken.request.state is RequestState.APPROVED
        assert later.request.state is RequestState.PENDING


async def test_submissions_are_counted_refused_ones_too(
    database_url: str, groups: Groups
) -> None:
    """The third within a minute is one too many, whatever became of the first two."""
    policy = ScriptedPolicy(refusing(PolicyAction.SUBMIT))
    async with a_product(
        database_url, groups, policy=policy, submissions_per_minute=2
    ) as product:
        with pytest.raises(NotEligible):
            await product.submit()
        policy.rule = always(YES)
        await product.submit()

        with pytest.raises(TooMany) as refused:
            await product.submit()

        assert refused.value.retry_after_seconds == 60
        policy.asked.clear()
        with pytest.raises(TooMany):
            await product.submit()
        assert policy.asked == []  # a flood reaches neither policy nor the database
        product.clock.move(MINUTE)
        await product.submit()
        told = [
            event.fact.details["code"]
            for event in await product.events(AuditAction.REQUEST_ELIGIBILITY_REFUSED)
        ]
        assert told == ["not_eligible", "too_many"]


async def test_an_emergency_has_a_budget_of_its_own(
    database_url: str, groups: Groups
) -> None:
    """Whoever used up the ordinary one still breaks the glass, but not for ever."""
    policy = ScriptedPolicy(always(EMERGENCIES_TOO))
    async with a_product(
        database_url,
        groups,
        policy=policy,
        submissions_per_minute=1,
        break_glass_per_minute=2,
    ) as product:
        await product.submit()
        with pytest.raises(TooMany):
            await product.submit()

        for _ in range(2):
            record = await product.submit(EMERGENCY)
            assert record.request.state is RequestState.APPROVED
        with pytest.raises(TooMany, match="break-glass"):
            await product.submit(EMERGENCY)


async def test_decisions_are_counted_over_every_front_end_and_replica(
    database_url: str, groups: Groups
) -> None:
    """Clicks, calls and refusals on two replicas share one count; others do not."""
    policy = ScriptedPolicy()
    async with (
        a_product(database_url, groups, policy=policy, decisions_per_minute=3) as one,
        a_product(
            database_url,
            groups,
            policy=policy,
            clock=one.clock,
            provider=one.provider,
            decisions_per_minute=3,
        ) as other,
    ):
        ids = [(await one.submit()).request.id for _ in range(4)]
        await one.acting(BOB, origin=Origin.SLACK).approve(ids[0], comment="")
        await other.acting(BOB).deny(ids[1], reason="no")
        with pytest.raises(WrongState):
            await one.acting(BOB).approve(ids[1], comment="")

        for replica in (one, other):
            with pytest.raises(TooMany) as refused:
                await replica.acting(BOB).approve(ids[2], comment="")
            assert "at most 3" in str(refused.value)

        assert (await one.record(ids[2])).request.version == 1
        # What stands is told again: nothing is decided by it.
        again = await one.acting(BOB).approve(ids[0], comment="")
        assert again.request.state is RequestState.APPROVED
        await one.acting(BEN).approve(ids[2], comment="")
        one.clock.move(MINUTE)
        await other.acting(BOB).approve(ids[3], comment="")
        refusals = await one.events(AuditAction.REQUEST_DECISION_REFUSED)
        assert [event.fact.details["code"] for event in refusals] == ["too_many"]


async def test_decisions_at_once_are_counted_exactly(
    database_url: str, groups: Groups
) -> None:
    """Eight at once with a limit of five: five are recorded."""
    async with a_product(
        database_url, groups, policy=ScriptedPolicy(), decisions_per_minute=5
    ) as product:
        ids = [(await product.submit()).request.id for _ in range(8)]

        answers = await outcomes(
            [product.acting(BOB).approve(request_id, comment="") for request_id in ids]
        )

        assert sum(isinstance(a, RequestRecord) for a in answers) == 5
        assert sum(isinstance(a, TooMany) for a in answers) == 3
        states = [(await product.record(i)).request.state for i in ids]
        assert states.count(RequestState.APPROVED) == 5


async def test_refused_decisions_alone_fill_the_window(
    database_url: str, groups: Groups
) -> None:
    """Whoever policy refuses again and again is not let near policy any more."""
    policy = ScriptedPolicy()
    async with a_product(
        database_url, groups, policy=policy, decisions_per_minute=2
    ) as product:
        request_id = (await product.submit()).request.id
        policy.rule = refusing(PolicyAction.APPROVE)
        kinds: list[type[JitsudoError]] = []
        for _ in range(4):
            with pytest.raises((NotAllowed, TooMany)) as refused:
                await product.acting(DAVE).approve(request_id, comment="")
            kinds.append(refused.type)

        assert kinds == [NotAllowed, NotAllowed, TooMany, TooMany]
        approvals = [q for q in policy.asked if q.action is PolicyAction.APPROVE]
        assert len(approvals) == 3


async def test_nothing_is_decided_that_cannot_be_counted(
    database_url: str, groups: Groups
) -> None:
    """The count is part of the decision; a refusal stands without it."""
    policy = ScriptedPolicy()
    async with a_product(
        database_url, groups, policy=policy, decisions_per_minute=5
    ) as product:
        request_id = (await product.submit()).request.id
        await run_sql(database_url, "ALTER TABLE rates RENAME TO gone")
        with pytest.raises(StoreUnavailable):
            await product.acting(BOB).approve(request_id, comment="")
        policy.rule = refusing(PolicyAction.APPROVE)
        with pytest.raises(NotAllowed):
            await product.acting(DAVE).approve(request_id, comment="")

        assert (await product.record(request_id)).request.state is RequestState.PENDING
        assert await product.actions() == [
            "request.created",
            "request.decision_refused",
        ]


async def test_failed_sign_ins_of_one_address_are_counted(product: Product) -> None:
    """The third is one too many; other addresses, and other /64, are not."""
    async with a_product(
        product.settings.database_url.get_secret_value(),
        product.groups,
        policy=ScriptedPolicy(),
        clock=product.clock,
        failed_sign_ins_per_minute=2,
    ) as limited:
        limits = limited.jitsudo.services.limits
        for address in ("192.0.2.1", "2001:db8::1", "2001:db8:0:1::1", "192.0.2.2"):
            await limits.failed_sign_in(address)
        await limits.failed_sign_in("192.0.2.1")
        await limits.failed_sign_in("2001:db8::ffff")

        for address in ("192.0.2.1", "2001:db8::abcd"):
            with pytest.raises(TooMany, match="from your address"):
                await limits.failed_sign_in(address)
        await limits.failed_sign_in("192.0.2.2")
        limited.clock.move(MINUTE)
        await limits.failed_sign_in("192.0.2.1")
