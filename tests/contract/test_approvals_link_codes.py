"""Naming a link code: the same in process and over REST."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import SecretStr
from typing_extensions import override

from core.approvals import Approvals
from core.clock import Deadline, SystemClock
from core.domain.identity import SlackAccount
from core.domain.principal import Actor
from core.errors import Invalid, NotAllowed, TooMany
from core.services.link_codes import MOST_CLAIMS
from core.services.tokens import Bearer, Tokens
from core.settings import CoreSettings
from core.vocabulary import LinkMethod, Origin, SignInMethod, TokenScope
from core.wiring import Jitsudo, open_jitsudo
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.products import ISSUER, KEY
from tests.support.servers import POLICIES, House, InProcessHouse

U1 = SlackAccount(team_id="T1", user_id="U1")


class SignedIn(Tokens):
    """Tokens that count as if an identity provider had made them."""

    @override
    async def authenticate(self, secret: str) -> Bearer:
        """Return who holds a token."""
        return replace(await super().authenticate(secret), method=SignInMethod.OIDC)


@pytest.fixture
async def jitsudo(sqlite_url: str) -> AsyncIterator[Jitsudo]:
    """Yield a jitsudo that has an identity provider, by which everybody signed in."""
    settings = CoreSettings(
        auth=ISSUER,
        database_url=SecretStr(sqlite_url),
        policy_dir=POLICIES,
        groups_file=POLICIES / "groups.yaml",
        encryption_keys=(SecretStr(KEY),),
        slack_link="oidc",
    )
    async with open_jitsudo(settings) as opened:
        tokens = SignedIn(store=opened.store, clock=SystemClock())
        yield replace(opened, services=replace(opened.services, tokens=tokens))


async def signed_in(
    house: House,
    email: str,
    scopes: frozenset[TokenScope] = frozenset(TokenScope),
) -> Approvals:
    """Return the approvals of somebody who signed in."""
    if isinstance(house, InProcessHouse):
        actor = Actor(email=email, origin=Origin.API)
        return house.jitsudo.acting(actor, scopes=scopes, method=SignInMethod.OIDC)
    return await house.acting(email, scopes)


async def code_of(house: House) -> str:
    """Return the code that bob's account is given."""
    found = await house.jitsudo.offer_link(
        U1, BOB, evidence={}, deadline=Deadline(seconds=10)
    )
    assert found is not None
    return found.code


async def test_a_code_is_shown_and_then_confirmed(house: House) -> None:
    """The answer is the link as it would be, and then as it is."""
    bob = await signed_in(house, BOB)
    code = await code_of(house)

    shown = await bob.claim_identity(code, is_confirmed=False)
    before = await (await signed_in(house, ERIN)).identities()
    linked = await bob.claim_identity(f"{code[:4]}-{code[4:]}", is_confirmed=True)

    assert before == ()
    assert (shown.account, shown.email) == (U1, BOB)
    assert (linked.account, linked.email, linked.method) == (U1, BOB, LinkMethod.OIDC)
    assert await (await signed_in(house, ERIN)).identities() == (linked,)
    with pytest.raises(Invalid):
        await bob.claim_identity(code, is_confirmed=True)


async def test_a_code_is_for_its_own_person(house: House) -> None:
    """Others are refused without hearing whose it is."""
    alice = await signed_in(house, ALICE)

    with pytest.raises(NotAllowed) as refused:
        await alice.claim_identity(await code_of(house), is_confirmed=True)

    assert BOB not in str(refused.value)


@pytest.mark.parametrize("code", ["", "BCDF", "BCDFGHJKL", "AEIOUAEI", "B" * 100_000])
async def test_what_is_no_code_is_invalid(house: House, code: str) -> None:
    """Whatever it is, it is the code that is wrong."""
    bob = await signed_in(house, BOB)

    with pytest.raises(Invalid):
        await bob.claim_identity(code, is_confirmed=True)


async def test_guessing_is_slowed_down(house: House) -> None:
    """The answer says for how long."""
    bob = await signed_in(house, BOB)
    for _ in range(MOST_CLAIMS):
        with pytest.raises(Invalid):
            await bob.claim_identity("BCDFGHJK", is_confirmed=False)

    with pytest.raises(TooMany) as refused:
        await bob.claim_identity("BCDFGHJK", is_confirmed=False)

    assert refused.value.retry_after_seconds > 0


async def test_a_token_that_may_only_read_links_nothing(house: House) -> None:
    """A link is a change."""
    bob = await signed_in(house, BOB, frozenset({TokenScope.READ}))

    with pytest.raises(NotAllowed, match="scope"):
        await bob.claim_identity(await code_of(house), is_confirmed=True)
