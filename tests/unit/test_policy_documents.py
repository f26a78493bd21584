"""A question and its document are two spellings of one thing."""

from dataclasses import replace
from typing import Any

import pytest

from core.domain.policy import PolicyPerson
from core.errors import Invalid, PolicyUnavailable
from core.policy.answers import parse_answer
from core.policy.documents import from_document, sample, to_document
from core.policy.nothing import NoPolicy
from core.vocabulary import PolicyAction, PolicyPackage
from tests.support.builders import NOON, a_question

CAROL = PolicyPerson(email="carol@example.com", groups=("security",))


def test_the_document_is_the_documented_one() -> None:
    """Every key of the page that says how to write a policy, and no other."""
    question = replace(
        a_question(approvals=(CAROL,)), metadata={"ticket": "INC-1"}, trust_tier=2
    )

    assert to_document(question) == {
        "action": "approve",
        "user": {
            "email": "bob@example.com",
            "subject": "bob@example.com",
            "groups": ["sre-lead"],
        },
        "requester": {"email": "alice@example.com", "groups": ["sre"]},
        "request": {
            "id": "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA",
            "provider": "local",
            "role": "infra-admin",
            "resource_scope": "staging",
            "duration_seconds": 3600,
            "reason": "INC-4421: pods do not start",
            "break_glass": False,
            "metadata": {"ticket": "INC-1"},
        },
        "approvals": [{"email": "carol@example.com", "groups": ["security"]}],
        "quorum": {"required": 1, "recorded": 1},
        "context": {
            "trust_tier": 2,
            "origin": "api",
            "time": "2026-03-20T12:00:00.000000Z",
        },
    }


@pytest.mark.parametrize("action", PolicyAction)
def test_a_document_becomes_the_question_it_came_from(action: PolicyAction) -> None:
    """`policy eval` asks what a real request would ask."""
    question = a_question(action=action, approvals=(CAROL,))

    assert from_document(question.package, to_document(question)) == question


def test_a_short_document_is_a_first_question() -> None:
    """User and request are enough; the requester is the user, nobody approved."""
    request = {
        "provider": "aws",
        "role": "x",
        "resource_scope": "y",
        "duration_seconds": 60,
    }
    document = {"user": {"email": " Bob@Example.com "}, "request": request}

    asked = from_document(PolicyPackage.APPROVAL, document)
    submitted = from_document(PolicyPackage.ELIGIBILITY, document)

    assert asked.action is PolicyAction.APPROVE
    assert submitted.action is PolicyAction.SUBMIT
    assert asked.user == asked.requester
    assert asked.user == PolicyPerson(email="bob@example.com", groups=())
    assert asked.approvals == ()
    assert asked.time.tzinfo is not None


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("user",), None, "input.user"),
        (("user", "email"), "nobody", "input.user.email"),
        (("user", "groups"), "sre", "input.user.groups"),
        (("user", "group"), "sre", "input.user.group"),
        (("request", "role"), "a\x00b", "input.request"),
        (("request", "role"), "", "input.request"),
        (("request", "duration_seconds"), "3600", "input.request.duration_seconds"),
        (("request", "duration_seconds"), True, "input.request.duration_seconds"),
        (("request", "duration_seconds"), 0, "input.request.duration_seconds"),
        (("request", "break_glass"), "no", "input.request.break_glass"),
        (("request", "metadata"), {"x": 1}, "input.request.metadata.x"),
        (("approvals",), [{"email": "x"}], "input.approvals.0.email"),
        (("context", "origin"), "mars", "input.context.origin"),
        (("context", "time"), "2026-03-20T12:00:00", "input.context"),
        (("context", "time"), "yesterday", "input.context"),
        (("action",), "sing", "input.action"),
        (("action",), "submit", "input.action"),
        (("color",), "red", "input.color"),
    ],
)
def test_a_document_that_no_question_makes_is_refused(
    path: tuple[str, ...], value: object, field: str
) -> None:
    """The field is named by its place in the input."""
    document: dict[str, Any] = to_document(a_question())
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value

    with pytest.raises(Invalid) as caught:
        from_document(PolicyPackage.APPROVAL, document)

    assert caught.value.field == field


def test_each_package_has_a_sample() -> None:
    """It is a plain question of that very package."""
    assert {sample(package).package for package in PolicyPackage} == set(PolicyPackage)


@pytest.mark.parametrize("rules", [{}, {"reason": ""}, {"reason": " \n"}])
def test_no_reason_is_the_default_reason(rules: dict[str, object]) -> None:
    """A person who is refused always reads something."""
    answer = parse_answer(PolicyPackage.APPROVAL, rules)

    assert answer.refusal == "policy does not allow it"


def test_half_a_character_is_replaced() -> None:
    """The audit log holds no lone surrogates, so a refusal can always be written."""
    answer = parse_answer(PolicyPackage.APPROVAL, {"reason": "a\ud800b"})

    assert answer.reason == "a\ufffdb"


def test_too_many_groups_are_no_answer() -> None:
    """A policy that names the whole company has gone wrong."""
    groups = [f"group-{number}" for number in range(101)]

    with pytest.raises(PolicyUnavailable, match="approver_groups"):
        parse_answer(PolicyPackage.APPROVAL, {"approver_groups": groups})


async def test_without_a_policy_everything_is_refused() -> None:
    """It says that no policy is loaded, not that policy said no."""
    engine = NoPolicy()
    for action in PolicyAction:
        with pytest.raises(PolicyUnavailable, match="no policy is loaded"):
            await engine.ask(a_question(action=action))

    health = await engine.health()
    await engine.close()

    assert not health.is_ready
    assert "JITSUDO_POLICY_DIR" in health.detail


def test_the_time_has_six_digits() -> None:
    """Times compare as text, so their spelling never changes."""
    question = replace(a_question(), time=NOON.replace(microsecond=120_000))

    context: Any = to_document(question)["context"]
    assert context["time"] == "2026-03-20T12:00:00.120000Z"
