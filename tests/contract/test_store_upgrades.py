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
    "vouched_by",
)  # fmt: skip

NEW_INDEXES: Final = (
    "requests_by_lane_id", "requests_by_extends", "one_request_per_submission",
    "requests_to_review", "requests_by_requester_state_id",
    "pending_requests_by_requester",
    "request_groups_by_group_name_state_request_id",
    "request_groups_by_group_name_requester_state_request_id",
    "decisions_by_approver_state_request_id",
    "decisions_by_approver_requester_state_request_id",
    "tokens_by_created_at_id", "tokens_by_email_created_at_id",
    "tokens_by_expires_at", "tokens_by_email_expires_at", "tokens_by_revoked_at",
)  # fmt: skip

TRIGGERS: Final = (
    ("requests", "requests_review_by_another"),
    ("requests", "requests_begin_unreviewed"),
    ("requests", "request_groups_follow_state"),
    ("request_groups", "request_groups_take_state"),
    ("decisions", "decisions_take_state"),
)

FUNCTIONS: Final = (
    "review_by_another", "requests_tell_state", "request_groups_take",
    "decisions_take",
)  # fmt: skip

NEW_TABLES: Final = (
    "slack_links", "link_codes", "sign_ins", "member_groups", "memberships", "rates",
    "issuer_keys",
)  # fmt: skip


async def take_back(url: str) -> None:
    """Turn a database of this revision into one of 0001, with what is in it."""
    is_sqlite = url.startswith("sqlite")
    functions = [] if is_sqlite else [f"DROP FUNCTION {name}" for name in FUNCTIONS]
    await run_sql(
        url,
        *(f"DROP TABLE {name}" for name in NEW_TABLES),
        *(
            f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {table}")
            for table, name in TRIGGERS
        ),
        *functions,
        *(f"DROP INDEX {name}" for name in NEW_INDEXES),
        "CREATE INDEX tokens_by_email_created_at ON tokens (email, created_at)",
        *(f"ALTER TABLE requests DROP COLUMN {name}" for name in NEW_COLUMNS),
        "ALTER TABLE request_groups DROP COLUMN state",
        "ALTER TABLE request_groups DROP COLUMN requester",
        "ALTER TABLE decisions DROP COLUMN state",
        *(
            f"ALTER TABLE principals DROP COLUMN {name}"
            for name in ("notes", "enrolled_by", "enrolled_at")
        ),
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


async def test_what_lists_read_follows_the_request(
    database_url: str, groups: Groups
) -> None:
    """Groups and decisions repeat it, also of requests that were there before."""
    async with a_product(database_url, groups, policy=ScriptedPolicy()) as before:
        old = (await before.active()).request
        pending = (await before.submit()).request
    await take_back(database_url)
    await migrate(database_url)

    async with a_product(database_url, groups, policy=ScriptedPolicy()) as after:
        await after.acting(BOB).deny(pending.id, reason="no")
        assert (await after.record(old.id)).request.state is RequestState.ACTIVE
    for state, request in ((old.state, old), (RequestState.REJECTED, pending)):
        for table in ("request_groups", "decisions"):
            found = await run_sql(
                database_url,
                f"SELECT state, requester FROM {table}"  # noqa: S608 - a test's own
                f" WHERE request_id = '{request.id}'",
            )
            assert found == [(state.value, ALICE)]


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
