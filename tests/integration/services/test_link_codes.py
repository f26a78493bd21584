"""`/jitsudo link` and `jitsudo link CODE`: replayed, expired, guessed, of others."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.approvals import Approvals
from core.domain.codes import ALPHABET
from core.domain.identity import SlackLink
from core.errors import Invalid, NotAllowed, NotAuthenticated, TooMany
from core.services.link_codes import CODE_TTL, MOST_CLAIMS, MOST_OFFERS
from core.vocabulary import AuditAction, JobKind, LinkMethod, Outcome, SignInMethod
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.policies import ScriptedPolicy
from tests.support.products import ISSUER, Product, a_product
from tests.support.races import outcomes
from tests.support.rosters import Groups
from tests.support.slackers import Slacker, links, names

NOBODYS = "BCDFGHJK"


@pytest.fixture
async def house(database_url: str, groups: Groups) -> AsyncIterator[Product]:
    """Yield an installation with an identity provider that has to be used."""
    async with a_product(
        database_url,
        groups,
        policy=ScriptedPolicy(),
        auth=ISSUER,
        slack_link="oidc",
    ) as opened:
        yield opened


@pytest.fixture
def bob(house: Product) -> Slacker:
    """Return bob in Slack."""
    return Slacker(product=house, user="U1", email=BOB)


def signed_in(product: Product, email: str) -> Approvals:
    """Return the approvals of somebody who signed in at the identity provider."""
    return product.acting(email, method=SignInMethod.OIDC)


async def test_a_code_links_the_account_once_it_is_confirmed(
    house: Product, bob: Slacker
) -> None:
    """First it only says which account that would be; then it is used up."""
    code = await bob.code()
    terminal = signed_in(house, BOB)

    shown = await terminal.claim_identity(code, is_confirmed=False)

    assert (shown.account, shown.email) == (bob.account, BOB)
    assert await links(house) == []
    with pytest.raises(NotAuthenticated):
        await bob.acts()
    linked = await terminal.claim_identity(code.lower(), is_confirmed=True)
    assert await links(house) == [linked]
    assert linked.method is LinkMethod.OIDC
    assert (await bob.acts()).email == BOB
    assert await bob.asks_for_code() is None
    (event,) = await house.events(AuditAction.IDENTITY_LINKED)
    assert (event.fact.actor, event.fact.details["method"]) == (BOB, "oidc")


async def test_a_code_takes_the_place_of_a_first_use(
    database_url: str, groups: Groups
) -> None:
    """Of the same pair; the log says what it replaced."""
    async with a_product(database_url, groups, auth=ISSUER) as product:
        bob = Slacker(product=product, user="U1", email=BOB)
        await bob.acts()

        await signed_in(product, BOB).claim_identity(
            await bob.code(), is_confirmed=True
        )

        (link,) = await links(product)
        assert link.method is LinkMethod.OIDC
        first, then = await product.events(AuditAction.IDENTITY_LINKED)
        assert "replaced" not in first.fact.details
        assert then.fact.details["replaced"] == "first_use"


async def test_a_code_works_once(house: Product, bob: Slacker) -> None:
    """Replayed by its person or by another one, it is none any more."""
    code = await bob.code()
    await signed_in(house, BOB).claim_identity(code, is_confirmed=True)

    for person in (BOB, ALICE):
        with pytest.raises(Invalid, match="was used, or is older"):
            await signed_in(house, person).claim_identity(code, is_confirmed=True)

    assert await names(house) == {"U1": BOB}


async def test_two_confirmations_at_once_are_one_link(
    house: Product, bob: Slacker
) -> None:
    """The other one finds the code used."""
    code = await bob.code()
    terminal = signed_in(house, BOB)

    answers = await outcomes(
        [terminal.claim_identity(code, is_confirmed=True) for _ in range(2)]
    )

    assert [isinstance(a, SlackLink) for a in answers].count(True) == 1
    assert [isinstance(a, Invalid) for a in answers].count(True) == 1
    assert len(await house.events(AuditAction.IDENTITY_LINKED)) == 1


async def test_a_code_expires(house: Product, bob: Slacker) -> None:
    """To the second, whether or not it was shown before."""
    code = await bob.code()
    terminal = signed_in(house, BOB)
    house.clock.move(CODE_TTL - timedelta(seconds=1))
    await terminal.claim_identity(code, is_confirmed=False)
    house.clock.move(timedelta(seconds=1))

    with pytest.raises(Invalid, match="was used, or is older"):
        await terminal.claim_identity(code, is_confirmed=True)

    assert await links(house) == []


@pytest.mark.parametrize("is_confirmed", [False, True])
async def test_a_code_of_somebody_else_links_nothing(
    house: Product, bob: Slacker, *, is_confirmed: bool
) -> None:
    """It says nothing of whose it is, is audited, and is used up."""
    code = await bob.code()

    with pytest.raises(NotAllowed) as refused:
        await signed_in(house, ERIN).claim_identity(code, is_confirmed=is_confirmed)

    assert BOB not in str(refused.value)
    assert "U1" not in str(refused.value)
    assert await links(house) == []
    (event,) = await house.events(AuditAction.IDENTITY_REFUSED)
    assert (event.fact.actor, event.fact.outcome) == (ERIN, Outcome.FAILURE)
    assert event.fact.details["account"] == "T1/U1"
    assert event.fact.details["email"] == BOB
    with pytest.raises(Invalid):
        await signed_in(house, BOB).claim_identity(code, is_confirmed=True)


@pytest.mark.parametrize(
    "email", ["b0b@example.com", "bob+admin@example.com", "bob@example.com.evil.test"]
)
async def test_an_address_that_looks_alike_is_another_one(
    house: Product, email: str
) -> None:
    """Letters' case is all that does not count."""
    lookalike = Slacker(product=house, user="U9", email=email)

    with pytest.raises(NotAllowed):
        await signed_in(house, BOB).claim_identity(
            await lookalike.code(), is_confirmed=True
        )

    assert await links(house) == []


async def test_guesses_are_counted(house: Product, bob: Slacker) -> None:
    """After some the right one is not taken either, until the window is over."""
    code = await bob.code()
    terminal = signed_in(house, BOB)
    for _ in range(MOST_CLAIMS):
        with pytest.raises(Invalid, match="was used, or is older"):
            await terminal.claim_identity(NOBODYS, is_confirmed=True)

    with pytest.raises(TooMany) as refused:
        await terminal.claim_identity(code, is_confirmed=True)

    assert 0 < refused.value.retry_after_seconds <= CODE_TTL.total_seconds()
    assert await links(house) == []
    assert len(await house.events(AuditAction.IDENTITY_REFUSED)) == 1
    house.clock.move(CODE_TTL)
    await terminal.claim_identity(await bob.code(), is_confirmed=True)


async def test_one_who_guesses_keeps_nobody_else_out(
    house: Product, bob: Slacker
) -> None:
    """The count is of the person."""
    for _ in range(MOST_CLAIMS):
        with pytest.raises(Invalid):
            await signed_in(house, ALICE).claim_identity(NOBODYS, is_confirmed=False)

    await signed_in(house, BOB).claim_identity(await bob.code(), is_confirmed=True)

    assert await names(house) == {"U1": BOB}


async def test_codes_are_many_letters_and_few_at_a_time(
    house: Product, bob: Slacker
) -> None:
    """An account is given some in ten minutes, each another one."""
    codes = {await bob.code() for _ in range(MOST_OFFERS)}

    assert len(codes) == MOST_OFFERS
    assert all(len(c) == 8 and set(c) <= set(ALPHABET) for c in codes)
    with pytest.raises(TooMany):
        await bob.code()
    other = Slacker(product=house, user="U2", email=ALICE)
    assert await other.code()


async def test_what_is_linked_elsewhere_gets_no_code(
    house: Product, bob: Slacker
) -> None:
    """And a code of before links nothing; both are conflicts, and told."""
    second = Slacker(product=house, user="U2", email=BOB)
    code = await second.code()
    await signed_in(house, BOB).claim_identity(await bob.code(), is_confirmed=True)

    with pytest.raises(NotAllowed, match="another Slack account"):
        await signed_in(house, BOB).claim_identity(code, is_confirmed=True)
    with pytest.raises(NotAuthenticated, match="another Slack account"):
        await second.asks_for_code()
    with pytest.raises(NotAuthenticated, match="linked to"):
        await Slacker(product=house, user="U1", email=ERIN).asks_for_code()

    assert await names(house) == {"U1": BOB}
    conflicts = await house.events(AuditAction.IDENTITY_CONFLICT)
    assert [event.fact.actor for event in conflicts] == [
        BOB,
        "slack:T1/U2",
        "slack:T1/U1",
    ]
    assert await house.jobs(JobKind.TELL_ADMINS) != []


async def test_a_token_of_jitsudos_own_links_nothing(
    house: Product, bob: Slacker
) -> None:
    """It proves that an admin made it, not that its person signed in."""
    code = await bob.code()

    with pytest.raises(NotAllowed, match="jitsudo login"):
        await house.acting(BOB).claim_identity(code, is_confirmed=True)

    assert await links(house) == []


async def test_somebody_disabled_links_nothing(house: Product, bob: Slacker) -> None:
    """Neither with a code of before nor with a new one."""
    code = await bob.code()
    await house.disable(BOB)

    with pytest.raises(NotAllowed, match="disabled"):
        await signed_in(house, BOB).claim_identity(code, is_confirmed=True)
    with pytest.raises(NotAllowed, match="disabled"):
        await bob.asks_for_code()

    assert await links(house) == []


async def test_without_an_identity_provider_there_is_no_code(product: Product) -> None:
    """Nobody could use it."""
    with pytest.raises(NotAllowed, match="no identity provider"):
        await Slacker(product=product, user="U1", email=BOB).asks_for_code()
