"""Links when the database fails: nothing half done, and no is no all the same."""

import pytest

from core.errors import NotAuthenticated, StoreUnavailable
from core.store.engine import open_store
from core.vocabulary import JobKind
from tests.support.broken_stores import ReadOnlyStore
from tests.support.builders import BOB, ERIN
from tests.support.databases import run_sql
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product, a_product
from tests.support.rosters import Groups
from tests.support.slackers import Slacker, links


async def test_a_first_use_that_cannot_be_written_is_no_use(
    database_url: str, groups: Groups
) -> None:
    """Who is linked goes on; who is not waits until it can be noted."""
    real = open_store(database_url)
    store = ReadOnlyStore(real)
    async with a_product(
        database_url, groups, policy=ScriptedPolicy(), store=store
    ) as product:
        erin = Slacker(product=product, user="U7", email=ERIN)
        await erin.acts()
        store.is_full = True

        assert (await erin.acts()).email == ERIN
        with pytest.raises(StoreUnavailable):
            await Slacker(product=product, user="U1", email=BOB).acts()

        assert [link.email for link in await links(product)] == [ERIN]
    await real.close()


async def test_a_conflict_that_cannot_be_audited_is_still_refused(
    database_url: str, groups: Groups
) -> None:
    """It is logged and counted, as every such refusal."""
    real = open_store(database_url)
    store = ReadOnlyStore(real)
    async with a_product(
        database_url, groups, policy=ScriptedPolicy(), store=store
    ) as product:
        await Slacker(product=product, user="U1", email=BOB).acts()
        store.is_full = True

        with pytest.raises(NotAuthenticated, match="linked to"):
            await Slacker(product=product, user="U1", email=ERIN).acts()

        assert product.jitsudo.services.refusals.not_audited == 1
        assert await product.jobs(JobKind.TELL_ADMINS) == []
    await real.close()


async def test_without_its_audit_event_there_is_no_link(
    sqlite_url: str, groups: Groups
) -> None:
    """Both or neither."""
    async with a_product(sqlite_url, groups, policy=ScriptedPolicy()) as product:
        await run_sql(
            sqlite_url,
            "CREATE TRIGGER no_room BEFORE INSERT ON audit_events "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )
        bob = Slacker(product=product, user="U1", email=BOB)

        with pytest.raises(StoreUnavailable):
            await bob.acts()

        assert await links(product) == []
        await run_sql(sqlite_url, "DROP TRIGGER no_room")
        assert (await bob.acts()).email == BOB


async def test_the_database_itself_keeps_a_link_one_each_way(product: Product) -> None:
    """Also from whoever writes behind the services' back."""
    await Slacker(product=product, user="U1", email=BOB).acts()
    url = product.settings.database_url.get_secret_value()

    for team, user, email in (("T1", "U1", ERIN), ("T1", "U2", BOB)):
        with pytest.raises(Exception, match=r"(?i)unique"):
            await run_sql(
                url,
                "INSERT INTO slack_links "  # noqa: S608 - our own words
                "(team_id, user_id, email, method, linked_by, linked_at) "
                f"VALUES ('{team}', '{user}', '{email}', 'first_use', 'x', "
                "'2026-03-20 12:00:00')",
            )

    assert [link.email for link in await links(product)] == [BOB]
