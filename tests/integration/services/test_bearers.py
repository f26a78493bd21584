"""Bearer tokens, the audit log and jobs, for those who may."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

import pytest

from core.approvals import RequestQuery
from core.domain.audit import GENESIS
from core.domain.token import digest_of
from core.errors import (
    AuditChainBroken,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotFound,
)
from core.ports import AuditFilter
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction, Origin, PolicyPackage, TokenScope
from tests.support.builders import ALICE, BOB, DAVE, ERIN, an_ask
from tests.support.products import Product

Attempt: TypeAlias = Callable[[], Awaitable[object]]

HOUR = timedelta(hours=1)


async def test_a_token_is_its_persons(scripted: Product) -> None:
    """Issued by an admin, audited, and stored without its secret."""
    issued = await scripted.acting(ERIN).issue_token(
        " Alice@Example.com ", scopes=frozenset({TokenScope.READ}), ttl=HOUR
    )

    bearer = await scripted.jitsudo.authenticate(issued.secret)
    assert (bearer.email, bearer.scopes) == (ALICE, frozenset({TokenScope.READ}))
    assert bearer.expires_at == scripted.clock.now() + HOUR
    assert issued.token.digest == digest_of(issued.secret)
    assert issued.secret not in repr(issued)
    (event,) = await scripted.events()
    assert event.fact.action is AuditAction.TOKEN_ISSUED
    assert event.fact.actor == ERIN
    assert event.fact.details["email"] == ALICE
    assert issued.secret not in event.record
    assert issued.token.digest not in event.record


async def test_a_token_that_is_over_is_nobodys(scripted: Product) -> None:
    """Expired, revoked, of a disabled person, mistyped, unknown, empty."""
    expired = await scripted.token(ALICE)
    scripted.clock.move(HOUR)
    revoked = await scripted.token(BOB)
    await scripted.acting(BOB).revoke_token(revoked.token.id)
    banned = await scripted.token(DAVE)
    await scripted.disable(DAVE)
    unknown = "jit_" + "a" * 32 + "ab11777"
    secrets = {
        expired.secret: "expired",
        revoked.secret: "revoked",
        banned.secret: "disabled",
        unknown: "unknown",
        unknown[:-1] + "0": "not one of jitsudo's",
        "": "not one of jitsudo's",
        "\x00": "not one of jitsudo's",
        "jit_\ud800": "not one of jitsudo's",
    }
    before = await scripted.actions()

    for secret, why in secrets.items():
        with pytest.raises(NotAuthenticated, match=why) as refused:
            await scripted.jitsudo.authenticate(secret)
        assert not secret or secret not in str(refused.value)

    assert await scripted.actions() == before


async def test_only_admins_issue_tokens(scripted: Product) -> None:
    """And only with a token that may; nobody else, for anybody."""
    for person in (ALICE, BOB, "stranger@example.com"):
        with pytest.raises(NotAllowed, match="jitsudo-admins"):
            await scripted.acting(person).issue_token(
                person, scopes=ALL_SCOPES, ttl=HOUR
            )
    limited = scripted.acting(ERIN, scopes=ALL_SCOPES - {TokenScope.ADMIN})
    with pytest.raises(NotAllowed, match="lacks the scope 'admin'"):
        await limited.issue_token(ERIN, scopes=ALL_SCOPES, ttl=HOUR)

    assert await scripted.tokens(ERIN) == ()
    tried = await scripted.events(AuditAction.ADMIN_REFUSED)
    assert [event.fact.actor for event in tried] == [
        *(ALICE, BOB, "stranger@example.com", ERIN)
    ]


@pytest.mark.parametrize(
    ("email", "scopes", "ttl", "field"),
    [
        ("nobody", ALL_SCOPES, HOUR, "e-mail"),
        (ALICE, frozenset(), HOUR, "scope"),
        (ALICE, ALL_SCOPES, timedelta(0), "ttl"),
        (ALICE, ALL_SCOPES, -HOUR, "ttl"),
        (ALICE, ALL_SCOPES, timedelta(days=367), "ttl"),
    ],
)
async def test_an_impossible_token_names_its_field(
    scripted: Product,
    email: str,
    scopes: frozenset[TokenScope],
    ttl: timedelta,
    field: str,
) -> None:
    """Nothing is stored."""
    with pytest.raises(Invalid) as refused:
        await scripted.acting(ERIN).issue_token(email, scopes=scopes, ttl=ttl)

    assert refused.value.field == field
    assert await scripted.tokens(ERIN) == ()


async def test_tokens_are_listed_and_revoked_by_their_owner_or_an_admin(
    scripted: Product,
) -> None:
    """Revoking twice is one event; another's token is not found."""
    alices = (await scripted.token(ALICE)).token
    bobs = (await scripted.token(BOB)).token

    assert [t.id for t in await scripted.tokens(ALICE)] == [alices.id]
    assert {t.id for t in await scripted.tokens(ERIN)} == {alices.id, bobs.id}
    with pytest.raises(NotFound):
        await scripted.acting(ALICE).revoke_token(bobs.id)
    limited = scripted.acting(ERIN, scopes=ALL_SCOPES - {TokenScope.ADMIN})
    with pytest.raises(NotFound):
        await limited.revoke_token(bobs.id)
    for _ in range(2):
        ended = await scripted.acting(ERIN).revoke_token(bobs.id)
        assert ended.revoked_at == scripted.clock.now()
    assert len(await scripted.events(AuditAction.TOKEN_REVOKED)) == 1


async def test_a_token_that_only_reads_ends_none(scripted: Product) -> None:
    """Whoever finds it could otherwise sign its owner out everywhere."""
    token = (await scripted.token(ALICE)).token
    reading = frozenset({TokenScope.READ, TokenScope.APPROVE})

    with pytest.raises(NotAllowed, match="lacks the scope 'request'"):
        await scripted.acting(ALICE, scopes=reading).revoke_token(token.id)

    assert await scripted.tokens(ALICE) == (token,)
    for scope in (TokenScope.REQUEST, TokenScope.ADMIN):
        acting = scripted.acting(ALICE, scopes=frozenset({scope}))
        assert (await acting.revoke_token(token.id)).revoked_at is not None


async def test_the_audit_log_is_for_auditors_and_admins(scripted: Product) -> None:
    """As are verification, trying out policy, and the list of jobs."""
    scripted.groups.join("aud@example.com", "jitsudo-auditors")
    await scripted.submit()

    def acts(person: str) -> tuple[Attempt, ...]:
        acting = scripted.acting(person)
        return (
            lambda: acting.audit(AuditFilter()),
            acting.verify_audit,
            lambda: acting.jobs(failing_only=False),
            lambda: acting.evaluate(PolicyPackage.APPROVAL, {}),
        )

    for person in (ALICE, BOB):
        for act in acts(person):
            with pytest.raises(NotAllowed, match="jitsudo-auditors"):
                await act()
    for person in (ERIN, "aud@example.com"):
        for act in acts(person)[:3]:
            assert await act()


async def test_the_audit_log_is_filtered_and_paged(scripted: Product) -> None:
    """Newest first, every event once."""
    first = (await scripted.submit()).request.id
    second = (await scripted.submit()).request.id
    await scripted.acting(BOB).deny(first, reason="no")
    acting = scripted.acting(ERIN)

    page = await acting.audit(AuditFilter(limit=2))
    rest = await acting.audit(AuditFilter(limit=2, before_seq=page.next_before))
    about = await acting.audit(AuditFilter(request_id=first))
    by_bob = await acting.audit(AuditFilter(actor=BOB))

    assert [event.seq for event in (*page.events, *rest.events)] == [3, 2, 1]
    assert (page.next_before, rest.next_before) == (2, None)
    assert [event.seq for event in about.events] == [3, 1]
    assert [event.seq for event in by_bob.events] == [3]
    assert second != first
    for limit in (0, 501):
        with pytest.raises(Invalid):
            await acting.audit(AuditFilter(limit=limit))


async def test_verification_compares_a_checkpoint_kept_elsewhere(
    scripted: Product,
) -> None:
    """It catches a chain written anew, and one that was cut off."""
    await scripted.submit()
    await scripted.submit()
    acting = scripted.acting(ERIN)
    report = await acting.verify_audit()
    assert (report.events, report.head_seq) == (2, 2)

    assert await acting.verify_audit((2, report.head_hash)) == report
    with pytest.raises(AuditChainBroken, match="checkpoint"):
        await acting.verify_audit((2, "f" * 64))
    with pytest.raises(AuditChainBroken, match="checkpoint"):
        await acting.verify_audit((3, "f" * 64))


async def test_an_empty_chain_is_intact(scripted: Product) -> None:
    """A fresh installation verifies."""
    report = await scripted.acting(ERIN).verify_audit()

    assert (report.events, report.head_hash) == (0, GENESIS)


async def test_an_operator_is_nobody_who_could_decide(scripted: Product) -> None:
    """Whoever holds the database's address issues the first token, and reads."""
    request_id = (await scripted.submit()).request.id
    operator = scripted.jitsudo.operator("operator:root@db1", {"os_user": "root"})

    issued = await operator.issue_token(ALICE, scopes=ALL_SCOPES, ttl=HOUR)
    (event,) = await scripted.events(AuditAction.TOKEN_ISSUED)
    assert (event.fact.actor, event.fact.origin) == ("operator:root@db1", Origin.DIRECT)
    assert event.fact.details["os_user"] == "root"
    assert (await scripted.jitsudo.authenticate(issued.secret)).email == ALICE
    assert (await operator.verify_audit()).events == 2
    assert await operator.jobs(failing_only=False)
    assert (await operator.get(request_id)).request.id == request_id
    page = await operator.list(RequestQuery(requester=ALICE))
    assert [record.request.id for record in page.records] == [request_id]
    assert (await operator.list(RequestQuery(mine=True))).records == ()
    attempts: tuple[Attempt, ...] = (
        lambda: operator.submit(an_ask()),
        lambda: operator.approve(request_id, comment=""),
        lambda: operator.deny(request_id, reason="no"),
        lambda: operator.withdraw(request_id),
        lambda: operator.credentials(request_id),
    )
    for attempt in attempts:
        with pytest.raises(NotAuthenticated, match="needs a person"):
            await attempt()
    assert (await scripted.record(request_id)).decisions == ()


async def test_whoami_says_groups_and_scopes(product: Product) -> None:
    """As known now, with what the token may do."""
    identity = await product.acting(BOB, scopes=frozenset({TokenScope.READ})).whoami()

    assert (identity.email, identity.groups) == (BOB, ("sre-lead",))
    assert identity.scopes == {TokenScope.READ}
    assert identity.trust_tier == 0
