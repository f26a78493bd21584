"""A policy that comes into force is in the audit log, once."""

import asyncio
from pathlib import Path

from core.policy.bundle import write_starter
from core.policy.embedded import EmbeddedEngine
from core.services.policy_watch import PolicyWatch
from core.vocabulary import AuditAction
from tests.support.engines import healthy
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product


async def test_each_policy_in_force_is_audited_once_by_all_replicas(
    product: Product, tmp_path: Path
) -> None:
    """A second look, and a second replica's, add nothing; a change adds one."""
    directory = tmp_path / "policies"
    write_starter(directory)
    engine = await EmbeddedEngine.open(directory, check_seconds=0)
    try:
        here, there = (
            PolicyWatch(store=product.store, policy=engine, clock=product.clock)
            for _ in range(2)
        )
        await here.look()
        await here.look()
        await there.look()
        first = (await engine.health()).revision
        with (directory / "approval.rego").open("a") as file:
            file.write("\n# another revision\n")
        second = (await healthy(engine, lambda h: h.revision != first)).revision
        await here.look()
    finally:
        await engine.close()

    events = [
        event
        for event in await product.events()
        if event.fact.action is AuditAction.POLICY_RELOADED
    ]
    assert first != second
    assert [event.fact.details["policy_revision"] for event in events] == [
        first,
        second,
    ]


async def test_replicas_that_look_at_once_audit_a_policy_once(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """They take turns at the chain before they read what is in it."""
    replicas = [
        PolicyWatch(store=scripted.store, policy=policy, clock=scripted.clock)
        for _ in range(6)
    ]

    async with asyncio.TaskGroup() as tasks:
        for replica in replicas:
            tasks.create_task(replica.look())

    assert await scripted.actions() == ["policy.reloaded"]
