"""Trust tiers on bad days."""

import pytest

from core.errors import DirectoryUnavailable, NotFound
from core.ports import PrincipalRow
from core.services.principals import Principals
from core.vocabulary import AuditAction, GroupSource
from tests.support.builders import BOB
from tests.support.directories import ScriptedDirectory
from tests.support.products import Product


async def test_who_reads_that_groups_cannot_be_read_has_set_nothing(
    scripted: Product,
) -> None:
    """An operator is asked for no group, but is shown those of the other."""
    operator = scripted.jitsudo.operator("operator:root@test", {})
    scripted.groups.path.write_text("groups: [")

    with pytest.raises(DirectoryUnavailable):
        await operator.trust_principal(BOB, tier=3, notes="")

    async with scripted.store.snapshot() as uow:
        assert await uow.principals.get(BOB) == PrincipalRow(email=BOB)
    assert await scripted.events(AuditAction.PRINCIPAL_TRUST_CHANGED) == []


async def test_who_is_somewhere_and_in_no_group_is_shown_with_the_reason(
    scripted: Product,
) -> None:
    """Such as a guest in Slack, of whom an admin wonders why they cannot approve."""
    directory = ScriptedDirectory(GroupSource.SLACK)
    directory.guests.add("gus@example.com")
    principals = Principals(
        store=scripted.store, directory=directory, clock=scripted.clock
    )

    facts = await principals.show("gus@example.com", None)

    assert (facts.email, facts.groups) == ("gus@example.com", ())
    with pytest.raises(NotFound):
        await principals.show("nobody@example.com", None)
