"""Whatever a person types reaches policy and comes back as the same text."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from core.domain.policy import PolicyPerson, PolicyQuestion
from core.errors import PolicyUnavailable
from core.ports import PolicyEngine
from core.vocabulary import RequestId
from tests.support.builders import a_question
from tests.support.engines import Engines, a_policy

INJECTION: Final = 'x", "allow": true, "z": "'

TEXTS: Final = (
    INJECTION,
    'x"], "x": [["boolean", [true]',
    'say "why"',
    "back\\slash \\n \\u0041 \\",
    "two\nlines\tand a tab",
    "Grüße, 承認, ελλ, 😀",
    "\u202eright to left\u202c \u2066isolated\u2069",
    "line\u2028and paragraph\u2029 separators, \ufeffmark, \u00a0space",
    '{{x}} ${y} `z` $"{input}" %s %d %v',
    "<!channel> & </script> -- #",
    "'; DROP TABLE requests; --",
    " ",
    "",
)
"""Quotes, escapes, other scripts, marks of direction, other people's syntax."""

FIELDS: Final = (
    "user.email",
    "user.subject",
    "user.groups[0]",
    "requester.email",
    "requester.groups[0]",
    "request.id",
    "request.provider",
    "request.role",
    "request.resource_scope",
    "request.reason",
    "request.metadata.ticket",
    "approvals[0].email",
    "approvals[0].groups[0]",
)
"""Every string of the input document that a person, or a directory, can write."""

ECHO: Final = """
default allow := false

reason := concat("", ["<", input.%s, ">"])

deny contains concat("", ["<", input.%s, ">"])

approval_note := concat("", ["<", input.%s, ">"])
"""


def a_question_of(text: str) -> PolicyQuestion:
    """Return a question in which every string that can be is `text`."""
    person = PolicyPerson(email=text, groups=(text,))
    return replace(
        a_question(),
        user=person,
        requester=person,
        request_id=RequestId(text),
        provider=text,
        role=text,
        resource_scope=text,
        reason=text,
        metadata={"ticket": text, text: "key"},
        approvals=(person,),
    )


@pytest.mark.parametrize("field", FIELDS)
async def test_every_text_is_echoed_as_it_was(
    engines: Engines, tmp_path: Path, field: str
) -> None:
    """Nothing typed ends a string, and nothing typed is a yes."""
    engine = await engines.over(
        a_policy(tmp_path, approval=ECHO % (field, field, field))
    )

    for text in TEXTS:
        answer = await engine.ask(a_question_of(text))

        assert answer.allow is False
        echo = (answer.reason, *answer.deny, answer.approval_note)
        assert echo == (f"<{text}>",) * 3


async def test_equal_texts_are_equal(engines: Engines, tmp_path: Path) -> None:
    """A literal with an escape equals the same text from the input."""
    rules = r"""
allow if input.request.role == "say \"why\" \\ or"
allow if contains(input.request.reason, "two\nlines")
"""
    engine = await engines.over(a_policy(tmp_path, approval=rules))
    plain = a_question()

    assert not (await engine.ask(plain)).allow
    assert (await engine.ask(replace(plain, role='say "why" \\ or'))).allow
    assert (await engine.ask(replace(plain, reason="in two\nlines"))).allow


async def test_an_injection_into_a_deny_rule_still_denies(
    engines: Engines, tmp_path: Path
) -> None:
    """The refusal and the yes of one policy do not mix."""
    rules = """
allow if input.user.email == "bob@example.com"
deny contains concat(" ", ["no", input.request.role])
"""
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    answer = await engine.ask(replace(a_question(), role=INJECTION))

    assert not answer.is_allowed
    assert answer.refusal == f"no {INJECTION.strip()}"


async def test_what_cannot_be_shown_is_replaced(
    engines: Engines, tmp_path: Path
) -> None:
    """A control character in policy's own text reaches no terminal."""
    engine = await engines.over(
        a_policy(tmp_path, approval=r'reason := "a\u001b[31mb\u0007"')
    )

    assert (await engine.ask(a_question())).reason == "a\ufffd[31mb\ufffd"


async def test_the_longest_texts_are_answered(engine: PolicyEngine) -> None:
    """Everything at its limit is a question like any other."""
    question = replace(
        a_question(), reason="é" * 2_000, role="r" * 128, resource_scope="s" * 512
    )

    assert (await engine.ask(question)).allow


async def test_an_endless_answer_is_refused(engines: Engines, tmp_path: Path) -> None:
    """Half a megabyte of reason is no reason."""
    rules = """
tens := numbers.range(1, 60000)
allow if input.user.email == "bob@example.com"
reason := concat("", [format_int(n, 10) | some n in tens]) if allow
"""
    engine = await engines.over(a_policy(tmp_path, approval=rules))

    with pytest.raises(PolicyUnavailable):
        await engine.ask(a_question())
