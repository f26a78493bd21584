"""A database of the revision before, with work under way, is upgraded and goes on."""

from typing import Final

import pytest

from core.errors import ConfigurationError
from core.store.migrate import migrate
from core.store.schema import REVISION
from core.vocabulary import JobKind, RequestState
from tests.support.builders import ALICE, BOB
from tests.support.databases import opened, run_sql
from tests.support.policies import ScriptedPolicy
from tests.support.products import a_product
from tests.support.providers import Mood
from tests.support.rosters import Groups

NEW_COLUMNS: Final = (
    "lane", "submission_key", "extends", "reviewed_by", "reviewed_at", "review_note",
)  # fmt: skip

NEW_INDEXES: Final = (
    "requests_by_lane_id", "requests_by_extends", "one_request_per_submission",
    "requests_to_review",
)  # fmt: skip

TRIGGERS: Final = ("requests_review_by_another", "requests_begin_unreviewed")


async def take_back(url: str) -> None:
    """Turn a database of revision 0002 into one of 0001, with what is in it."""
    of_table = "" if url.startswith("sqlite") else " ON requests"
    functions = [] if url.startswith("sqlite") else ["DROP FUNCTION review_by_another"]
    await run_sql(
        url,
        *(f"DROP TRIGGER {name}{of_table}" for name in TRIGGERS),
        *functions,
        *(f"DROP INDEX {name}" for name in NEW_INDEXES),
        *(f"ALTER TABLE requests DROP COLUMN {name}" for name in NEW_COLUMNS),
        "UPDATE alembic_version SET version_num = '0001'",
    )


async def test_what_was_under_way_before_goes_on_after(
    database_url: str, groups: Groups
) -> None:
    """Pending is decided, failed is issued, active expires or is revoked."""
    policy = ScriptedPolicy()
    async with a_product(database_url, groups, policy=policy) as before:
        provider, clock = before.provider, before.clock
        expiring = (await before.active()).request
        revoked = (await before.active()).request
        provider.mood = Mood.FAIL
        failed = (await before.approved()).request
        await before.work()
        provider.mood = Mood.WORK
        pending = (await before.submit()).request
    await take_back(database_url)
    async with opened(database_url) as store:
        with pytest.raises(ConfigurationError, match="migrate"):
            await store.check_schema()

    assert await migrate(database_url) == REVISION

    async with a_product(
        database_url, groups, policy=policy, clock=clock, provider=provider
    ) as after:
        for request in (expiring, revoked, pending):
            assert (await after.record(request.id)).request == request
        await after.acting(BOB).approve(pending.id, comment="")
        await after.acting(ALICE).revoke(revoked.id, reason="")
        await after.hurry(JobKind.ISSUE)
        await after.work()
        assert set(provider.in_force) == {expiring.id, failed.id, pending.id}
        assert (await after.record(failed.id)).request.is_in_force
        clock.move(expiring.ask.duration)
        await after.hurry_and_work()

        ended = [(await after.record(r.id)).request for r in (expiring, revoked)]
        assert [r.state for r in ended] == [RequestState.EXPIRED, RequestState.REVOKED]
        assert provider.in_force == {}


async def test_jobs_of_the_version_before_end_what_they_were_promised_for(
    database_url: str, groups: Groups
) -> None:
    """A revocation that waited had another key and said its event itself."""
    policy = ScriptedPolicy()
    async with a_product(database_url, groups, policy=policy) as before:
        provider, clock = before.provider, before.clock
        request = (await before.active()).request
        await before.acting(ALICE).revoke(request.id, reason="done")
    key = f"revoke:{request.id}:revoke"
    payload = f'{{"event":"revoke","request_id":"{request.id}"}}'
    await take_back(database_url)
    await run_sql(
        database_url,
        f"UPDATE jobs SET key = '{key}', payload = '{payload}' WHERE kind = 'revoke'",  # noqa: S608 - a test's own
    )

    await migrate(database_url)

    async with a_product(
        database_url, groups, policy=policy, clock=clock, provider=provider
    ) as after:
        await after.work()
        ended = (await after.record(request.id)).request
        assert (ended.state, ended.ended_by) == (RequestState.REVOKED, ALICE)
        assert await after.jobs(JobKind.REVOKE) == []
