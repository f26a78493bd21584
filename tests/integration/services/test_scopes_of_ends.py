"""What a token has to say so that its person may end, extend, review or shut out."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from core.approvals import Approvals
from core.errors import NotAllowed, NotAuthenticated
from core.use_cases import ALL_SCOPES
from core.vocabulary import Outcome, RequestId, TokenScope
from tests.support.builders import ALICE, BOB, ERIN, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product
from tests.support.providers import SECRET, Mood

R, A, X = TokenScope.REQUEST, TokenScope.APPROVE, TokenScope.ADMIN

Act = Callable[[Approvals, RequestId], Awaitable[object]]

ACTS: Final[dict[str, tuple[str, set[TokenScope], Act]]] = {
    "revoke": (ALICE, {R, A}, lambda who, of: who.revoke(of, reason="")),
    "retry": (ALICE, {R, A}, lambda who, of: who.retry(of)),
    "extend": (ALICE, {R}, lambda who, of: who.extend(of, duration=timedelta(hours=1))),
    "credentials": (ALICE, {R}, lambda who, of: who.credentials(of)),
    "review": (BOB, {A}, lambda who, of: who.review(of, note="seen")),
    "disable": (ERIN, {X}, lambda who, _: who.disable_principal(ALICE, reason="gone")),
    "enable": (ERIN, {X}, lambda who, _: who.enable_principal(ALICE)),
}


@pytest.fixture
async def active(scripted: Product, policy: ScriptedPolicy) -> RequestId:
    """Return an emergency of alice's that is in force."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    request_id = (await scripted.submit(an_ask(break_glass=True))).request.id
    await scripted.work()
    return request_id


@pytest.mark.parametrize("name", ACTS)
async def test_a_token_without_the_scope_does_nothing(
    scripted: Product, active: RequestId, name: str
) -> None:
    """With every other scope at once, whoever its person is."""
    person, enough, act = ACTS[name]
    before = await scripted.record(active)

    with pytest.raises(NotAllowed, match="scope"):
        await act(scripted.acting(person, scopes=ALL_SCOPES - enough), active)

    assert await scripted.record(active) == before


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("scope", [R, A, X])
async def test_one_of_the_scopes_is_enough(
    scripted: Product, active: RequestId, name: str, scope: TokenScope
) -> None:
    """And no scope makes of somebody who may not one who may."""
    person, enough, act = ACTS[name]
    if name == "retry":
        scripted.provider.mood = Mood.FAIL
        await scripted.acting(ALICE).revoke(active, reason="")
        await scripted.work()
    if scope not in enough:
        with pytest.raises(NotAllowed):
            await act(scripted.acting(person, scopes=frozenset({scope})), active)
        return

    await act(scripted.acting(person, scopes=frozenset({scope})), active)


@pytest.mark.parametrize("name", sorted(set(ACTS) - {"disable", "enable"}))
async def test_who_holds_the_database_s_address_is_no_person(
    scripted: Product, active: RequestId, name: str
) -> None:
    """An operator ends and reads nothing in nobody's name."""
    operator = scripted.jitsudo.operator("operator:root@host", {})

    with pytest.raises(NotAuthenticated):
        await ACTS[name][2](operator, active)

    assert (await scripted.record(active)).request.is_in_force


async def test_no_refusal_or_event_of_a_life_holds_a_secret(
    scripted: Product, active: RequestId, policy: ScriptedPolicy
) -> None:
    """Refused, failed, crashed, revoked: the log has what was asked and no more."""
    policy.rule = always(replace(YES, allow=False))
    for act in (ACTS["revoke"][2], ACTS["review"][2], ACTS["extend"][2]):
        with pytest.raises(NotAllowed):
            await act(scripted.acting(BOB), active)
    with pytest.raises(NotAllowed):
        await scripted.acting(BOB).credentials(active)
    await scripted.acting(ALICE).credentials(active)
    scripted.provider.mood = Mood.CRASH
    await scripted.acting(ALICE).revoke(active, reason="")
    await scripted.work()

    records = [event.record for event in await scripted.events()]
    assert len(await scripted.events(outcome=Outcome.FAILURE)) == 3
    for text in (
        *records,
        repr(await scripted.jobs()),
        repr(await scripted.surfaces(active)),
    ):
        assert SECRET not in text
