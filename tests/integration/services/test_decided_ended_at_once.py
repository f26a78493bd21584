"""Deciding and withdrawing at once, counted, with what lists read kept along."""

from typing import Any

import pytest

from core.errors import DependencyError
from tests.support.builders import ALICE, BEN, BOB
from tests.support.databases import run_sql
from tests.support.policies import ScriptedPolicy
from tests.support.products import a_product
from tests.support.races import outcomes
from tests.support.rosters import Groups

ASTRAY = """
    SELECT count(*) FROM {table} JOIN requests ON requests.id = {table}.request_id
    WHERE {table}.state <> requests.state OR {table}.requester <> requests.requester
"""


@pytest.mark.parametrize("table", ["decisions", "request_groups"])
async def test_what_lists_read_never_goes_astray(
    database_url: str, groups: Groups, table: str
) -> None:
    """On two replicas, with limits counted; nothing deadlocks, and nothing is left."""
    policy = ScriptedPolicy()
    limits: dict[str, Any] = {
        "decisions_per_minute": 1_000,
        "submissions_per_minute": 1_000,
    }
    async with (
        a_product(database_url, groups, policy=policy, **limits) as one,
        a_product(
            database_url,
            groups,
            policy=policy,
            clock=one.clock,
            provider=one.provider,
            **limits,
        ) as other,
    ):
        ids = [(await one.submit()).request.id for _ in range(8)]

        answers = await outcomes(
            [
                act
                for product in (one, other)
                for request_id in ids
                for act in (
                    product.acting(BOB).approve(request_id, comment=""),
                    product.acting(BEN).deny(request_id, reason="no"),
                    product.acting(ALICE).withdraw(request_id),
                )
            ]
        )
        await one.work()

        assert [a for a in answers if isinstance(a, DependencyError)] == []
        (counted,) = await run_sql(database_url, ASTRAY.format(table=table))
        assert tuple(counted) == (0,)
