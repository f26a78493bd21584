"""The database lost before and during COMMIT: press again, the answer is the same."""

import pytest

from core.errors import OutcomeUnknown, StoreUnavailable
from core.store.engine import open_store
from core.vocabulary import JobKind, RequestState
from tests.support.builders import BOB
from tests.support.policies import ScriptedPolicy
from tests.support.products import a_product
from tests.support.proxies import Fault, Proxy
from tests.support.rosters import Groups


@pytest.mark.parametrize("fault", Fault)
async def test_a_commit_without_an_answer_is_neither_yes_nor_no(
    postgres_url: str, groups: Groups, fault: Fault
) -> None:
    """The person is told that nobody knows; the next press tells, once for all."""
    async with Proxy(postgres_url).serving() as proxy:
        store = open_store(proxy.url)
        async with a_product(
            postgres_url, groups, policy=ScriptedPolicy(), store=store
        ) as product:
            request_id = (await product.submit()).request.id
            proxy.fail_on(b"COMMIT", fault)

            with pytest.raises(OutcomeUnknown, match="do the same again"):
                await product.acting(BOB).approve(request_id, comment="first")
            again = await product.acting(BOB).approve(request_id, comment="again")

            assert again == await product.record(request_id)
            assert again.request.state is RequestState.APPROVED
            was_kept = fault is Fault.LOSE_ANSWER
            assert again.request.decision_text == ("first" if was_kept else "again")
            assert await product.actions() == ["request.created", "request.approved"]
            assert len(await product.jobs(JobKind.ISSUE)) == 1
        await store.close()


@pytest.mark.parametrize(
    "word", [b"INSERT INTO decisions", b"INSERT INTO audit_events"]
)
async def test_a_connection_lost_before_the_commit_decides_nothing(
    postgres_url: str, groups: Groups, word: bytes
) -> None:
    """Between two statements: all of it is undone, and the next press decides."""
    async with Proxy(postgres_url).serving() as proxy:
        store = open_store(proxy.url)
        async with a_product(
            postgres_url, groups, policy=ScriptedPolicy(), store=store
        ) as product:
            request = (await product.submit()).request
            # What was prepared on this connection is not sent as text again.
            proxy.cut()
            proxy.fail_on(word, Fault.LOSE_ANSWER)

            with pytest.raises(StoreUnavailable):
                await product.acting(BOB).approve(request.id, comment="")

            assert (await product.record(request.id)).request == request
            assert await product.actions() == ["request.created"]
            record = await product.acting(BOB).approve(request.id, comment="")
            assert record.request.state is RequestState.APPROVED
        await store.close()


async def test_a_database_that_is_away_decides_nothing(
    postgres_url: str, groups: Groups
) -> None:
    """Refused connections: an error that says so, and no trace."""
    async with Proxy(postgres_url).serving() as proxy:
        store = open_store(proxy.url)
        async with a_product(
            postgres_url, groups, policy=ScriptedPolicy(), store=store
        ) as product:
            request_id = (await product.submit()).request.id
            proxy.is_refusing = True
            proxy.cut()

            with pytest.raises(StoreUnavailable, match="nothing was decided"):
                await product.acting(BOB).deny(request_id, reason="no")

            proxy.is_refusing = False
            record = await product.acting(BOB).deny(request_id, reason="no")
            assert record.request.state is RequestState.REJECTED
        await store.close()
