"""Trust tiers on bad days."""

import pytest

from core.errors import DirectoryUnavailable
from core.ports import PrincipalRow
from core.vocabulary import AuditAction
from tests.support.builders import BOB
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
