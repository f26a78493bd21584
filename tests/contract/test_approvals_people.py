"""Principals, trust, reload and the doctor: the same in process and over REST."""

import pytest

from core.approvals import Approvals
from core.domain.identity import GroupsFrom
from core.errors import Invalid, NotAllowed, NotFound
from core.ports import AuditFilter
from core.vocabulary import AuditAction, GroupSource, Outcome, TokenScope
from tests.support.builders import ALICE, BOB, DAVE, ERIN, an_ask
from tests.support.servers import House


async def test_a_principal_is_shown_to_admins_and_to_themselves(
    alice: Approvals, house: House
) -> None:
    """Groups come with their source; others may not look."""
    await alice.submit(an_ask())
    erin = await house.acting(ERIN)

    seen = await erin.principal(f" {ALICE.upper()} ")
    own = await alice.principal(ALICE)

    assert seen == own
    assert (seen.email, seen.trust_tier, seen.is_disabled) == (ALICE, 0, False)
    assert seen.sources == (
        GroupsFrom(source=GroupSource.FILE, groups=frozenset({"sre"})),
    )
    assert seen.last_seen_at is not None
    with pytest.raises(NotAllowed):
        await alice.principal(BOB)
    with pytest.raises(NotAllowed):
        await (await house.acting(ALICE, frozenset({TokenScope.REQUEST}))).principal(
            ALICE
        )


async def test_who_was_never_met_is_not_found(house: House) -> None:
    """In no group, without a tier, a token or an act."""
    erin = await house.acting(ERIN)

    with pytest.raises(NotFound):
        await erin.principal("nobody@example.com")
    with pytest.raises(Invalid):
        await erin.principal("no address")


async def test_trust_is_set_by_another_admin_and_audited_once(
    alice: Approvals, house: House
) -> None:
    """Old and new are in the event; the same again writes none."""
    erin = await house.acting(ERIN)

    facts = await erin.trust_principal(ALICE, tier=3, notes="on call since 2024")
    again = await erin.trust_principal(ALICE, tier=3, notes="on call since 2024")
    await erin.trust_principal(ALICE, tier=0, notes="")

    assert facts == again
    assert (facts.trust_tier, facts.notes, facts.enrolled_by) == (
        3,
        "on call since 2024",
        ERIN,
    )
    assert facts.enrolled_at is not None
    assert (await alice.whoami()).trust_tier == 0
    page = await erin.audit(AuditFilter(action=AuditAction.PRINCIPAL_TRUST_CHANGED))
    changes = [
        (e.fact.actor, e.fact.details["old_tier"], e.fact.details["new_tier"])
        for e in page.events
    ]
    assert changes == [(ERIN, 3, 0), (ERIN, 0, 3)]


async def test_nobody_sets_their_own_trust(house: House) -> None:
    """Nor does somebody who is no admin, or whose token is none for that."""
    erin = await house.acting(ERIN)
    reader = await house.acting(ERIN, frozenset({TokenScope.READ}))
    dave = await house.acting(DAVE)

    with pytest.raises(Invalid, match="your own"):
        await erin.trust_principal(ERIN, tier=4, notes="")
    for nobody in (dave, reader):
        with pytest.raises(NotAllowed):
            await nobody.trust_principal(BOB, tier=4, notes="")
    assert (await erin.whoami()).trust_tier == 0
    for tier in (-1, 5):
        with pytest.raises(Invalid, match="trustTier"):
            await erin.trust_principal(BOB, tier=tier, notes="")


async def test_reloading_says_what_is_in_force_and_is_audited(house: House) -> None:
    """Admins only; the event names who asked for it."""
    erin = await house.acting(ERIN)

    reload = await erin.reload_policies()

    assert reload.loaded > 0
    assert reload.revision
    page = await erin.audit(AuditFilter(action=AuditAction.POLICY_RELOADED, limit=1))
    fact = page.events[0].fact
    assert (fact.actor, fact.outcome) == (ERIN, Outcome.SUCCESS)
    assert fact.details["policy_revision"] == reload.revision
    with pytest.raises(NotAllowed):
        await (await house.acting(BOB)).reload_policies()


async def test_a_preview_says_who_would_be_asked(house: House) -> None:
    """By the starter policy bob and ben can approve what alice asks for."""
    erin = await house.acting(ERIN)

    preview = await erin.preview(ALICE, an_ask())

    assert preview.refusal is None
    assert preview.notified == ("ben@example.com", BOB)
    assert [(one.email, one.why_not) for one in preview.candidates] == [
        ("ben@example.com", None),
        (BOB, None),
    ]
    assert preview.findings == ()
    with pytest.raises(NotAllowed):
        await (await house.acting(ALICE)).preview(ALICE, an_ask())
    with pytest.raises(Invalid, match="provider"):
        await erin.preview(ALICE, an_ask(provider="nowhere"))


async def test_the_doctor_finds_nothing_where_all_is_well(
    alice: Approvals, house: House
) -> None:
    """What was asked for has been looked at; the answer is for auditors."""
    await alice.submit(an_ask())
    erin = await house.acting(ERIN)

    report = await erin.check_approvers()

    assert (report.checked, report.findings) == (1, ())
    with pytest.raises(NotAllowed):
        await alice.check_approvers()
