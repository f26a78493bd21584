"""After the yes, over the demo: revoked, extended, and an emergency reviewed."""

import json

from tests.support.cards import offered
from tests.support.demos import DemoDriver, eventually


def test_an_approver_ends_a_grant_from_its_card(demo: DemoDriver) -> None:
    """Button, form, reason: the credentials are gone and the card says by whom."""
    request_id = demo.ask()
    demo.click("bob", request_id, "approve")
    assert offered(demo.card(request_id, showing="*Active* until")) == ["revoke"]
    view = demo.click("bob", request_id, "revoke")["view"]

    done = demo.control(
        "submit", user="bob", view_id=view["id"], values={"reason": "incident over"}
    )

    assert done["view"] is None
    card = demo.card(request_id, showing="*Revoked* by bob@example.com")
    assert "incident over" in json.dumps(card)
    assert demo.status(request_id)["state"] == "REVOKED"
    refused = demo.cli("alice", "exec", request_id, "--", "true")
    assert refused.code == 6
    eventually(lambda: "incident over" in demo.dms("alice"), "the reason in the DM")
    assert demo.actions(request_id)[-2:] == ["grant.revoke_requested", "grant.revoked"]


def test_more_time_is_a_new_request_that_takes_the_old_ones_place(
    demo: DemoDriver,
) -> None:
    """The old grant ends when the new one runs, and each card names the other."""
    old = demo.ask()
    demo.click("bob", old, "approve")
    demo.card(old, showing="*Active* until")

    told = demo.command("alice", f"extend {old} --duration 2h")["ephemeral"][0]

    new = next(word for word in told.split() if word.startswith("req_"))
    demo.card(new, showing=f"Extends `{old}`")
    assert demo.status(old)["state"] == "ACTIVE"
    demo.click("bob", new, "approve")
    demo.card(new, showing="*Active* until")
    demo.card(old, showing=f"extended by {new}")
    used = demo.cli("alice", "exec", new, "--", "printenv", "LOCAL_ACCESS_KEY")
    assert new in used.out
    assert demo.cli("alice", "exec", old, "--", "true").code == 6


def test_an_emergency_is_granted_at_once_told_loudly_and_reviewed(
    demo: DemoDriver,
) -> None:
    """Ticked, typed, granted; everybody called; closed by somebody else with a note."""
    view = demo.command("alice", "request")["view"]
    values: dict[str, object] = {
        "provider": "local",
        "role": "prod-infra-admin",
        "scope": "prod-eu",
        "duration": "30m",
        "reason": "INC-1: nobody answers",
        "break_glass": ["break_glass"],
    }
    unsure = demo.control("submit", user="alice", view_id=view["id"], values=values)
    assert list(unsure["errors"]) == ["confirmation"]
    values["confirmation"] = "BREAK GLASS"

    asked = demo.control("submit", user="alice", view_id=view["id"], values=values)

    words = json.dumps(asked["view"], ensure_ascii=False).split()
    request_id = next(word for word in words if word.startswith("req_"))
    card = demo.card(request_id, showing="*Active* until")
    assert card["text"].startswith("🚨 alice broke the glass")
    posted = next(c for c in demo.calls("chat.postMessage") if request_id in str(c))
    for name in ("bob", "ben", "carol"):
        assert f"<@{demo.ready['people'][name]['slack_id']}>" in str(posted)
    used = demo.cli("alice", "exec", request_id, "--", "true")
    assert used.code == 0, used.err
    owed = demo.command("carol", "status --needs-review")["ephemeral"][0]
    assert f"🚨 `{request_id}`" in owed
    view = demo.click("carol", request_id, "review")["view"]
    demo.control(
        "submit", user="carol", view_id=view["id"], values={"note": "pods only"}
    )
    card = demo.card(request_id, showing="*Reviewed* by carol@example.com")
    assert "pods only" in json.dumps(card)
    assert offered(card) == ["revoke"]
    assert demo.actions(request_id) == [
        "request.created",
        "request.break_glass",
        "grant.issued",
        "credentials.read",
        "request.reviewed",
    ]
