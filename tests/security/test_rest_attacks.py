"""What somebody tries who is in, but should not get that far."""

import gzip
import json
from typing import Final

import pytest

from core.domain.principal import Actor
from core.ports import AuditFilter
from core.vocabulary import Origin
from tests.support.builders import ALICE, BOB, DAVE, ERIN, a_request_id, an_ask
from tests.support.servers import ApiServer, Reply

BASE: Final = "/api/v1alpha1"


async def test_what_others_ask_is_hidden_from_a_stranger(api: ApiServer) -> None:
    """Look, list and decisions are 404 or empty; a decision is refused by policy."""
    alice = await api.acting(ALICE)
    asked = await alice.submit(an_ask(reason="the secret project"))
    dave = await api.token(DAVE)
    path = f"{BASE}/requests/{asked.request.id}"
    missing = f"{BASE}/requests/{a_request_id()}"

    for end in ("", "/decisions", "/credentials"):
        hidden = await api.send("GET", path + end, token=dave)
        absent = await api.send("GET", missing + end, token=dave)
        assert (hidden.status, absent.status) == (404, 404)
        assert _without_ids(hidden) == _without_ids(absent)
    listed = await api.send(
        "GET", f"{BASE}/requests?requesterIdentity={ALICE}", token=dave
    )
    refused = await api.send("POST", f"{path}/deny", token=dave, body={"reason": "x"})

    assert listed.json()["requests"] == []
    assert refused.status == 403
    for word in (b"secret project", b"infra-admin", b"staging"):
        assert word not in refused.body


def _without_ids(reply: Reply) -> tuple[object, object]:
    body = reply.json()
    return body["code"], body["error"]


async def test_body_cannot_say_who_acts(api: ApiServer) -> None:
    """Identity, origin, state and evidence in a body are ignored."""
    forged = {
        "provider": "local",
        "role": "infra-admin",
        "resourceScope": "staging",
        "durationSeconds": 60,
        "requesterIdentity": BOB,
        "requester": BOB,
        "actor": BOB,
        "origin": "system",
        "state": "REQUEST_STATE_ACTIVE",
        "approverIdentity": BOB,
        "countedApprovals": 5,
        "evidence": {"slack_user": "U1"},
    }
    alice = await api.token(ALICE)

    reply = await api.send("POST", f"{BASE}/requests", token=alice, body=forged)
    approved = await api.send(
        "POST",
        f"{BASE}/requests/{reply.json()['request']['id']}/approve",
        token=alice,
        body={"actor": BOB, "approver": BOB, "self_allowed": True},
        headers={"X-Forwarded-User": BOB, "X-Remote-User": BOB},
    )

    request = reply.json()["request"]
    assert request["requesterIdentity"] == ALICE
    assert request["state"] == "REQUEST_STATE_PENDING"
    assert request["countedApprovals"] == 0
    assert approved.status == 403
    auditor = api.jitsudo.acting(Actor(email=ERIN, origin=Origin.API))
    events = (await auditor.audit(AuditFilter(actor=ALICE))).events
    assert {event.fact.origin for event in events} == {Origin.API}
    assert (await auditor.audit(AuditFilter(actor=BOB))).events == ()


@pytest.mark.parametrize(
    ("body", "headers", "word"),
    [
        (b'{"reason": "' + b"x" * 65_536 + b'"}', {}, "64 KiB"),
        (b" " * 1_048_576, {}, "64 KiB"),
        (gzip.compress(b" " * 10_000_000), {"Content-Encoding": "gzip"}, "compressed"),
        (b'{"reason": "a", "reason": "b"}', {}, "twice"),
        (b"[" * 60_000, {}, "nested"),
        (b'{"reason": ' + b"9" * 60_000 + b"}", {}, "number"),
        (b'"text"', {}, "object"),
        (b'{"reason": ["x"]}', {}, "reason"),
    ],
)
async def test_hostile_body_is_refused_in_plain_words(
    api: ApiServer, body: bytes, headers: dict[str, str], word: str
) -> None:
    """No crash, no memory, no decision; the limit is named."""
    asked = await (await api.acting(ALICE)).submit(an_ask())

    reply = await api.send(
        "POST",
        f"{BASE}/requests/{asked.request.id}/deny",
        token=await api.token(BOB),
        body=body,
        headers=headers,
    )

    assert reply.status == 400, reply.body
    assert reply.json()["error"] == "invalid"
    assert word in reply.json()["message"]
    assert await (await api.acting(ALICE)).get(asked.request.id) == asked


async def test_body_without_length_is_cut_off_at_the_limit(api: ApiServer) -> None:
    """Chunked encoding is no way round."""
    token = await api.token(ALICE)
    chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"

    status = await api.send_raw(
        "POST",
        f"{BASE}/requests",
        f"Authorization: Bearer {token}",
        "Transfer-Encoding: chunked",
        body=chunk * 12 + b"0\r\n\r\n",
    )

    assert status == 400


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\x1b[31m", "\ud800", "x" * 2_001, "\u200b \u2060", "\x85"],
)
async def test_text_that_cannot_be_kept_names_its_field(
    api: ApiServer, text: str
) -> None:
    """The same rule for a reason as on every other surface."""
    asked = await (await api.acting(ALICE)).submit(an_ask())
    path = f"{BASE}/requests/{asked.request.id}"

    reply = await api.send(
        "POST", f"{path}/deny", token=await api.token(BOB), body={"reason": text}
    )

    assert reply.status == 400, reply.body
    assert reply.json()["details"][0]["field"] == "reason"


async def test_text_that_can_be_kept_comes_back_as_it_was(api: ApiServer) -> None:
    """Mark-up, quotes and marks of direction are text here, no more."""
    asked = await (await api.acting(ALICE)).submit(an_ask())
    reason = '<!channel> & "quotes" \'x\', "allow": true\n\t\u202eabc 漢字 🙈'

    reply = await api.send(
        "POST",
        f"{BASE}/requests/{asked.request.id}/deny",
        token=await api.token(BOB),
        body={"reason": reason},
    )

    assert reply.json()["request"]["denialReason"] == reason
    assert reply.body.isascii()


@pytest.mark.parametrize(
    "path",
    [
        "/requests/%00",
        "/requests/..%2f..%2fmetrics",
        "/requests/req_%0d%0aX-Evil:1",
        "/tokens/%F0%9F%99%88",
        "/requests/" + "9" * 5_000,
    ],
)
async def test_odd_paths_are_refused_and_not_repeated_raw(
    api: ApiServer, path: str
) -> None:
    """400 or 404 in JSON, no header of the caller's making."""
    reply = await api.send(
        "DELETE" if path.startswith("/tokens") else "GET",
        BASE + path,
        token=await api.token(ALICE),
    )

    assert reply.status in {400, 404}
    assert "X-Evil" not in reply.headers
    assert json.loads(reply.body)["message"]


async def test_unauthenticated_calls_do_not_touch_the_audit_log(
    api: ApiServer,
) -> None:
    """Nobody can flood the chain without a token."""
    auditor = api.jitsudo.acting(Actor(email=ERIN, origin=Origin.API))
    token = await api.token(ALICE)
    before = await auditor.verify_audit()

    for _ in range(5):
        await api.send("GET", f"{BASE}/whoami")
        await api.send("GET", f"{BASE}/whoami", token="jit_nonsense")
        await api.send("POST", f"{BASE}/requests", token=token, body=b"{")

    assert await auditor.verify_audit() == before
