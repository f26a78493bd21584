"""Two servers on one PostgreSQL, both connected to Slack, and everybody at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.support.demos import eventually
from tests.support.grounds import a_database
from tests.support.installations import Installation, installed, replica_of

TTL_SECONDS = 3

Act = Callable[[], tuple[int, Any]]


@pytest.fixture(scope="module")
def pair(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Installation]]:
    """Yield two servers that share nothing but their database."""
    with ExitStack() as stack:
        url = stack.enter_context(a_database(postgres_server))
        home = tmp_path_factory.mktemp("replicas")
        first = stack.enter_context(installed(home, url, socket_mode=True))
        second = stack.enter_context(replica_of(first))
        eventually(lambda: first.state()["connections"] == 4, "four connections")
        yield first, second
        second.check_chain()


def all_at_once(acts: list[Act]) -> list[tuple[int, Any]]:
    """Do everything at the same moment; return status and answer of each."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(act) for act in acts]]


def test_twenty_presses_over_two_servers_are_one_decision(
    pair: tuple[Installation, Installation],
) -> None:
    """Whichever server a press reaches, there is one decision, card and DM."""
    first, second = pair
    request_id = first.submit()
    first.card(request_id)

    with ThreadPoolExecutor(20) as pool:
        presses = [
            pool.submit(partial(first.click, "bob", request_id, "approve"))
            for _ in range(20)
        ]
        answers = [press.result() for press in presses]

    assert [answer["error"] for answer in answers] == [None] * 20
    first.card(request_id, showing="Active")
    actions = second.actions(request_id)
    assert actions.count("request.approved") == 1
    assert actions.count("grant.issued") == 1
    eventually(lambda: request_id in first.dms("alice"), "alice's DM")
    messages = first.state()["dms"]["alice"]
    assert sum(request_id in str(message) for message in messages) == 1
    assert len(first.cards(request_id)) == 1


def test_two_approvers_at_two_servers_are_one_decision(
    pair: tuple[Installation, Installation],
) -> None:
    """Who came second reads who was first, ten times over."""
    first, second = pair
    ids = [first.submit() for _ in range(10)]

    answers = all_at_once(
        [
            partial(server.decide, person, request_id, "approve")
            for request_id in ids
            for server, person in ((first, "bob"), (second, "ben"))
        ]
    )

    for request_id, (one, other) in zip(
        ids, zip(answers[::2], answers[1::2], strict=True), strict=True
    ):
        assert sorted([one[0], other[0]]) == [200, 409]
        winner = first.shown(request_id)["approverIdentity"]
        refused = one if one[0] == 409 else other
        assert winner in refused[1]["message"]
        assert len(first.shown(request_id)["decisions"]) == 1
        first.card(request_id, showing="Active")
        assert len(first.cards(request_id)) == 1


def test_what_one_server_decides_the_other_knows(
    pair: tuple[Installation, Installation],
) -> None:
    """Somebody waiting at the second hears what happened at the first."""
    first, second = pair
    request_id = first.submit()
    version = first.shown(request_id)["version"]

    path = f"/requests/{request_id}?waitSeconds=10&sinceVersion={version}"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.api, "alice", "GET", path)
        assert first.decide("bob", request_id, "deny", reason="no")[0] == 200
        status, answer = waiting.result()

    assert status == 200
    assert answer["request"]["state"] == "REQUEST_STATE_REJECTED"


def test_lapses_approvals_denials_and_withdrawals_at_once(
    pair: tuple[Installation, Installation],
) -> None:
    """Each request ends in one way; nobody sees a deadlock or a fault of ours."""
    first, second = pair
    for server in pair:
        server.stop()
        server.start(JITSUDO_REQUEST_TTL=f"{TTL_SECONDS}s")
    ids = [first.submit() for _ in range(12)]
    lapses_at = datetime.fromisoformat(first.shown(ids[-1])["lapsesAt"])

    def is_near() -> bool:
        return (lapses_at - datetime.now(UTC)).total_seconds() < 0.15

    eventually(is_near, "the moment before they lapse")
    answers = all_at_once(
        [
            act
            for request_id in ids
            for act in (
                partial(first.decide, "bob", request_id, "approve"),
                partial(second.decide, "ben", request_id, "deny", reason="no"),
                partial(second.decide, "alice", request_id, "withdraw"),
            )
        ]
    )

    assert {status for status, _ in answers} <= {200, 409}, answers
    eventually(
        lambda: not any(first.state_of(one) == "PENDING" for one in ids), "the ends"
    )
    words = {
        "REJECTED": "Denied",
        "REVOKED": "Withdrawn",
        "EXPIRED": "Nobody decided in time",
    }
    for number, request_id in enumerate(ids):
        won = [a for s, a in answers[number * 3 : number * 3 + 3] if s == 200]
        ends = [
            action
            for action in first.actions(request_id)
            if action.startswith("request.") and action != "request.created"
        ]
        assert len(ends) == 1, ends
        assert len(won) == (0 if ends == ["request.lapsed"] else 1)
        first.card(request_id, showing=words.get(first.state_of(request_id), "Active"))
        assert len(first.cards(request_id)) == 1


def test_one_server_killed_the_other_goes_on(
    pair: tuple[Installation, Installation],
) -> None:
    """Presses reach the one that is left; nothing that was promised is lost."""
    first, second = pair
    request_id = second.submit()
    second.card(request_id)

    first.kill()

    def is_pressed() -> bool:
        return second.click("bob", request_id, "approve")["error"] is None

    eventually(is_pressed, "an acknowledged press")
    second.card(request_id, showing="Active")
    first.start()
    assert first.cli("erin", "audit", "verify").code == 0
