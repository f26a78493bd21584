"""Socket Mode: connections that drop, are refreshed, refused, or fall silent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.support.demos import DemoDriver, eventually, running_demo

SECONDS = 25
"""Within so many seconds presses have to work again."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDriver]:
    """Yield a demo whose connections may fail without disturbing other tests."""
    home = tmp_path_factory.mktemp("socket_outages")
    with running_demo(
        home, "--no-pacing", "--socket-mode", data=home / "data"
    ) as driver:
        yield driver
        assert driver.cli("erin", "audit", "verify").code == 0


@pytest.fixture(autouse=True)
def connected(product: DemoDriver) -> None:
    """Begin with two connections up."""
    product.http("DELETE", f"{product.sandbox}/faults")
    eventually(
        lambda: product.state()["connections"] == 2, "two connections", seconds=60
    )


def press_until_acknowledged(product: DemoDriver) -> int:
    """Press Approve as one does when nothing happens: again; return how often not."""
    request_id = product.submit()
    product.card(request_id)
    failed = 0

    def is_pressed() -> bool:
        nonlocal failed
        error = product.click("bob", request_id, "approve")["error"]
        failed += error is not None
        return error is None

    eventually(is_pressed, "an acknowledged press", seconds=SECONDS)
    product.card(request_id, showing="Active")
    assert product.actions(request_id).count("request.approved") == 1
    return failed


def test_one_dropped_connection_is_noticed_by_nobody(product: DemoDriver) -> None:
    """The other one carries the press."""
    product.control("socket", do="drop", count=1)

    assert press_until_acknowledged(product) == 0


def test_when_every_connection_drops_presses_work_within_seconds(
    product: DemoDriver,
) -> None:
    """Meanwhile Slack says that it failed, and the terminal decides."""
    other = product.submit()

    product.control("socket", do="drop")

    assert product.decide("bob", other, "approve")[0] == 200
    press_until_acknowledged(product)
    product.card(other, showing="Active")


def test_a_refresh_with_presses_in_flight_loses_none(product: DemoDriver) -> None:
    """Slack asks the connections to come again while twenty people press."""
    ids = [product.submit() for _ in range(20)]
    for request_id in ids:
        product.card(request_id)

    with ThreadPoolExecutor(21) as pool:
        presses = [
            pool.submit(partial(product.click, "bob", request_id, "approve"))
            for request_id in ids
        ]
        pool.submit(
            product.control, "socket", do="refresh", count=1, reason="warning"
        ).result()
        answers = [press.result() for press in presses]

    assert [answer["error"] for answer in answers] == [None] * 20
    for request_id in ids:
        product.card(request_id, showing="Active")


def test_asked_to_come_again_both_connections_do(product: DemoDriver) -> None:
    """A disconnect is Slack's way to move a connection; presses go on."""
    product.control("socket", do="refresh", reason="refresh_requested")

    press_until_acknowledged(product)


def test_a_handshake_that_is_refused_is_tried_again(product: DemoDriver) -> None:
    """An address works once; another one is asked for."""
    product.control("socket", do="refuse", count=2)
    product.control("socket", do="drop")

    press_until_acknowledged(product)


def test_without_any_connection_no_server_is_taken_away(product: DemoDriver) -> None:
    """No load balancer is told to; whoever looks sees what is not ready."""
    product.fault("apps.connections.open", "http_500", count=1_000)
    product.control("socket", do="drop")

    def readiness() -> tuple[int, dict[str, Any]]:
        return product.http("GET", f"{product.server}/readyz")

    eventually(lambda: readiness()[1]["parts"]["slack"] == "not ready", "the outage")
    ready, answer = readiness()
    told = product.cli("bob", "server", "status", "--server", product.server)
    status, _ = product.decide("bob", product.submit(), "approve")

    assert (ready, answer["ready"], status) == (200, True, 200)
    assert (told.code, "slack: not ready" in told.out) == (1, True)


def test_while_no_address_is_to_be_had_it_is_asked_for_again(
    product: DemoDriver,
) -> None:
    """apps.connections.open is down for three calls, then presses work."""
    product.fault("apps.connections.open", "html_503")
    product.fault("apps.connections.open", "ratelimited", retry_after="1")
    product.fault("apps.connections.open", "drop_before")
    product.control("socket", do="drop")

    press_until_acknowledged(product)


def test_a_connection_that_answers_no_ping_is_replaced(product: DemoDriver) -> None:
    """Half-open connections look well from outside; only silence tells."""
    product.control("socket", do="no_pong", count=1)

    assert press_until_acknowledged(product) <= 1


def test_one_press_delivered_twice_is_one_decision(product: DemoDriver) -> None:
    """Slack sends an envelope again that was not acknowledged in time."""
    request_id = product.submit()
    first = product.click("bob", request_id, "approve")

    again = product.control("redeliver", delivery_id=first["delivery_id"], times=3)

    assert {ack["status"] for ack in again["acks"]} == {200}
    product.card(request_id, showing="Active")
    assert product.actions(request_id).count("request.approved") == 1
