"""Groups of the last sign-in: they count for a while, then the person is told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.identity import Membership
from core.errors import DirectoryUnavailable, NotAllowed, NotEligible
from core.identity.signed_in import SignedInGroups
from core.vocabulary import GroupSource, RequestState
from tests.support.broken_stores import AwayStore
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.products import Product, a_product
from tests.support.rosters import Groups

DAY = timedelta(hours=24)


async def sign_in(product: Product, email: str, *groups: str) -> None:
    """Remember a sign-in now."""
    async with product.store.transaction() as uow:
        await uow.memberships.put(
            Membership(
                email=email,
                issuer="https://issuer.example.com",
                subject=email,
                signed_in_at=product.clock.now(),
                groups=frozenset(groups),
            )
        )
        await uow.commit()


@pytest.fixture
async def signed_in(database_url: str, groups: Groups) -> AsyncIterator[Product]:
    """Yield core with alice and bob signed in at an issuer, and no groups file."""
    async with a_product(
        database_url, groups, groups_file=None, groups_from=(GroupSource.OIDC,)
    ) as product:
        await sign_in(product, ALICE, "sre")
        await sign_in(product, BOB, "sre-lead")
        yield product


async def test_groups_of_a_sign_in_count_until_they_are_too_old(
    signed_in: Product,
) -> None:
    """The moment itself is too late, for one and for all."""
    directory = signed_in.jitsudo.directory

    signed_in.clock.move(DAY - timedelta(microseconds=1))
    (fresh,) = await directory.explain(BOB)
    members = await directory.members_of("sre-lead")
    signed_in.clock.move(timedelta(microseconds=1))
    (old,) = await directory.explain(BOB)

    assert fresh.groups == {"sre-lead"}
    assert fresh.until == signed_in.clock.now()
    assert members == (BOB,)
    assert old.groups == frozenset()
    assert "jitsudo login" in old.advice
    assert await directory.members_of("sre-lead") == ()
    assert not await directory.knows(BOB)


async def test_who_has_to_sign_in_reads_so_in_the_refusal(signed_in: Product) -> None:
    """Asking and approving both say it, whoever's sign-in is too old."""
    signed_in.clock.move(DAY / 2)
    await sign_in(signed_in, ALICE, "sre")
    record = await signed_in.submit()
    signed_in.clock.move(DAY / 2)

    with pytest.raises(NotAllowed, match="sign in again with `jitsudo login`"):
        await signed_in.acting(BOB).approve(record.request.id, comment="")
    await sign_in(signed_in, BOB, "sre-lead")
    signed_in.clock.move(DAY / 2)
    with pytest.raises(NotEligible, match="sign in again with `jitsudo login`"):
        await signed_in.submit()

    stored = (await signed_in.record(record.request.id)).request
    assert stored.state is RequestState.PENDING
    identity = await signed_in.acting(ALICE).whoami()
    assert identity.groups == ()
    assert "too long ago" in identity.sources[0].note


async def test_who_never_signed_in_is_told_how(signed_in: Product) -> None:
    """Nothing is known of them; the advice says what makes it known."""
    with pytest.raises(NotEligible, match="sign in with `jitsudo login`"):
        await signed_in.submit(by="dave@example.com")


async def test_an_old_approval_does_not_count_with_forgotten_groups(
    signed_in: Product,
) -> None:
    """Prod takes two: who approved and then was forgotten is not one of them."""
    record = await signed_in.submit(an_ask(resource_scope="prod"))
    await signed_in.acting(BOB).approve(record.request.id, comment="")
    signed_in.clock.move(DAY - timedelta(hours=1))
    await sign_in(signed_in, ALICE, "sre")
    await sign_in(signed_in, "carol@example.com", "security")
    async with signed_in.store.transaction() as uow:
        known = await uow.memberships.of(BOB)
        assert known is not None
        await uow.memberships.put(
            replace(known, signed_in_at=known.signed_in_at - timedelta(hours=2))
        )
        await uow.commit()

    carol = signed_in.acting("carol@example.com")
    after = (await carol.approve(record.request.id, comment="")).request

    assert (after.state, after.counted_approvals) == (RequestState.PENDING, 1)


async def test_a_database_that_is_away_refuses(
    signed_in: Product,
) -> None:
    """Nobody is taken for somebody without groups: the error says what failed."""
    directory = SignedInGroups(
        store=AwayStore(signed_in.store), clock=signed_in.clock, max_age=DAY
    )

    for question in (directory.groups_of(BOB), directory.members_of("sre")):
        with pytest.raises(DirectoryUnavailable, match="sign-ins cannot be read"):
            await question
