"""Clicks that come twice, late, from an old card, or twenty at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pytest

from tests.support.demos import DemoDriver, eventually

T = TypeVar("T")


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Do all of these at the same moment; return what each returned."""
    barrier = threading.Barrier(len(acts))

    def act(run: Callable[[], T]) -> T:
        barrier.wait(timeout=20)
        return run()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(act, one) for one in acts]]


def check_decided_once(ground: DemoDriver, request_id: str) -> dict[str, Any]:
    """Fail unless there is one decision, grant, card and DM; return the request."""
    ground.card(request_id, showing="Active")
    eventually(lambda: request_id in ground.dms("alice"), "alice's DM")
    actions = ground.actions(request_id)
    assert actions.count("request.approved") == 1
    assert actions.count("grant.issued") == 1
    dms = ground.state()["dms"]["alice"]
    assert sum(request_id in str(message) for message in dms) == 1
    request = ground.shown(request_id)
    assert len(request["decisions"]) == 1
    return request


def test_twenty_presses_at_once_are_one_decision(ground: DemoDriver) -> None:
    """Everybody's double click is acknowledged; it is decided once."""
    request_id = ground.submit()
    ground.card(request_id)

    answers = at_once(*[lambda: ground.click("bob", request_id, "approve")] * 20)

    assert [answer["error"] for answer in answers] == [None] * 20
    assert [answer["ephemeral"] for answer in answers] == [[]] * 20
    request = check_decided_once(ground, request_id)
    assert request["approverIdentity"] == "bob@example.com"


def test_one_click_delivered_twenty_times_is_one_decision(ground: DemoDriver) -> None:
    """As Slack does after a lost answer, or a thief with a recording."""
    request_id = ground.submit()
    first = ground.click("bob", request_id, "approve")
    ground.card(request_id, showing="Active")
    before = ground.actions(request_id)

    again = ground.control("redeliver", delivery_id=first["delivery_id"], times=20)

    assert {ack["status"] for ack in again["acks"]} == {200}
    assert again["ephemeral"] == []
    assert ground.actions(request_id) == before
    check_decided_once(ground, request_id)


def test_two_approvers_at_once_are_one_decision_and_the_other_is_told(
    ground: DemoDriver,
) -> None:
    """Who comes second reads who was first."""
    request_id = ground.submit()
    ground.card(request_id)

    def told(person: str) -> list[str]:
        return [
            text for text in ground.state()["ephemerals"][person] if request_id in text
        ]

    at_once(
        partial(ground.click, "bob", request_id, "approve"),
        partial(ground.click, "ben", request_id, "approve"),
    )

    request = check_decided_once(ground, request_id)
    winner = request["approverIdentity"].removesuffix("@example.com")
    loser = {"bob": "ben", "ben": "bob"}[winner]
    (text,) = eventually(lambda: told(loser), f"{loser} to be told")
    assert f"{winner}@example.com" in text
    assert told(winner) == []


def test_yes_and_no_at_once_are_one_of_the_two(ground: DemoDriver) -> None:
    """A card never shows both, and the loser is told who won."""
    for _ in range(3):
        request_id = ground.submit()

        yes, no = at_once(
            partial(ground.decide, "bob", request_id, "approve"),
            partial(ground.decide, "ben", request_id, "deny", reason="no"),
        )

        assert sorted([yes[0], no[0]]) == [200, 409]
        won, word = ("bob", "Approved") if yes[0] == 200 else ("ben", "Denied")
        card = ground.card(request_id, showing=word)
        assert ("Denied" if won == "bob" else "Approved") not in str(card["blocks"])
        assert len(ground.shown(request_id)["decisions"]) == 1


def test_a_submission_delivered_again_asks_once(ground: DemoDriver) -> None:
    """The form and the command that asked are remembered."""
    line = "request --provider local --role r --scope replayed --reason again"
    first = ground.command("alice", line)
    told = first["ephemeral"]

    again = ground.control("redeliver", delivery_id=first["delivery_id"], times=5)

    assert again["ephemeral"][:1] == told
    _, page = ground.api("alice", "GET", "/requests?mine=true&pageSize=100")
    assert sum(r["resourceScope"] == "replayed" for r in page["requests"]) == 1
    (request,) = [r for r in page["requests"] if r["resourceScope"] == "replayed"]
    assert ground.decide("alice", request["id"], "withdraw")[0] == 200


@pytest.mark.parametrize("action", ["approve", "deny"])
def test_an_old_card_decides_nothing_and_is_drawn_again(
    ground: DemoDriver, action: str
) -> None:
    """A phone that still shows the buttons gets the truth: who decided, when."""
    request_id = ground.submit()
    ground.card(request_id)
    assert ground.decide("ben", request_id, "deny", reason="not now")[0] == 200
    card = ground.card(request_id, showing="Denied")
    edits = len(ground.calls("chat.update"))

    told = ground.told("bob", request_id, action)

    assert "REJECTED" in told
    assert "ben@example.com" in told
    assert ground.state()["views"]["bob"] == []
    eventually(lambda: len(ground.calls("chat.update")) > edits, "a card drawn again")
    assert ground.card(request_id, showing="Denied")["ts"] == card["ts"]
    assert ground.actions(request_id) == ["request.created", "request.denied"]


def test_a_modal_that_stayed_open_tells_what_happened_meanwhile(
    ground: DemoDriver,
) -> None:
    """Bob's denial comes after ben's approval: the modal says so."""
    request_id = ground.submit()
    view = ground.click("bob", request_id, "deny")["view"]
    assert ground.decide("ben", request_id, "approve")[0] == 200

    answer = ground.control(
        "submit", user="bob", view_id=view["id"], values={"reason": "too late"}
    )

    assert "ben@example.com" in str(answer["view"])
    assert "too late" not in str(ground.shown(request_id))
    check_decided_once(ground, request_id)
    ground.control("close", user="bob", view_id=view["id"])


def test_a_button_pressed_after_the_withdrawal_tells_of_it(ground: DemoDriver) -> None:
    """Withdrawn is withdrawn, also for who has not seen it yet."""
    request_id = ground.submit()
    ground.card(request_id)
    assert ground.decide("alice", request_id, "withdraw")[0] == 200

    told = ground.told("bob", request_id)

    assert "REVOKED" in told
    assert "alice@example.com" in told
    ground.card(request_id, showing="Withdrawn")
