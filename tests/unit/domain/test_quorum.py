"""What makes a quorum, and what policy's answers amount to."""

import pytest

from core.domain.decision import RequestRecord, has_quorum
from core.domain.grant import Credentials, IssuedGrant, Secrets
from core.domain.policy import PolicyAnswer
from core.vocabulary import PolicyAction, PolicyPackage, Verdict
from tests.support.builders import (
    BEN,
    BOB,
    CAROL,
    NOON,
    a_decision,
    a_question,
    a_request,
)


@pytest.mark.parametrize(
    ("counted", "then", "now", "enough"),
    [
        (1, 1, 1, True),
        (1, 2, 1, False),
        (1, 1, 2, False),
        (2, 2, 1, True),
        (2, 1, 3, False),
        (0, 0, 0, False),
        (0, 1, 1, False),
        (1, 0, -5, True),
    ],
)
def test_the_larger_requirement_rules_and_nobody_is_never_enough(
    counted: int, then: int, now: int, *, enough: bool
) -> None:
    """A policy that was loosened does not loosen what was promised."""
    assert has_quorum(counted=counted, required_then=then, required_now=now) is enough


def test_approvals_leave_out_denials_and_keep_their_order() -> None:
    """`1 of 2` counts approvals."""
    request = a_request()
    bob = a_decision(request, approver=BOB)
    no = a_decision(request, approver=BEN, verdict=Verdict.DENY)
    carol = a_decision(request, approver=CAROL)

    assert RequestRecord(request=request, decisions=(bob, no, carol)).approvals == (
        bob,
        carol,
    )


@pytest.mark.parametrize(
    ("answer", "allowed", "refusal"),
    [
        (PolicyAnswer(), False, "policy does not allow it"),
        (PolicyAnswer(allow=True), True, "policy does not allow it"),
        (PolicyAnswer(allow=True, deny=("frozen",)), False, "frozen"),
        (PolicyAnswer(deny=("a", "b"), reason="r"), False, "a; b"),
        (PolicyAnswer(reason="only sre"), False, "only sre"),
    ],
)
def test_an_answer_allows_only_without_any_denial(
    answer: PolicyAnswer, refusal: str, *, allowed: bool
) -> None:
    """A default never grants, and one reason against is enough."""
    assert answer.is_allowed is allowed
    assert answer.refusal == refusal


def test_only_a_submission_is_asked_of_eligibility() -> None:
    """Everything else is about deciding."""
    packages = {action: a_question(action=action).package for action in PolicyAction}

    assert packages.pop(PolicyAction.SUBMIT) is PolicyPackage.ELIGIBILITY
    assert set(packages.values()) == {PolicyPackage.APPROVAL}


def test_credentials_do_not_show_in_a_repr() -> None:
    """A log line or a traceback holds no secret."""
    request = a_request()
    issued = IssuedGrant(
        secrets=Secrets(variables={"KEY": "s3cret"}, files={"FILE": "s3cret"}),
        issued_at=NOON,
        expires_at=NOON,
        handle="h",
    )
    opened = Credentials(
        request_id=request.id,
        secrets=issued.secrets,
        issued_at=NOON,
        expires_at=NOON,
    )

    assert "s3cret" not in repr(issued) + repr(opened) + f"{issued} {opened}"
    assert "KEY" in repr(opened)
