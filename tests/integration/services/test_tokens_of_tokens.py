"""What somebody gains who holds a token that they made of somebody else: nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.approvals import Approvals, TokenQuery
from core.domain.principal import Actor
from core.errors import Invalid, NotAllowed, NotAuthenticated
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction, JobKind, Origin, RequestState, TokenScope
from tests.support.builders import ALICE, BOB, CAROL, DAVE, ERIN, an_ask
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product

HOUR = timedelta(hours=1)
MACHINES = frozenset({TokenScope.REQUEST, TokenScope.READ})


async def holding(product: Product, secret: str) -> Approvals:
    """Return the approvals of who comes with a token, as over REST."""
    bearer = await product.jitsudo.authenticate(secret)
    actor = Actor(
        email=bearer.email,
        origin=Origin.API,
        evidence=bearer.evidence,
        vouched_by=bearer.issued_by,
    )
    return product.jitsudo.acting(actor, scopes=bearer.scopes)


async def made(
    product: Product, email: str, *, scopes: frozenset[TokenScope] = ALL_SCOPES
) -> Approvals:
    """Return the approvals of who holds a token that erin, an admin, has made."""
    issued = await product.acting(ERIN).issue_token(email, scopes=scopes, ttl=HOUR)
    return await holding(product, issued.secret)


async def test_nobody_approves_what_they_asked_for_in_another_name(
    scripted: Product,
) -> None:
    """Of a token that only asks no admin is told: erin would be alone with it."""
    alice = await made(scripted, ALICE, scopes=MACHINES)
    asked = (await alice.submit(an_ask())).request

    with pytest.raises(NotAllowed, match="you issued the token"):
        await scripted.acting(ERIN, origin=Origin.SLACK).approve(asked.id, comment="")

    assert (await scripted.record(asked.id)).decisions == ()
    (refused,) = await scripted.events(AuditAction.REQUEST_DECISION_REFUSED)
    assert (refused.fact.actor, refused.fact.request_id) == (ERIN, asked.id)
    approved = await scripted.acting(BOB).approve(asked.id, comment="")
    assert approved.request.state is RequestState.APPROVED


async def test_nobody_reviews_what_they_broke_in_another_name(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """Whoever broke the glass is not who looks into it, whatever it was called."""
    policy.rule = always(replace(YES, allow_break_glass=True))
    alice = await made(scripted, ALICE, scopes=MACHINES)
    broke = (await alice.submit(an_ask(break_glass=True))).request

    with pytest.raises(NotAllowed, match="you issued the token"):
        await scripted.acting(ERIN).review(broke.id, note="fine")
    await scripted.acting(BOB).review(broke.id, note="looked into it")

    assert (await scripted.record(broke.id)).request.reviewed_by == BOB


async def test_an_extension_is_asked_for_by_whoever_holds_the_token(
    scripted: Product,
) -> None:
    """The grant was alice's own; more of it is asked for with erin's token."""
    active = (await scripted.active()).request
    alice = await made(scripted, ALICE, scopes=MACHINES)

    more = await alice.extend(active.id, duration=4 * HOUR, key="k")

    with pytest.raises(NotAllowed, match="you issued the token"):
        await scripted.acting(ERIN).approve(more.request.id, comment="")


async def test_a_token_made_with_a_token_is_of_all_who_made_them(
    scripted: Product,
) -> None:
    """However many lie between, none of them approves what erin asked for."""
    scripted.groups.join(CAROL, "jitsudo-admins")
    hers = (await scripted.submit(by=ERIN)).request
    carols = (await scripted.submit(by=CAROL)).request
    carol = await made(scripted, CAROL)
    own = await carol.issue_token(CAROL, scopes=ALL_SCOPES, ttl=HOUR)
    bobs = await carol.issue_token(BOB, scopes=ALL_SCOPES, ttl=HOUR)

    for secret in (own.secret, bobs.secret):
        decider = await holding(scripted, secret)
        with pytest.raises(NotAllowed, match=r"erin@example\.com issued the token"):
            await decider.approve(hers.id, comment="")

    bob = await holding(scripted, bobs.secret)
    with pytest.raises(NotAllowed, match=r"carol@example\.com issued the token"):
        await bob.approve(carols.id, comment="")
    asked = (await bob.submit(an_ask())).request
    for one in (ERIN, CAROL):
        with pytest.raises(NotAllowed, match="you issued the token"):
            await scripted.acting(one).approve(asked.id, comment="")

    assert {own.token.created_by, bobs.token.created_by} == {f"{ERIN} {CAROL}"}
    told = await scripted.jobs(JobKind.TELL_ADMINS)
    assert len(told) == 3, "carol's first, carol's own, bob's"


async def test_nobody_trusts_themselves_in_another_name(scripted: Product) -> None:
    """Policy may ask for trust in the place of a second person."""
    scripted.groups.join(CAROL, "jitsudo-admins")
    carol = await made(scripted, CAROL)

    with pytest.raises(Invalid, match="ask another admin"):
        await carol.trust_principal(ERIN, tier=4, notes="")
    facts = await carol.trust_principal(DAVE, tier=1, notes="")

    assert facts.trust_tier == 1


async def test_who_left_decides_nothing_with_tokens_that_they_issued(
    scripted: Product,
) -> None:
    """They have seen the secrets; machines go on asking, and the admins are told."""
    scripted.groups.join(CAROL, "jitsudo-admins")
    erin = scripted.acting(ERIN)
    carols = await erin.issue_token(CAROL, scopes=ALL_SCOPES, ttl=HOUR)
    machines = await erin.issue_token("ci@example.com", scopes=MACHINES, ttl=HOUR)
    deciding = await erin.issue_token(
        BOB, scopes=frozenset({TokenScope.APPROVE}), ttl=HOUR
    )
    pending = (await scripted.submit()).request

    await scripted.acting(CAROL).disable_principal(ERIN, reason="left")

    carol = await holding(scripted, carols.secret)
    with pytest.raises(NotAllowed, match="lacks the scope 'admin'"):
        await carol.enable_principal(ERIN)
    with pytest.raises(NotAllowed, match="lacks the scope 'approve'"):
        await carol.approve(pending.id, comment="")
    with pytest.raises(NotAuthenticated, match="issued the token is disabled"):
        await holding(scripted, deciding.secret)
    machine = await holding(scripted, machines.secret)
    assert (await machine.tokens(TokenQuery())).tokens != ()
    notices = [job.payload["text"] for job in await scripted.jobs(JobKind.TELL_ADMINS)]
    (told,) = [text for text in notices if "seen the secrets" in text]
    for issued in (carols, machines, deciding):
        assert issued.token.id in told
        assert issued.secret not in told
