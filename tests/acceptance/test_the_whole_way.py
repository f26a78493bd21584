"""One request from its asking to its end, by every way the product offers."""

import json

import pytest

from tests.support.cards import offered
from tests.support.demos import DemoDriver, eventually


def test_a_button_approves_and_the_card_the_dm_and_the_terminal_say_so(
    demo: DemoDriver,
) -> None:
    """Bob presses Approve; alice is told and uses the credentials."""
    request_id = demo.ask()

    answer = demo.click("bob", request_id, "approve")

    assert answer["ack"]["status"] == 200
    assert answer["error"] is None
    assert answer["ephemeral"] == []
    card = demo.card(request_id, showing="Active")
    assert offered(card) == ["revoke"]
    assert "bob" in json.dumps(card)
    eventually(lambda: request_id in demo.dms("alice"), "alice's DM")
    shown = demo.status(request_id)
    assert shown["state"] == "ACTIVE"
    assert shown["approver_identity"] == "bob@example.com"
    used = demo.cli("alice", "exec", request_id, "--", "sh", "-c", "env; exit 7")
    assert used.code == 7
    assert f"fake-access-key-{request_id}" in used.out


def test_denying_needs_a_reason_which_the_requester_reads(demo: DemoDriver) -> None:
    """The modal stays open on a blank reason and closes on a real one."""
    request_id = demo.ask()
    view = demo.click("bob", request_id, "deny")["view"]
    assert view is not None

    blank = demo.control(
        "submit", user="bob", view_id=view["id"], values={"reason": "  \n "}
    )
    assert "reason" in json.dumps(blank["errors"])
    assert demo.status(request_id)["state"] == "PENDING"
    done = demo.control(
        "submit", user="bob", view_id=view["id"], values={"reason": "not today"}
    )

    assert done["errors"] in (None, {})
    assert demo.status(request_id)["state"] == "REJECTED"
    assert demo.status(request_id)["denial_reason"] == "not today"
    demo.card(request_id, showing="not today")
    eventually(
        lambda: request_id in demo.dms("alice") and "not today" in demo.dms("alice"),
        "the reason in alice's DM",
    )


def test_the_terminal_decides_the_same_card(demo: DemoDriver) -> None:
    """`jitsudo approve` redraws the card that a button would have redrawn."""
    request_id = demo.ask()
    demo.card(request_id)

    done = demo.cli("bob", "approve", request_id, "--comment", "for INC-4421")

    assert done.code == 0, done.err
    assert done.out == f"Request {request_id} → APPROVED\n"
    demo.card(request_id, showing="for INC-4421")


def test_a_slash_command_decides(demo: DemoDriver) -> None:
    """What a phone's keyboard makes of `--comment` is understood."""
    request_id = demo.ask()

    answer = demo.command("bob", f"approve {request_id} —comment “payload looks good”")

    assert answer["ack"]["status"] == 200
    assert f"Request {request_id} → APPROVED" in " ".join(answer["ephemeral"])
    assert demo.status(request_id)["approver_comment"] == "payload looks good"


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ("alice", "own request"),
        ("dave", "sre-lead"),
        ("gus", "guest"),
        ("xena", "another"),
    ],
)
def test_who_may_not_is_refused_privately_with_the_true_reason(
    demo: DemoDriver, person: str, reason: str
) -> None:
    """A refusal reaches only the one who pressed, and changes nothing."""
    request_id = demo.ask()

    answer = demo.click(person, request_id, "approve")

    assert reason in " ".join(answer["ephemeral"]).lower()
    assert demo.status(request_id)["state"] == "PENDING"
    assert demo.status(request_id)["approvals"] == []


def test_production_needs_two_people_of_whom_one_is_from_security(
    demo: DemoDriver,
) -> None:
    """Bob's approval is one of two; ben cannot complete it, carol can."""
    request_id = demo.ask(scope="prod-eu")

    first = demo.cli("bob", "approve", request_id)
    assert first.out == f"Request {request_id} → PENDING (1 of 2 approvals)\n"
    demo.card(request_id, showing="1 of 2")
    refused = demo.cli("ben", "approve", request_id)
    assert refused.code == 4
    assert "security" in refused.err
    last = demo.cli("carol", "approve", request_id)

    assert last.out == f"Request {request_id} → APPROVED\n"


def test_a_short_readonly_role_needs_nobody(demo: DemoDriver) -> None:
    """Tier auto: granted at once, with a card that asks nobody."""
    request_id = demo.ask(role="logs-readonly", duration="2m")

    card = demo.card(request_id, showing="Active")

    assert offered(card) == ["revoke"]
    assert demo.status(request_id)["approver_identity"] == "policy"


def test_a_grant_ends_at_its_time_and_leaves_nothing(demo: DemoDriver) -> None:
    """After two seconds the card says so and the credentials are gone."""
    request_id = demo.ask(role="logs-readonly", duration="2s")

    demo.card(request_id, showing="nded")

    assert demo.status(request_id)["state"] == "EXPIRED"
    refused = demo.cli("alice", "exec", request_id, "--", "true")
    assert refused.code == 6


def test_the_requester_takes_it_back(demo: DemoDriver) -> None:
    """A withdrawn request cannot be approved any more."""
    request_id = demo.ask()

    assert demo.cli("alice", "withdraw", request_id).code == 0

    late = demo.cli("bob", "approve", request_id)
    assert late.code == 6
    assert "REVOKED" in late.err


def test_the_form_asks(demo: DemoDriver) -> None:
    """`/jitsudo request` without arguments opens a form that submits."""
    view = demo.command("alice", "request")["view"]
    assert view is not None
    before = {r["id"] for r in demo.cli("alice", "status", "-o", "json").json}

    done = demo.control(
        "submit",
        user="alice",
        view_id=view["id"],
        values={
            "provider": "local",
            "role": "infra-admin",
            "scope": "staging",
            "duration": "30m",
            "reason": "by the form",
        },
    )

    assert done["errors"] in (None, {}), done
    after = {r["id"] for r in demo.cli("alice", "status", "-o", "json").json}
    (request_id,) = after - before
    demo.card(request_id, showing="by the form")


def test_deny_without_a_reason_is_a_usage_error(demo: DemoDriver) -> None:
    """Nothing is sent, and the code is 2."""
    done = demo.cli("bob", "deny", "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")

    assert done.code == 2
    assert "--reason" in done.err


def test_the_chain_holds_it_all(demo: DemoDriver) -> None:
    """Every step of a request is in the audit log, and the chain verifies."""
    request_id = demo.ask()
    demo.cli("dave", "approve", request_id)
    demo.click("bob", request_id, "approve")
    demo.card(request_id, showing="Active")

    events = demo.cli("erin", "audit", "--request", request_id, "-o", "json").json

    assert [event["action"] for event in reversed(events)][:4] == [
        "request.created",
        "request.decision_refused",
        "request.approved",
        "grant.issued",
    ]
    approved = next(e for e in events if e["action"] == "request.approved")
    assert approved["details"]["slack_user"] == demo.ready["people"]["bob"]["slack_id"]
    assert demo.cli("erin", "audit", "verify").code == 0
