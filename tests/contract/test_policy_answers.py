"""Both engines give the same answer to the same rules, and never an unclear yes."""

from pathlib import Path
from typing import Final

import pytest

from core.domain.policy import DEFAULT_REASON, PolicyAnswer
from core.errors import PolicyUnavailable
from core.policy.answers import APPROVAL_RULES
from core.vocabulary import PolicyAction, Tier
from tests.support.builders import a_question
from tests.support.engines import Engines, a_policy

WRONG_BOOLEANS: Final = ('"yes"', "1", "null", "[true]", '{"a": true}', "{true}")
WRONG_STRINGS: Final = ("true", "1", "null", '["x"]', '{"a": "x"}', '{"x"}')
WRONG_SETS: Final = ("true", '"x"', "1", "null", '{"a": "x"}', "{1}", '["x", null]')
WRONG_NUMBERS: Final = ('"2"', "true", "null", "0", "11", "-1", "2.5", "[2]", "1e400")

WRONG: Final = {
    "allow": WRONG_BOOLEANS,
    "deny": WRONG_SETS,
    "reason": WRONG_STRINGS,
    "required_approvals": WRONG_NUMBERS,
    "approver_groups": WRONG_SETS,
    "approver_group": (*WRONG_STRINGS, '""'),
    "notify_groups": WRONG_SETS,
    "channel": (*WRONG_STRINGS, '" "'),
    "allow_self_approval": WRONG_BOOLEANS,
    "require_comment": WRONG_BOOLEANS,
    "approval_note": WRONG_STRINGS,
}
"""What each rule must not be; `approver_tier` alone falls back."""


def plain(answer: PolicyAnswer) -> PolicyAnswer:
    """Return an answer without what says which engine gave it."""
    return PolicyAnswer(
        **{
            name: getattr(answer, name)
            for name in PolicyAnswer.__slots__
            if name not in {"revision", "decision_id"}
        }
    )


def test_every_rule_that_is_read_has_its_wrong_types_tested() -> None:
    """A rule that is added gets its wrong types here."""
    assert {*WRONG, "approver_tier"} == set(APPROVAL_RULES)


async def test_absent_rules_take_their_defaults(
    engines: Engines, tmp_path: Path
) -> None:
    """A package with nothing in it that we read says no, with every default."""
    engine = await engines.over(a_policy(tmp_path, approval="helper := 1"))

    assert plain(await engine.ask(a_question())) == PolicyAnswer(
        allow=False,
        deny=(),
        reason=DEFAULT_REASON,
        allow_break_glass=False,
        tier=Tier.HUMAN,
        required_approvals=1,
        approver_groups=(),
        notify_groups=None,
        channel=None,
        allow_self_approval=False,
        require_comment=False,
        approval_note="",
    )


async def test_every_rule_is_read(engines: Engines, tmp_path: Path) -> None:
    """Every rule reaches the answer, sets in alphabetical order, once."""
    rules = """
allow := true
deny contains "frozen"
deny contains "again"
reason := "because"
approver_tier := "ai_review"
required_approvals := 2
approver_groups := {"b", "a"}
approver_group := "c"
notify_groups := set()
channel := "#access"
allow_self_approval := true
require_comment := true
approval_note := "one from security"
"""
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    assert plain(await engine.ask(a_question())) == PolicyAnswer(
        allow=True,
        deny=("again", "frozen"),
        reason="because",
        tier=Tier.AI_REVIEW,
        required_approvals=2,
        approver_groups=("a", "b", "c"),
        notify_groups=(),
        channel="#access",
        allow_self_approval=True,
        require_comment=True,
        approval_note="one from security",
    )


async def test_arrays_are_as_good_as_sets(engines: Engines, tmp_path: Path) -> None:
    """Order and repetition in an array mean nothing."""
    rules = 'deny := ["x", "a", "x"]\napprover_groups := ["b", "a"]'
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    answer = await engine.ask(a_question())

    assert answer.deny == ("a", "x")
    assert answer.approver_groups == ("a", "b")


async def test_a_quorum_may_be_computed(engines: Engines, tmp_path: Path) -> None:
    """4 / 2 is 2, whichever kind of number the engine makes of it."""
    engine = await engines.over(
        a_policy(tmp_path, approval="required_approvals := 4/2")
    )

    assert (await engine.ask(a_question())).required_approvals == 2


async def test_a_rule_of_the_wrong_type_refuses(
    engines: Engines, tmp_path: Path
) -> None:
    """Each rule, each wrong type: an error that names the rule, never an answer."""
    cases = [(rule, value) for rule, values in WRONG.items() for value in values]
    engine = await engines.over(a_policy(tmp_path, approval=_by_reason(cases)))

    whys = {}
    for number, (rule, value) in enumerate(cases):
        with pytest.raises(PolicyUnavailable) as caught:
            await engine.ask(a_question(user=f"case{number}@example.com"))
        whys[rule, value] = caught.value.why

    unnamed = {case for case, why in whys.items() if f"rule {case[0]} " not in why}
    assert unnamed <= {("required_approvals", "1e400")}


def _by_reason(cases: list[tuple[str, str]]) -> str:
    """Return rules of which each question meets one wrong one, and else a yes."""
    wrong = [
        f'{rule} := {value} if input.user.email == "case{number}@example.com"'
        for number, (rule, value) in enumerate(cases)
    ]
    others = [str(number) for number, (rule, _) in enumerate(cases) if rule != "allow"]
    emails = ", ".join(f'"case{number}@example.com"' for number in others)
    return "\n".join([f"allow if input.user.email in {{{emails}}}", *wrong])


@pytest.mark.parametrize("value", ['"nonsense"', "1", "null", "true", '["auto"]'])
async def test_an_odd_tier_is_human(
    engines: Engines, tmp_path: Path, value: str
) -> None:
    """The one rule that falls back, to the strictest there is."""
    rules = f"allow := true\napprover_tier := {value}"
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    assert (await engine.ask(a_question())).tier is Tier.HUMAN


@pytest.mark.parametrize(
    ("rest", "tier"),
    [
        ("", Tier.AUTO),
        ("required_approvals := 2", Tier.HUMAN),
        ('deny contains "frozen"', Tier.HUMAN),
    ],
)
async def test_auto_needs_a_quorum_of_one_and_nothing_against_it(
    engines: Engines, tmp_path: Path, rest: str, tier: Tier
) -> None:
    """A policy that contradicts itself waits for people."""
    rules = f'approver_tier := "auto"\n{rest}'
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    answer = await engine.ask(a_question(action=PolicyAction.ROUTE))

    assert answer.tier is tier


async def test_rules_of_the_other_package_are_not_read(
    engines: Engines, tmp_path: Path
) -> None:
    """Eligibility has four rules; what it calls its others is its own business."""
    rules = 'allow := true\nallow_break_glass := true\nrequired_approvals := "2"'
    engine = await engines.over(
        a_policy(tmp_path, approval="allow_break_glass := 1", eligibility=rules)
    )

    eligible = await engine.ask(a_question(action=PolicyAction.SUBMIT))
    approved = await engine.ask(a_question())

    assert plain(eligible) == PolicyAnswer(allow=True, allow_break_glass=True)
    assert plain(approved) == PolicyAnswer()


async def test_a_package_that_is_missing_is_not_a_no(
    engines: Engines, tmp_path: Path
) -> None:
    """It is told as missing, so that nobody looks for the rule that refused."""
    (tmp_path / "e.rego").write_text("package jitsudo.eligibility\nallow := true\n")
    engine = await engines.over(tmp_path)

    with pytest.raises(PolicyUnavailable, match=r"no policy .* jitsudo\.approval"):
        await engine.ask(a_question())

    health = await engine.health()
    assert not health.is_ready
    assert "jitsudo.approval" in health.detail


async def test_two_values_for_one_rule_are_none(
    engines: Engines, tmp_path: Path
) -> None:
    """A conflict is an error, whichever of the values came first."""
    rules = """
allow := input.request.role == "x" if bob
allow if bob
bob if input.user.email == "bob@example.com"
"""
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    with pytest.raises(PolicyUnavailable):
        await engine.ask(a_question())


async def test_data_beside_the_rules_is_loaded(
    engines: Engines, tmp_path: Path
) -> None:
    """`data.json` is there under its folders' names."""
    (tmp_path / "data.json").write_text('{"approvers": ["bob@example.com"]}')
    (tmp_path / "limits").mkdir()
    (tmp_path / "limits" / "data.json").write_text('{"note": "say \\"why\\""}')
    rules = "allow if input.user.email in data.approvers\nreason := data.limits.note"
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    answer = await engine.ask(a_question())

    assert (answer.allow, answer.reason) == (True, 'say "why"')
