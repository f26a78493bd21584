"""Rules and groups that change while a request is waiting; asked as they are now."""

import pytest

from tests.support.demos import DemoDriver
from tests.support.grounds import groups_saying, groups_without, policy_with

FREEZE = """package jitsudo.approval

import rego.v1

deny contains "change freeze until Monday" if input.action == "approve"
"""

ONLY_SECURITY = "only security decides now"


def asked_for_prod(rules: DemoDriver) -> str:
    """Return a request that bob has approved, as one of two."""
    request_id = rules.submit(resourceScope="prod-eu")
    status, answer = rules.decide("bob", request_id, "approve")
    assert status == 200
    assert answer["request"]["countedApprovals"] == 1
    return request_id


def test_a_freeze_between_two_approvals_stops_the_second_but_no_denial(
    rules: DemoDriver,
) -> None:
    """Carol reads policy's own reason; nothing is granted until it is lifted."""
    request_id = asked_for_prod(rules)
    other = asked_for_prod(rules)

    with policy_with(rules, "added", FREEZE):
        told = rules.told("carol", request_id)
        typed = rules.cli("carol", "approve", request_id)
        denied = rules.decide("carol", other, "deny", reason="frozen")

    assert "change freeze until Monday" in told
    assert (typed.code, typed.out) == (4, "")
    assert "change freeze until Monday" in typed.err
    assert denied[0] == 200
    assert rules.state_of(request_id) == "PENDING"
    assert rules.decide("carol", request_id, "approve")[0] == 200
    assert rules.state_of(request_id) in {"APPROVED", "ACTIVE"}


def test_a_quorum_that_grew_is_the_one_that_counts(rules: DemoDriver) -> None:
    """What was enough at submission is not, once policy asks for more."""
    request_id = asked_for_prod(rules)
    text = (rules.policies / "approval.rego").read_text()
    stricter = text.replace(
        "default required_approvals := 2", "default required_approvals := 3"
    )
    assert stricter != text

    with policy_with(rules, "approval", stricter):
        typed = rules.cli("carol", "approve", request_id)

        assert typed.out == f"Request {request_id} → PENDING (2 of 3 approvals)\n"
        rules.card(request_id, showing="2 of 3")
        assert rules.state_of(request_id) == "PENDING"


def test_a_quorum_that_shrank_does_not_undo_the_one_promised(
    rules: DemoDriver,
) -> None:
    """The larger of the stored quorum and of policy's answer now is needed."""
    request_id = rules.submit(resourceScope="prod-eu")
    text = (rules.policies / "approval.rego").read_text()
    looser = text.replace(
        "default required_approvals := 2", "default required_approvals := 1"
    )

    with policy_with(rules, "approval", looser):
        status, answer = rules.decide("bob", request_id, "approve")

    assert status == 200
    assert answer["request"]["state"] == "REQUEST_STATE_PENDING"
    assert answer["request"]["requiredApprovals"] == 2


def test_an_approver_who_left_their_group_does_not_count_any_more(
    rules: DemoDriver,
) -> None:
    """Carol's approval alone is one of two, and she reads why."""
    request_id = asked_for_prod(rules)

    with groups_without(rules, "bob", "sre-lead"):
        typed = rules.cli("carol", "approve", request_id)

        assert typed.code == 0
        assert typed.out == f"Request {request_id} → PENDING (1 of 2 approvals)\n"
        assert "bob@example.com's approval does not count any more" in typed.err
        rules.card(request_id, showing="1 of 2")
        assert rules.shown(request_id)["countedApprovals"] == 1
        status, answer = rules.decide("ben", request_id, "approve")

    assert status == 200
    assert answer["request"]["state"] == "REQUEST_STATE_APPROVED"


def test_a_policy_under_which_the_first_approval_is_no_longer_one(
    rules: DemoDriver,
) -> None:
    """A rule that names other approvers takes the earlier approval back."""
    request_id = asked_for_prod(rules)
    text = (rules.policies / "approval.rego").read_text()
    others = text.replace(
        'approver_groups contains "sre-lead"', 'approver_groups contains "board"'
    )
    assert others != text

    with policy_with(rules, "approval", others):
        told = rules.told("carol", request_id)

        assert "does not count any more" in told
        assert "1 of 2" in told
        assert rules.state_of(request_id) == "PENDING"


def test_a_requester_who_left_their_group_gets_nothing(rules: DemoDriver) -> None:
    """Eligibility is asked again when somebody approves."""
    request_id = rules.submit()

    with groups_without(rules, "alice", "sre"):
        told = rules.told("bob", request_id)
        typed = rules.cli("bob", "approve", request_id)

    assert "only members of sre may ask" in told
    assert typed.code == 4
    assert rules.state_of(request_id) == "PENDING"
    assert rules.shown(request_id)["approvals"] == []


def test_who_approved_may_still_deny(rules: DemoDriver) -> None:
    """One authorised denial rejects, also of somebody who had said yes."""
    request_id = asked_for_prod(rules)

    typed = rules.cli("bob", "deny", request_id, "--reason", "the ticket was closed")

    assert typed.out == f"Request {request_id} → REJECTED\n"
    rules.card(request_id, showing="the ticket was closed")
    late = rules.cli("carol", "approve", request_id)
    assert late.code == 6
    assert "bob@example.com" in late.err
    assert rules.actions(request_id) == [
        "request.created",
        "request.approval_recorded",
        "request.denied",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "groups: {}\n", "groups: {sre-lead: {members: [bob@exa", "- bob\n", "\0"],
    ids=["emptied", "no groups", "cut off", "a list", "NUL"],
)
def test_a_groups_file_that_cannot_be_read_lets_nobody_do_anything(
    demo: DemoDriver, text: str
) -> None:
    """The person reads that it is the groups; afterwards all goes on."""
    request_id = demo.submit()
    demo.card(request_id)

    with groups_saying(demo, text):
        told = demo.told("bob", request_id)
        typed = demo.cli("bob", "approve", request_id)
        ask = {"provider": "local", "role": "x", "resourceScope": "y"}
        asked, answer = demo.api(
            "alice", "POST", "/requests", {**ask, "durationSeconds": "60"}
        )

    assert "roups cannot be read" in told
    assert (typed.code, typed.out) == (7, "")
    assert "groups cannot be read" in typed.err
    assert (asked, answer["error"]) == (503, "directory_unavailable")
    assert demo.state_of(request_id) == "PENDING"
    assert demo.click("bob", request_id, "approve")["ephemeral"] == []
    demo.card(request_id, showing="Active")
    demo.check_chain()
