"""The starter policy means the same to both engines, and what the page says."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from core.domain.policy import PolicyAnswer, PolicyPerson, PolicyQuestion
from core.policy.embedded import EmbeddedEngine
from core.policy.opa import OpaEngine
from core.ports import PolicyEngine
from core.vocabulary import PolicyAction, Tier
from tests.support.builders import a_question, an_ask
from tests.support.engines import STARTER, opa_server

BOB = PolicyPerson(email="bob@example.com", groups=("sre-lead",))
BEN = PolicyPerson(email="ben@example.com", groups=("sre-lead",))
CAROL = PolicyPerson(email="carol@example.com", groups=("security",))
DAVE = PolicyPerson(email="dave@example.com", groups=("developer",))
BOTH = PolicyPerson(email="zoe@example.com", groups=("security", "sre-lead"))

PROD = an_ask(role="infra-admin", resource_scope="PROD-1")


def asked(
    person: PolicyPerson,
    *,
    action: PolicyAction = PolicyAction.APPROVE,
    approvals: tuple[PolicyPerson, ...] = (),
) -> PolicyQuestion:
    """Return a question of `person` about prod."""
    question = a_question(action=action, ask=PROD, approvals=approvals)
    return replace(question, user=person)


async def test_sre_asks_for_up_to_four_hours(engine: PolicyEngine) -> None:
    """One second more is too long, and another group may not ask at all."""
    four_hours = timedelta(hours=4)

    def submit(duration: timedelta, group: str) -> PolicyQuestion:
        return a_question(
            action=PolicyAction.SUBMIT,
            user_groups=(group,),
            ask=an_ask(duration=duration),
        )

    allowed = await engine.ask(submit(four_hours, "sre"))
    too_long = await engine.ask(submit(four_hours + timedelta(seconds=1), "sre"))
    stranger = await engine.ask(submit(four_hours, "developer"))

    assert allowed.is_allowed
    assert (too_long.allow, stranger.allow) == (False, False)
    assert too_long.reason == "4h is the longest you may ask for; ask for less"
    assert stranger.reason.startswith("only members of sre may ask")
    in_an_hour = await engine.ask(submit(timedelta(hours=1), "sre"))
    assert (allowed.allow_break_glass, in_an_hour.allow_break_glass) == (False, True)


async def test_prod_needs_both_kinds_in_either_order(engine: PolicyEngine) -> None:
    """A second sre-lead cannot complete it, is told so, and may deny."""
    route = await engine.ask(asked(DAVE, action=PolicyAction.ROUTE))
    second = await engine.ask(asked(BEN, approvals=(BOB,)))
    denial = await engine.ask(asked(BEN, action=PolicyAction.DENY, approvals=(BOB,)))

    assert (route.required_approvals, route.tier) == (2, Tier.HUMAN)
    assert route.approver_groups == ("security", "sre-lead")
    assert "security" in route.approval_note
    assert not second.allow
    assert "has to come from security" in second.reason
    assert denial.allow
    for first, then in ((BOB, CAROL), (CAROL, BOB), (BOTH, BOB), (CAROL, BOTH)):
        assert (await engine.ask(asked(first))).allow
        assert (await engine.ask(asked(then, approvals=(first,)))).allow


@pytest.mark.parametrize(
    ("role", "scope", "minutes", "tier"),
    [
        ("logs-readonly", "staging", 30, Tier.AUTO),
        ("logs-READONLY", "staging", 30, Tier.AUTO),
        ("logs-readonly", "staging", 31, Tier.HUMAN),
        ("logs-readonly", "prod", 30, Tier.HUMAN),
        ("prod-readonly", "x", 30, Tier.HUMAN),
        ("readonly", "staging", 30, Tier.HUMAN),
        ("x-readonly-admin", "staging", 30, Tier.HUMAN),
    ],
)
async def test_short_read_only_access_needs_nobody(
    engine: PolicyEngine, role: str, scope: str, minutes: int, tier: Tier
) -> None:
    """Not prod, a role that ends in -readonly, at most thirty minutes."""
    ask = an_ask(role=role, resource_scope=scope, duration=timedelta(minutes=minutes))

    answer = await engine.ask(a_question(action=PolicyAction.ROUTE, ask=ask))

    assert answer.tier is tier


async def test_both_engines_answer_every_question_alike(opa_binary: str) -> None:
    """Person by action by role by who approved before: 500 questions, each twice."""
    people = (BOB, CAROL, DAVE, BOTH)
    earlier = ((), (BOB,), (CAROL,), (BOTH,), (BOB, CAROL))
    roles = ("infra-admin", "Prod-admin", "logs-readonly", 'x"prod\\', "p rod")
    embedded = await EmbeddedEngine.open(STARTER)
    with opa_server(opa_binary, STARTER) as url:
        opa = await OpaEngine.open(url)
        different = [
            question
            for action, person, role, approvals in product(
                PolicyAction, people, roles, earlier
            )
            for question in [
                replace(asked(person, action=action, approvals=approvals), role=role)
            ]
            if await _plain(opa, question) != await _plain(embedded, question)
        ]
        await opa.close()
    await embedded.close()

    assert different == []


async def _plain(engine: PolicyEngine, question: PolicyQuestion) -> PolicyAnswer:
    return replace(await engine.ask(question), revision="", decision_id="")


def test_the_starter_holds_rules_tests_and_groups() -> None:
    """Whoever copies it gets what is needed to change it safely."""
    names = {path.name for path in Path(STARTER).iterdir()}

    assert names == {
        "approval.rego",
        "approval_test.rego",
        "eligibility.rego",
        "eligibility_test.rego",
        "groups.yaml",
    }
