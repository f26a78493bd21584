"""Credentials, audit, policy and jobs: the same in process and over REST."""

from datetime import timedelta

import pytest

from core.approvals import Approvals
from core.domain.identity import Membership
from core.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    WrongState,
)
from core.ports import AuditFilter
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    PolicyPackage,
    RequestState,
    TokenScope,
)
from tests.support.builders import (
    ALICE,
    BOB,
    ERIN,
    an_ask,
)
from tests.support.servers import House, working


async def test_credentials_are_the_requesters_alone(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """They are there once ACTIVE, for nobody else, and each reading is audited."""
    asked = await alice.submit(an_ask())
    request_id = asked.request.id
    with pytest.raises(WrongState):
        await alice.credentials(request_id)

    async with working(house.jitsudo):
        await bob.approve(request_id, comment="")
        record = asked
        while record.request.state is not RequestState.ACTIVE:
            record = await alice.get(
                request_id,
                wait=timedelta(seconds=10),
                since_version=record.request.version,
            )
    opened = await alice.credentials(request_id)

    assert record.request.grant_status is GrantStatus.ACTIVE
    assert opened.secrets.variables["LOCAL_ROLE"] == "infra-admin"
    assert opened.expires_at == record.request.expires_at
    with pytest.raises(NotAllowed):
        await bob.credentials(request_id)
    reading = await (await house.acting(ERIN)).audit(
        AuditFilter(request_id=request_id, action=AuditAction.CREDENTIALS_READ)
    )
    assert [event.fact.actor for event in reading.events] == [ALICE]


async def test_audit_is_for_auditors_and_verifies(
    alice: Approvals, bob: Approvals, house: House
) -> None:
    """Every event has its record and hash; the head is a checkpoint."""
    erin = await house.acting(ERIN)
    asked = await alice.submit(an_ask())
    await bob.deny(asked.request.id, reason="no")

    with pytest.raises(NotAllowed):
        await bob.audit(AuditFilter())
    page = await erin.audit(AuditFilter(limit=1, action=AuditAction.REQUEST_DENIED))
    (refused,) = (await erin.audit(AuditFilter(limit=1))).events
    before = await erin.audit(
        AuditFilter(request_id=asked.request.id, before_seq=page.events[0].seq)
    )
    report = await erin.verify_audit((page.events[0].seq, page.events[0].hash))

    assert page.events[0].fact.action is AuditAction.REQUEST_DENIED
    assert page.events[0].fact.details["denial_reason"] == "no"
    assert [e.fact.action for e in before.events] == [AuditAction.REQUEST_CREATED]
    assert (refused.fact.action, refused.fact.actor) == (AuditAction.ADMIN_REFUSED, BOB)
    assert report.head_hash == refused.hash


async def test_policy_can_be_tried_out(house: House) -> None:
    """The answer has every rule; nothing is decided by it."""
    erin = await house.acting(ERIN)
    document = {
        "user": {"email": ALICE, "groups": ["sre"]},
        "request": {
            "provider": "local",
            "role": "infra-admin",
            "resource_scope": "staging",
            "duration_seconds": 3600,
        },
    }

    answer = await erin.evaluate(PolicyPackage.ELIGIBILITY, document)

    assert answer.is_allowed
    assert answer.revision
    with pytest.raises(Invalid):
        await erin.evaluate(PolicyPackage.ELIGIBILITY, {"user": 7})


async def test_whoami_knows_groups_and_scopes(house: House) -> None:
    """Groups come from the directory, scopes from the token."""
    scopes = frozenset({TokenScope.READ, TokenScope.APPROVE})
    bob = await house.acting(BOB, scopes)

    identity = await bob.whoami()

    assert (identity.email, identity.groups, identity.scopes) == (
        BOB,
        ("sre-lead",),
        scopes,
    )


async def test_scope_of_the_token_limits_its_holder(
    alice: Approvals, house: House
) -> None:
    """A token for reading cannot decide, whoever holds it."""
    asked = await alice.submit(an_ask())
    bob = await house.acting(BOB, frozenset({TokenScope.READ}))

    with pytest.raises(NotAllowed) as refused:
        await bob.approve(asked.request.id, comment="")

    assert "approve" in refused.value.reason
    assert await bob.get(asked.request.id) == asked


async def test_admins_let_an_email_change_hands(house: House) -> None:
    """Once; nobody else may, and who never signed in is not found."""
    known = Membership(
        email=BOB,
        issuer="https://login.example.com",
        subject="bob-1",
        signed_in_at=house.jitsudo.clock.now(),
        groups=frozenset({"sre-lead"}),
    )
    async with house.jitsudo.store.transaction() as uow:
        await uow.memberships.put(known)
        await uow.commit()
    erin, alice = await house.acting(ERIN), await house.acting(ALICE)

    with pytest.raises(NotAllowed):
        await alice.forget_sign_in(BOB)
    assert await erin.forget_sign_in(BOB.upper()) == BOB
    with pytest.raises(NotFound):
        await erin.forget_sign_in(BOB)
    with pytest.raises(Invalid):
        await erin.forget_sign_in("bob")

    wanted = AuditFilter(action=AuditAction.IDENTITY_UNLINKED)
    (event,) = (await erin.audit(wanted)).events
    assert event.fact.details["subject"] == "bob-1"


async def test_waiting_jobs_are_shown_to_auditors(
    alice: Approvals, house: House
) -> None:
    """A submission promises its lapse; the list names it."""
    asked = await alice.submit(an_ask())
    erin = await house.acting(ERIN)

    jobs = await erin.jobs(failing_only=False)

    assert any(asked.request.id in (job.lane + job.key) for job in jobs)
    assert await erin.jobs(failing_only=True) == ()
    with pytest.raises(NotAllowed):
        await alice.jobs(failing_only=False)
