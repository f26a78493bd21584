"""Deliveries that Slack did not sign, signed too long ago, or that somebody kept.

Each is the byte-for-byte copy of a press that would decide: signed well, it does.
"""

import http.client
import time
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.support.demos import DemoDriver
from tests.support.grounds import groups_without


@pytest.fixture
def recorded(demo: DemoDriver) -> tuple[str, str]:
    """Return a request and a press on it that was refused, but no more would be."""
    request_id = demo.submit()
    demo.card(request_id)
    with groups_without(demo, "bob", "sre-lead"):
        answer = demo.click("bob", request_id, "approve")
    assert demo.state_of(request_id) == "PENDING"
    return request_id, answer["delivery_id"]


@pytest.mark.parametrize("signature", ["bad", "stale"])
def test_a_press_that_is_signed_wrongly_or_too_long_ago_decides_nothing(
    demo: DemoDriver, recorded: tuple[str, str], signature: str
) -> None:
    """It is refused before it is read; signed well, the same bytes decide."""
    request_id, delivery_id = recorded

    answer = demo.control(
        "redeliver", delivery_id=delivery_id, times=5, signature=signature
    )

    assert {ack["status"] for ack in answer["acks"]} == {401}
    assert answer["ephemeral"] == []
    assert demo.state_of(request_id) == "PENDING"
    assert demo.actions(request_id) == ["request.created", "request.decision_refused"]
    demo.control("redeliver", delivery_id=delivery_id)
    demo.card(request_id, showing="Active")
    demo.check_chain()


def test_a_command_that_is_signed_wrongly_asks_for_nothing(demo: DemoDriver) -> None:
    """Commands pass the same check as buttons."""
    line = "request --provider local --role r --scope forged"
    first = demo.command("dave", line)
    assert "only members of sre" in " ".join(first["ephemeral"])

    answer = demo.control(
        "redeliver", delivery_id=first["delivery_id"], signature="bad"
    )

    assert [ack["status"] for ack in answer["acks"]] == [401]
    assert answer["ephemeral"] == []


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [
        (None, None),
        ("now", None),
        (None, "good"),
        ("now", "v0="),
        ("now", "v1=" + "0" * 64),
        ("now", "v0=" + "0" * 64),
        ("ahead", "good"),
        ("nan", "good"),
        ("-1", "good"),
        ("\uff11\uff12", "good"),
    ],
    ids=str,
)
def test_headers_that_are_missing_or_odd_are_no_signature(
    demo: DemoDriver, timestamp: str | None, signature: str | None
) -> None:
    """401, in a few words, whatever is missing."""
    body = urlencode({"command": "/jitsudo", "text": "status"}).encode()
    now = int(time.time())
    stamp = {"now": str(now), "ahead": str(now + 3_600)}.get(timestamp or "", timestamp)
    headers = {}
    if stamp is not None:
        headers["X-Slack-Request-Timestamp"] = stamp
    if signature == "good":
        signer = SignatureVerifier("not the secret")
        signature = signer.generate_signature(timestamp=stamp or "0", body=body)
    if signature is not None:
        headers["X-Slack-Signature"] = signature

    status, answer = deliver(demo, body, headers)

    assert status == 401
    assert answer == b"not signed by Slack"


def deliver(
    demo: DemoDriver, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes]:
    """Send what may be a delivery; return status and answer."""
    connection = http.client.HTTPConnection(demo.server.removeprefix("http://"))
    try:
        connection.putrequest("POST", "/slack/events")
        for name, value in headers.items():
            connection.putheader(name, value.encode())
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
