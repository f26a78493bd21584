"""Slack limits, breaks, hangs up: decisions go on, and cards come right in the end."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.cards import offered
from tests.support.demos import DemoDriver, eventually, running_demo

POST = "chat.postMessage"
UPDATE = "chat.update"

PATIENCE_SECONDS = 40
"""Longer than the pause after a 429 that does not say how long."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDriver]:
    """Yield a demo whose Slack may fail without disturbing other tests."""
    home = tmp_path_factory.mktemp("slack_outages")
    with running_demo(home, "--no-pacing", data=home / "data") as driver:
        yield driver
        assert driver.cli("erin", "audit", "verify").code == 0


@pytest.fixture(scope="module")
def held_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[DemoDriver, str]]:
    """Yield another demo, whose Slack wants no edits but not for how long."""
    home = tmp_path_factory.mktemp("held_back")
    with running_demo(home, "--no-pacing", data=home / "data") as driver:
        request_id = driver.submit()
        driver.card(request_id)
        driver.fault(UPDATE, "ratelimited")
        yield driver, request_id
        driver.check_chain()


@pytest.fixture(autouse=True)
def settled(product: DemoDriver) -> Iterator[None]:
    """Begin and end with a Slack that is well and nothing left to say to it."""
    yield
    product.http("DELETE", f"{product.sandbox}/faults")
    eventually(lambda: not waiting(product), "all messages", seconds=PATIENCE_SECONDS)


def waiting(product: DemoDriver) -> list[dict[str, Any]]:
    """Return the messages that are promised, not sent, and tried again soon."""
    _, answer = product.api("erin", "GET", "/jobs")
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    return [
        job for job in answer["jobs"] if job["kind"] == "render" and job["dueAt"] < soon
    ]


def copies(product: DemoDriver, request_id: str, showing: str) -> list[dict[str, Any]]:
    """Return the cards of a request, once every one of them shows something."""

    def found() -> list[dict[str, Any]]:
        cards = product.cards(request_id)
        return cards if cards and all(showing in str(card) for card in cards) else []

    cards: list[dict[str, Any]] = eventually(
        found, f"cards that show {showing!r}", seconds=PATIENCE_SECONDS
    )
    return cards


def test_a_429_that_does_not_say_how_long_keeps_no_decision_back(
    held_back: tuple[DemoDriver, str],
) -> None:
    """The press counts, the DM is there, the grant is active; the edit waits."""
    driver, request_id = held_back

    assert driver.click("bob", request_id, "approve")["error"] is None

    eventually(lambda: request_id in driver.dms("alice"), "the DM")
    eventually(lambda: driver.state_of(request_id) == "ACTIVE", "the grant")
    assert "Active" not in str(driver.cards(request_id))


@pytest.fixture(scope="module")
def stuck(held_back: tuple[DemoDriver, str]) -> str:
    """Return a request whose card Slack has posted without ever answering."""
    driver, _ = held_back
    driver.fault(POST, "timeout", seconds=20)
    request_id = driver.submit(reason="stuck")
    eventually(lambda: driver.cards(request_id), "the stuck post")
    return request_id


def test_a_post_that_never_ends_delays_its_own_card_only(
    held_back: tuple[DemoDriver, str], stuck: str
) -> None:
    """The next request's card is there while the first one still hangs."""
    driver, _ = held_back
    began = time.monotonic()

    driver.card(driver.submit())

    assert time.monotonic() - began < 5
    assert driver.decide("bob", stuck, "deny", reason="too long")[0] == 200


NOT_SENT = {
    "429 with Retry-After": {"kind": "ratelimited", "retry_after": "1"},
    "429 with an odd Retry-After": {"kind": "ratelimited", "retry_after": "0"},
    "500": {"kind": "http_500"},
    "HTML 503": {"kind": "html_503"},
    "HTML 200": {"kind": "html_200"},
    "hung up before": {"kind": "drop_before"},
    "internal_error": {"kind": "internal_error"},
    "an old error": {"kind": "service_unavailable"},
}


@pytest.mark.parametrize("fault", NOT_SENT.values(), ids=NOT_SENT.keys())
def test_a_post_that_fails_comes_once_and_holds_up_no_decision(
    product: DemoDriver, fault: dict[str, str]
) -> None:
    """The terminal decides meanwhile; the one card shows how it ended."""
    product.fault(POST, **fault)

    request_id = product.submit()
    status, _ = product.decide("bob", request_id, "approve")

    assert status == 200
    (card,) = copies(product, request_id, "Active")
    assert offered(card) == ["revoke"]
    eventually(lambda: request_id in product.dms("alice"), "the DM", seconds=40)


@pytest.mark.parametrize(
    "kind", ["ratelimited", "html_503", "drop_before", "drop_after"]
)
def test_an_edit_that_fails_is_made_all_the_same(
    product: DemoDriver, kind: str
) -> None:
    """The press is acknowledged at once; the card loses its buttons later."""
    request_id = product.submit()
    product.card(request_id)
    product.fault(UPDATE, kind, retry_after="1")

    answer = product.click("bob", request_id, "approve")

    assert answer["error"] is None
    assert answer["ack"]["ms"] < 2_900
    (card,) = copies(product, request_id, "Active")
    assert offered(card) == ["revoke"]


def test_after_a_lost_answer_there_is_one_more_card_and_each_works(
    product: DemoDriver,
) -> None:
    """Slack posted and hung up: whichever card is pressed, both end up right."""
    product.fault(POST, "drop_after")
    request_id = product.submit()
    cards = eventually(
        lambda: found if len(found := product.cards(request_id)) == 2 else None,
        "a second card",
        seconds=PATIENCE_SECONDS,
    )
    oldest = min(cards, key=lambda card: float(card["ts"]))

    answer = product.control(
        "click", user="bob", channel="access", ts=oldest["ts"], action_id="approve"
    )

    assert answer["error"] is None
    assert answer["ephemeral"] == []
    both = copies(product, request_id, "Active")
    assert len(both) == 2
    for card in both:
        assert offered(card) == ["revoke"]
    assert product.actions(request_id).count("request.approved") == 1
    assert product.dms("alice").count(f"jitsudo exec {request_id}") == 1


def test_a_lost_answer_to_the_dm_is_no_reason_to_write_for_ever(
    product: DemoDriver,
) -> None:
    """At most one more, even if Slack hangs up each time."""
    request_id = product.submit()
    product.card(request_id)
    product.fault(POST, "drop_after", count=20)

    assert product.decide("bob", request_id, "deny", reason="once")[0] == 200

    eventually(lambda: request_id in product.dms("alice"), "the DM")
    eventually(lambda: not waiting(product), "all messages", seconds=PATIENCE_SECONDS)
    messages = product.state()["dms"]["alice"]
    assert 1 <= sum(request_id in str(message) for message in messages) <= 2
    assert len(product.cards(request_id)) == 1
    thread = product.cards(request_id)[0]["thread"]
    assert sum("once" in str(line) for line in thread) <= 2


def test_a_lost_way_to_answer_a_click_loses_no_decision(product: DemoDriver) -> None:
    """The private answer may be lost; what it spoke of is in the log."""
    request_id = product.submit()
    product.card(request_id)
    product.fault("response_url", "http_500", count=3)

    answer = product.click("dave", request_id, "approve")

    assert answer["error"] is None
    assert product.state_of(request_id) == "PENDING"
    assert product.actions(request_id) == [
        "request.created",
        "request.decision_refused",
    ]


def test_a_modal_that_slack_does_not_open_is_explained(product: DemoDriver) -> None:
    """The person reads that it is Slack, and the terminal's line to use instead."""
    request_id = product.submit()
    product.card(request_id)
    for kind in ("html_503", "expired_trigger_id", "drop_before"):
        product.fault("views.open", kind)

        told = product.told("bob", request_id, "deny")

        assert "Slack did not do its part" in told
        assert f"jitsudo deny {request_id}" in told
    assert product.state()["views"]["bob"] == []
    assert product.click("bob", request_id, "deny")["view"] is not None


def test_a_channel_that_was_archived_or_left_does_not_stop_decisions(
    product: DemoDriver,
) -> None:
    """The terminal goes on; readiness says what is wrong with the channel."""
    product.control("channels", channel="access", do="kick")
    request_id = product.submit()

    status, _ = product.decide("bob", request_id, "approve")

    eventually(lambda: request_id in product.dms("alice"), "the DM")
    assert status == 200
    assert product.cards(request_id) == []
    product.control("channels", channel="access", do="invite")


def test_a_429_that_did_not_say_how_long_was_waited_out(
    held_back: tuple[DemoDriver, str],
) -> None:
    """Last here: it keeps edits back for half a minute, then they are made."""
    driver, request_id = held_back

    card = driver.card(request_id, showing="Active", seconds=PATIENCE_SECONDS)

    assert offered(card) == ["revoke"]


def test_a_post_that_never_ended_left_one_more_card_and_both_are_right(
    held_back: tuple[DemoDriver, str], stuck: str
) -> None:
    """The copy that nobody knew of is found when somebody presses on it."""
    driver, _ = held_back
    eventually(lambda: "Denied" in str(driver.cards(stuck)), "its card", seconds=40)
    cards = driver.cards(stuck)
    assert len(cards) == 2
    first = min(cards, key=lambda card: float(card["ts"]))

    told = driver.control(
        "click", user="bob", channel="access", ts=first["ts"], action_id="approve",
        wait_ms=5_000,
    )  # fmt: skip

    assert "REJECTED" in " ".join(told["ephemeral"])
    assert len(copies(driver, stuck, "Denied")) == 2
