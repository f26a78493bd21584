"""Who sees what: requests, lists, credentials."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import pytest
from cryptography.fernet import Fernet

from core.approvals import RequestQuery, TokenQuery
from core.domain.grant import Secrets
from core.domain.principal import Actor
from core.errors import ConfigurationError, Invalid, NotAllowed, NotFound, WrongState
from core.ports import AuditFilter
from core.providers.sealing import FernetSealer
from core.services.credentials import ReadCredentials
from core.vocabulary import (
    AuditAction,
    Origin,
    Outcome,
    PolicyAction,
    RequestId,
    RequestState,
    TokenScope,
)
from tests.support.builders import (
    ALICE,
    BEN,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    a_request_id,
    an_ask,
)
from tests.support.policies import YES, ScriptedPolicy, always, refusing
from tests.support.products import Product
from tests.support.providers import SECRET

Attempt: TypeAlias = Callable[[], Awaitable[object]]


async def sees(product: Product, person: str, request_id: RequestId) -> bool:
    """Tell whether a person sees a request by its id; the list has to agree."""
    try:
        record = await product.acting(person).get(request_id)
    except NotFound:
        return False
    assert record == await product.record(request_id)
    return True


async def listed(product: Product, person: str, **query: object) -> list[RequestId]:
    """Return the ids that a person's list has."""
    page = await product.acting(person).list(RequestQuery(**query))  # type: ignore[arg-type]  # any field
    return [record.request.id for record in page.records]


async def test_a_request_is_seen_by_those_it_concerns(product: Product) -> None:
    """Requester, approver groups, auditors and admins; to others it is 404."""
    product.groups.join("aud@example.com", "jitsudo-auditors")
    request_id = (await product.submit()).request.id
    insiders = [ALICE, BOB, BEN, ERIN, "aud@example.com"]
    outsiders = [CAROL, DAVE, "stranger@example.com"]

    assert [await sees(product, p, request_id) for p in insiders] == [True] * 5
    assert [await sees(product, p, request_id) for p in outsiders] == [False] * 3
    assert [await listed(product, p) for p in insiders] == [[request_id]] * 5
    assert [await listed(product, p) for p in outsiders] == [[]] * 3


async def test_whoever_decided_keeps_seeing_it(product: Product) -> None:
    """Also after leaving the group; nobody else of those who left does."""
    request_id = (await product.submit()).request.id
    await product.acting(BOB).deny(request_id, reason="no")
    product.groups.leave(BOB, "sre-lead")
    product.groups.leave(BEN, "sre-lead")

    assert await sees(product, BOB, request_id)
    assert await listed(product, BOB) == [request_id]
    assert not await sees(product, BEN, request_id)
    assert await listed(product, BEN) == []


async def test_policy_shows_a_named_request_to_whom_it_lets_decide(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """By id only; the list goes by what is stored, and no answer means no."""
    request_id = (await scripted.submit()).request.id

    assert await sees(scripted, CAROL, request_id)
    assert await listed(scripted, CAROL) == []
    policy.rule = refusing(PolicyAction.APPROVE, PolicyAction.DENY)
    assert not await sees(scripted, CAROL, request_id)
    policy.failure = "down"
    assert not await sees(scripted, CAROL, request_id)
    assert await sees(scripted, BOB, request_id)


async def test_a_freeze_hides_nothing_from_whoever_may_still_deny(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Nobody may approve, but carol, in no approver group, may say no."""
    request_id = (await scripted.submit()).request.id
    policy.rule = always(replace(YES, deny=("change freeze",)))

    assert await sees(scripted, CAROL, request_id)
    policy.rule = refusing(PolicyAction.APPROVE)
    assert await sees(scripted, CAROL, request_id)
    with pytest.raises(NotAllowed):
        await scripted.acting(CAROL).withdraw(request_id)
    record = await scripted.acting(CAROL).deny(request_id, reason="freeze")
    assert record.request.state is RequestState.REJECTED


async def test_a_disabled_person_sees_and_withdraws_nothing(scripted: Product) -> None:
    """Neither an approver nor the requester, and whether an id exists or not."""
    request = (await scripted.submit()).request

    def attempts(person: str) -> tuple[Attempt, ...]:
        acting = scripted.acting(person)
        return (
            lambda: acting.get(request.id),
            lambda: acting.get(a_request_id()),
            lambda: acting.list(RequestQuery()),
            lambda: acting.withdraw(request.id),
        )

    for person in (ALICE, BOB):
        await scripted.disable(person)
        for attempt in attempts(person):
            with pytest.raises(NotAllowed, match=f"{person} is disabled"):
                await attempt()

    assert (await scripted.record(request.id)).request == request


async def test_a_repeated_approval_of_somebody_disabled_tells_nothing(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """What they said once does not answer them any more."""
    policy.rule = always(replace(YES, required_approvals=2))
    request_id = (await scripted.submit()).request.id
    await scripted.acting(BOB).approve(request_id, comment="")
    await scripted.disable(BOB)

    with pytest.raises(NotAllowed, match="is disabled"):
        await scripted.acting(BOB).approve(request_id, comment="")


async def test_a_list_is_filtered_and_paged(product: Product) -> None:
    """Newest first, every request once, also where the filter hides some."""
    product.groups.join(BOB, "sre")
    ids = []
    for n in range(5):
        product.clock.move(timedelta(seconds=1))
        ids.append((await product.submit(by=BOB if n == 2 else ALICE)).request.id)
    await product.acting(BEN).deny(ids[0], reason="no")
    newest = ids[::-1]

    assert await listed(product, ERIN) == newest
    assert await listed(product, BOB, mine=True) == [ids[2]]
    assert await listed(product, BEN, requester=" ALICE@example.com") == [
        each for each in newest if each != ids[2]
    ]
    pending = frozenset({RequestState.PENDING})
    assert await listed(product, BEN, states=pending) == newest[:-1]
    assert await listed(product, BOB, mine=True, requester=ALICE) == []
    first = await product.acting(BEN).list(RequestQuery(limit=3))
    rest = await product.acting(BEN).list(
        RequestQuery(limit=3, before=first.next_before)
    )
    seen = [record.request.id for record in (*first.records, *rest.records)]
    assert (seen, first.next_before, rest.next_before) == (newest, newest[2], None)
    exact = await product.acting(BEN).list(RequestQuery(limit=5))
    assert exact.next_before is None


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_page_has_a_sensible_size(scripted: Product, limit: int) -> None:
    """Nobody asks for everything, or for nothing."""
    with pytest.raises(Invalid):
        await scripted.acting(ALICE).list(RequestQuery(limit=limit))


async def test_waiting_returns_with_the_change(scripted: Product) -> None:
    """Long-polling ends when the request moves, and at once if it has already."""
    request_id = (await scripted.submit()).request.id
    acting = scripted.acting(ALICE)

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(
            acting.get(request_id, wait=timedelta(minutes=5), since_version=1)
        )
        await asyncio.sleep(0)
        await scripted.acting(BOB).deny(request_id, reason="no")

    assert waiting.result().request.state is RequestState.REJECTED
    again = await acting.get(request_id, wait=timedelta(minutes=5), since_version=1)
    assert again == waiting.result()


async def test_waiting_in_vain_returns_what_there_is(scripted: Product) -> None:
    """After the time asked for, the request as it is."""
    record = await scripted.submit()

    waited = await scripted.acting(ALICE).get(
        record.request.id, wait=timedelta(seconds=0.05), since_version=1
    )

    assert waited == record


async def test_credentials_are_for_the_requester_while_in_force(
    scripted: Product,
) -> None:
    """Each reading is audited; nothing of them is in the chain."""
    request = (await scripted.active()).request

    for _ in range(2):
        credentials = await scripted.acting(ALICE).credentials(request.id)
        assert credentials.secrets == Secrets(variables={"KEY": SECRET})
        assert credentials.expires_at == request.expires_at

    readings = await scripted.events(AuditAction.CREDENTIALS_READ)
    assert [event.fact.actor for event in readings] == [ALICE, ALICE]
    assert {event.fact.outcome for event in readings} == {Outcome.SUCCESS}
    assert SECRET not in "".join(event.record for event in await scripted.events())
    assert (await scripted.record(request.id)).request == request


async def test_nobody_else_reads_credentials(scripted: Product) -> None:
    """Not the approver, not an admin; to outsiders there is no request."""
    scripted_policy = scripted.jitsudo.policy
    assert isinstance(scripted_policy, ScriptedPolicy)
    request_id = (await scripted.active()).request.id
    scripted_policy.rule = refusing(PolicyAction.APPROVE, PolicyAction.DENY)

    for insider in (BOB, BEN, ERIN):
        with pytest.raises(NotAllowed, match=r"only alice@example\.com"):
            await scripted.acting(insider).credentials(request_id)
    with pytest.raises(NotFound):
        await scripted.acting(DAVE).credentials(request_id)

    assert await scripted.events(AuditAction.CREDENTIALS_READ) == []


async def test_credentials_are_closed_before_and_after(scripted: Product) -> None:
    """Pending, approved, at the very end, expired: none; and nothing is audited."""
    request_id = (await scripted.submit()).request.id

    async def refused() -> str:
        with pytest.raises(WrongState) as closed:
            await scripted.acting(ALICE).credentials(request_id)
        return closed.value.actual

    assert await refused() == "PENDING (none)"
    await scripted.acting(BOB).approve(request_id, comment="")
    assert await refused() == "APPROVED (issuing)"
    await scripted.work()
    duration = (await scripted.record(request_id)).request.ask.duration
    scripted.clock.move(duration - duration.resolution)
    assert (await scripted.acting(ALICE).credentials(request_id)).secrets.variables
    scripted.clock.move(duration.resolution)
    assert await refused() == "ACTIVE (active)"
    await scripted.hurry_and_work()
    assert await refused() == "EXPIRED (ended)"
    assert len(await scripted.events(AuditAction.CREDENTIALS_READ)) == 1


async def test_a_disabled_requester_reads_nothing(scripted: Product) -> None:
    """Banned a minute ago, with the grant still in force."""
    request_id = (await scripted.active()).request.id
    await scripted.disable(ALICE)

    with pytest.raises(NotAllowed, match="is disabled"):
        await scripted.acting(ALICE).credentials(request_id)

    assert await scripted.events(AuditAction.CREDENTIALS_READ) == []


async def test_another_requests_ciphertext_is_refused(scripted: Product) -> None:
    """The request id is inside: a row changed by hand opens nothing."""
    mine = (await scripted.active()).request.id
    other = (await scripted.active(an_ask(role="dba"))).request.id
    stolen = await scripted.grant(other)
    own = await scripted.grant(mine)
    assert stolen is not None
    assert own is not None
    async with scripted.store.transaction() as uow:
        await uow.grants.put(replace(own, sealed_credentials=stolen.sealed_credentials))
        await uow.commit()

    with pytest.raises(ConfigurationError, match="another request's"):
        await scripted.acting(ALICE).credentials(mine)

    assert await scripted.events(AuditAction.CREDENTIALS_READ) == []


async def test_a_wrong_key_says_which_setting(scripted: Product) -> None:
    """The reading fails, is not audited as one, and tells what to add."""
    request_id = (await scripted.active()).request.id
    services = scripted.jitsudo.services
    alice = Actor(email=ALICE, origin=Origin.API)
    reader = ReadCredentials(
        store=scripted.store,
        people=services.people,
        visibility=services.look._visibility,
        sealer=FernetSealer([Fernet.generate_key().decode()]),
        clock=scripted.clock,
    )

    with pytest.raises(ConfigurationError, match="JITSUDO_ENCRYPTION_KEYS"):
        await reader.read(alice, request_id, None)

    assert await scripted.events(AuditAction.CREDENTIALS_READ) == []


@pytest.mark.parametrize(
    "scope", [TokenScope.READ, TokenScope.REQUEST, TokenScope.APPROVE]
)
async def test_a_token_does_what_its_scope_says(
    scripted: Product, scope: TokenScope
) -> None:
    """Each act needs its scope; without it nothing is read, asked or written."""
    request_id = (await scripted.submit()).request.id
    acting = scripted.acting(BOB, scopes=frozenset(TokenScope) - {scope})
    acts: dict[TokenScope, tuple[Attempt, ...]] = {
        TokenScope.READ: (
            lambda: acting.get(request_id),
            lambda: acting.list(RequestQuery()),
            lambda: acting.tokens(TokenQuery()),
            acting.verify_audit,
            lambda: acting.jobs(failing_only=False),
            lambda: acting.audit(AuditFilter()),
        ),
        TokenScope.REQUEST: (
            lambda: acting.submit(an_ask()),
            lambda: acting.withdraw(request_id),
            lambda: acting.credentials(request_id),
        ),
        TokenScope.APPROVE: (
            lambda: acting.approve(request_id, comment=""),
            lambda: acting.deny(request_id, reason="no"),
        ),
    }

    for act in acts[scope]:
        with pytest.raises(NotAllowed, match=f"lacks the scope '{scope.value}'"):
            await act()

    assert (await scripted.record(request_id)).decisions == ()
    # Only who tried to decide is news.
    refused = await scripted.events(outcome=Outcome.FAILURE)
    told = [(event.fact.actor, event.fact.details["verdict"]) for event in refused]
    tried = [(BOB, "approve"), (BOB, "deny")]
    assert told == (tried if scope is TokenScope.APPROVE else [])
    assert all(event.fact.request_id == request_id for event in refused)
    assert len(await scripted.events()) == 1 + len(refused)
