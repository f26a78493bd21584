"""The doctor: what is asked for and could be approved by nobody."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.approvers import FINDINGS, Finding
from core.domain.identity import SlackAccount, SlackLink
from core.domain.policy import PolicyAnswer
from core.errors import DirectoryUnavailable, PolicyUnavailable
from core.ports import Outside
from core.services.doctor import Doctor
from core.vocabulary import JobKind, LinkMethod, PolicyAction, Tier
from tests.support.builders import ALICE, BEN, BOB, CAROL, DAVE, ERIN, an_ask
from tests.support.directories import ScriptedWorkplace
from tests.support.policies import YES, ScriptedPolicy, always
from tests.support.products import Product, a_product
from tests.support.rosters import Groups


@pytest.fixture
def workplace() -> ScriptedWorkplace:
    """A workplace where everybody can act."""
    return ScriptedWorkplace()


@pytest.fixture
async def clinic(
    database_url: str,
    groups: Groups,
    policy: ScriptedPolicy,
    workplace: ScriptedWorkplace,
) -> AsyncIterator[Product]:
    """Yield core with a scripted policy and a workplace, on each database."""
    outside = Outside(workplace=workplace)
    async with a_product(
        database_url, groups, policy=policy, outside=outside
    ) as product:
        yield product


def routing(policy: ScriptedPolicy, **changes: object) -> None:
    """Have policy answer everything with a yes that is routed differently."""
    policy.rule = always(replace(YES, **changes))  # type: ignore[arg-type]  # fields


async def found(product: Product) -> list[tuple[str, str]]:
    """Return the codes and problems of what the doctor finds."""
    report = await product.jitsudo.services.doctor.check()
    return [(finding.code, finding.problem) for finding in report.findings]


async def test_all_is_well_when_somebody_else_can_approve(
    clinic: Product, workplace: ScriptedWorkplace
) -> None:
    """Slack is asked of as many people as the quorum takes, and of no more."""
    await clinic.submit()
    await clinic.submit()

    report = await clinic.jitsudo.services.doctor.check()

    assert (report.checked, report.findings, report.notes) == (1, (), ())
    assert workplace.asked == [BEN]


async def test_each_way_in_which_nobody_can_approve_is_found(
    clinic: Product, policy: ScriptedPolicy, workplace: ScriptedWorkplace
) -> None:
    """Empty, the requester alone, nobody who can act, too few, no groups at all."""
    await clinic.submit()

    routing(policy, approver_groups=("nobody", "sre-lead"))
    assert await found(clinic) == [
        ("empty_group", "approver group nobody is empty or unknown")
    ]
    routing(policy, approver_groups=("sre",))
    assert await found(clinic) == [
        ("only_requester", f"approver group sre has nobody but {ALICE}, who asks")
    ]
    routing(policy, approver_groups=())
    assert [code for code, _ in await found(clinic)] == ["nobody_named"]
    routing(policy, required_approvals=3)
    assert await found(clinic) == [
        ("too_few", "sre-lead: it takes 3 approvals, and 2 can approve")
    ]
    routing(policy)
    await clinic.disable(BEN)
    workplace.unreachable[BOB] = "is a guest"
    ((code, problem),) = await found(clinic)
    assert code == "nobody_can_act"
    assert problem.endswith(f"can act: {BEN} (is disabled), {BOB} (is a guest)")


async def test_a_group_of_which_nobody_can_act_is_found_beside_one_that_can(
    clinic: Product, policy: ScriptedPolicy, workplace: ScriptedWorkplace
) -> None:
    """Policy may want one of each, and only policy knows."""
    routing(policy, approver_groups=("security", "sre-lead"), required_approvals=2)
    workplace.unreachable[CAROL] = "is deactivated"
    await clinic.submit()

    assert await found(clinic) == [
        (
            "nobody_can_act",
            f"nobody of approver group security can act: {CAROL} (is deactivated)",
        )
    ]


async def test_what_policy_decides_alone_needs_no_approver(
    clinic: Product, policy: ScriptedPolicy, workplace: ScriptedWorkplace
) -> None:
    """Its card still wants a channel."""
    routing(policy, tier=Tier.AUTO, approver_groups=("nobody",))
    await clinic.submit()

    assert await found(clinic) == []
    workplace.unpostable[None] = "not_in_channel: invite the bot"
    ((code, problem),) = await found(clinic)
    assert code == "channel"
    assert problem.endswith("the configured channel: not_in_channel: invite the bot")


async def test_the_requester_counts_where_policy_lets_them(
    clinic: Product, policy: ScriptedPolicy
) -> None:
    """`allow_self_approval`, in as many words."""
    routing(policy, approver_groups=("sre",), allow_self_approval=True)
    await clinic.submit()

    assert await found(clinic) == []


async def test_who_could_not_ask_any_more_is_left_out(
    clinic: Product, policy: ScriptedPolicy
) -> None:
    """Unless their request is pending: that one waits for somebody."""
    pending = await clinic.submit()
    routing(policy, approver_groups=("nobody",))
    no_more = {PolicyAction.SUBMIT: PolicyAnswer(reason="no more")}
    policy.rule = lambda question: no_more.get(
        question.action, replace(YES, approver_groups=("nobody",))
    )

    assert [code for code, _ in await found(clinic)] == ["empty_group"]
    await clinic.acting(ALICE).withdraw(pending.request.id)
    assert await found(clinic) == []


async def test_only_what_was_asked_for_lately_is_looked_at(clinic: Product) -> None:
    """Thirty days; what is pending counts whenever it was asked for."""
    record = await clinic.submit()
    await clinic.acting(ALICE).withdraw(record.request.id)
    await clinic.submit(an_ask(role="other"))
    clinic.clock.move(timedelta(days=31))

    report = await clinic.jitsudo.services.doctor.check()

    assert report.checked == 1


async def test_slack_not_saying_is_a_note_and_no_finding(
    clinic: Product, workplace: ScriptedWorkplace
) -> None:
    """An outage of Slack makes nobody look gone."""
    workplace.is_down = True
    await clinic.submit()

    report = await clinic.jitsudo.services.doctor.check()

    assert (report.findings, report.is_whole) == ((), False)
    assert any("not reached" in note for note in report.notes)


async def test_policy_or_groups_that_do_not_answer_are_errors(
    clinic: Product, policy: ScriptedPolicy
) -> None:
    """No answer is not taken for all being well."""
    await clinic.submit()

    policy.failure = "is away"
    with pytest.raises(PolicyUnavailable):
        await found(clinic)
    policy.failure = None
    clinic.groups.write("broken: [")
    with pytest.raises(DirectoryUnavailable):
        await found(clinic)


@pytest.mark.parametrize("method", LinkMethod)
async def test_who_is_not_linked_cannot_act_where_that_is_required(
    clinic: Product, policy: ScriptedPolicy, method: LinkMethod
) -> None:
    """One link is enough for a quorum of one; but no first use, as when acting."""
    await clinic.submit()
    doctor = Doctor(
        store=clinic.store,
        policy=policy,
        directory=clinic.jitsudo.directory,
        people=clinic.jitsudo.services.people,
        providers={},
        outside=Outside(),
        clock=clinic.clock,
        needs_link=True,
    )

    before = await doctor.check()
    async with clinic.store.transaction() as uow:
        await uow.links.add(
            SlackLink(
                account=SlackAccount(team_id="T1", user_id="U1"),
                email=BOB,
                method=method,
                linked_by=ERIN,
                linked_at=clinic.clock.now(),
            )
        )
        await uow.commit()
    after = await doctor.check()

    assert [finding.code for finding in before.findings] == ["nobody_can_act"]
    assert (after.findings == ()) is (method is not LinkMethod.FIRST_USE)


async def test_the_daily_look_tells_once_and_again_after_it_was_mended(
    clinic: Product, policy: ScriptedPolicy, workplace: ScriptedWorkplace
) -> None:
    """What was told stands in the next job; replicas that start promise one."""
    await clinic.submit()
    checks = clinic.jitsudo.services.check_approvers
    routing(policy, approver_groups=("nobody",))
    await checks.promise()
    await checks.promise()
    assert len(await clinic.jobs(JobKind.CHECK_APPROVERS)) == 1

    async def look() -> int:
        await clinic.hurry(JobKind.CHECK_APPROVERS)
        before = len(await clinic.jobs(JobKind.TELL_ADMINS))
        await clinic.work()
        return len(await clinic.jobs(JobKind.TELL_ADMINS)) - before

    assert await look() == 1
    (job,) = await clinic.jobs(JobKind.CHECK_APPROVERS)
    (notice,) = await clinic.jobs(JobKind.TELL_ADMINS)
    assert job.payload[FINDINGS] == "1"
    async with clinic.store.snapshot() as uow:
        assert (await uow.figures.backlog()).approver_findings == 1
    assert job.due_at > clinic.clock.now() + timedelta(hours=23)
    assert "approver group nobody is empty" in notice.payload["text"]
    assert ALICE in notice.payload["text"]
    assert await look() == 0
    policy_before, workplace.is_down = policy.rule, True
    routing(policy)
    assert await look() == 0  # what was told is not forgotten in an outage
    policy.rule, workplace.is_down = policy_before, False
    assert await look() == 0
    await clinic.claim(JobKind.TELL_ADMINS)  # told, and gone
    routing(policy)
    assert await look() == 0
    (job,) = await clinic.jobs(JobKind.CHECK_APPROVERS)
    assert job.payload[FINDINGS] == "0"
    routing(policy, approver_groups=("nobody", "gone"))
    assert await look() == 1


async def test_a_look_that_fails_is_tried_again(
    clinic: Product, policy: ScriptedPolicy
) -> None:
    """The job stays, and says why."""
    await clinic.submit()
    await clinic.jitsudo.services.check_approvers.promise()
    policy.failure = "is away"

    await clinic.hurry(JobKind.CHECK_APPROVERS)
    await clinic.work()

    (job,) = await clinic.jobs(JobKind.CHECK_APPROVERS)
    assert "is away" in job.last_error


async def test_a_preview_of_prod_says_who_counts_and_who_does_not(
    product: Product,
) -> None:
    """The starter policy wants two for prod; dave may not ask at all."""
    doctor = product.jitsudo.services.doctor
    await product.disable(BEN)

    prod = await doctor.preview(ALICE, an_ask(resource_scope="prod"), None)
    nobody = await doctor.preview(DAVE, an_ask(), None)

    assert (prod.required_approvals, prod.refusal) == (2, None)
    assert {one.email: one.why_not for one in prod.candidates} == {
        BEN: "is disabled",
        BOB: None,
        CAROL: None,
    }
    assert prod.notified == (BEN, BOB, CAROL)
    assert prod.findings == ()
    assert nobody.refusal is not None
    assert await product.jobs() == []


async def test_a_preview_stores_nothing(product: Product) -> None:
    """No request, no event."""
    await product.jitsudo.services.doctor.preview(ALICE, an_ask(), None)

    assert await product.events() == []


def test_a_finding_is_the_same_whoever_asks() -> None:
    """So that one more requester does not tell the admins again."""
    one = Finding(code="empty_group", problem="x is empty", todo="mend it", asks=("a",))

    assert replace(one, asks=("a", "b")).digest == one.digest
    assert replace(one, problem="y is empty").digest != one.digest


async def test_of_many_people_only_so_many_are_looked_up(
    clinic: Product, policy: ScriptedPolicy
) -> None:
    """Slack allows few calls; what is pending goes first."""
    for person in (ALICE, DAVE):
        await clinic.submit(by=person)
    old = await clinic.submit(an_ask(role="other"), by=BOB)
    await clinic.acting(BOB).withdraw(old.request.id)
    doctor = Doctor(
        store=clinic.store,
        policy=policy,
        directory=clinic.jitsudo.directory,
        people=clinic.jitsudo.services.people,
        providers={},
        outside=Outside(),
        clock=clinic.clock,
        most_requesters=2,
    )

    assert (await doctor.check()).checked == 2
