"""The REST API as a client written for the reference sees it."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import structlog

from core.vocabulary import RequestState
from tests.support.builders import ALICE, BOB, CAROL, DAVE, ERIN, NOBODYS
from tests.support.servers import ApiServer, Reply, working

BASE = "/api/v1alpha1"

ASK = {
    "provider": "local",
    "role": "infra-admin",
    "resource_scope": "staging",
    "durationSeconds": "3600",
    "reason": "INC-4421",
}


TOKEN = {"identity": ERIN, "scopes": ["read"], "ttlSeconds": 60}


async def _submit(api: ApiServer, **changed: object) -> dict[str, Any]:
    reply = await api.send(
        "POST",
        f"{BASE}/requests",
        token=await api.token(ALICE),
        body={**ASK, **changed},
    )
    assert reply.status == 200, reply.body
    request: dict[str, Any] = reply.json()["request"]
    return request


async def test_the_references_way_works(api: ApiServer) -> None:
    """Submit, see it pending, approve, read the credentials."""
    bob = await api.token(BOB)
    asked = await _submit(api)
    path = f"{BASE}/requests/{asked['id']}"

    pending = await api.send("GET", f"{BASE}/requests?pending=true", token=bob)
    approved = await api.send(
        "POST", f"{path}/approve", token=bob, body={"comment": "ok"}
    )
    async with working(api.jitsudo):
        reply = approved
        while reply.json()["request"]["state"] != "REQUEST_STATE_ACTIVE":
            version = reply.json()["request"]["version"]
            reply = await api.send(
                "GET", f"{path}?waitSeconds=10&sinceVersion={version}", token=bob
            )
    grant = await api.send("GET", f"{path}/credentials", token=await api.token(ALICE))

    assert asked["state"] == "REQUEST_STATE_PENDING"
    assert [r["id"] for r in pending.json()["requests"]] == [asked["id"]]
    assert pending.json()["nextPageToken"] == ""
    assert approved.json()["request"]["state"] == "REQUEST_STATE_APPROVED"
    assert approved.json()["request"]["approverIdentity"] == BOB
    body = grant.json()["grant"]
    assert body["requestId"] == asked["id"]
    assert {"name": "LOCAL_ROLE", "value": "infra-admin"} in body["credentials"]
    assert body["expiresAt"] == reply.json()["request"]["expiresAt"]
    assert grant.headers["Cache-Control"] == "no-store"


async def test_decisions_are_listed_with_their_texts(api: ApiServer) -> None:
    """Who, what, why and by which way in."""
    asked = await _submit(api, resource_scope="prod")
    path = f"{BASE}/requests/{asked['id']}"
    carol = await api.token(CAROL)
    await api.send("POST", f"{path}/approve", token=carol, body={"comment": "fine"})

    reply = await api.send("GET", f"{path}/decisions", token=carol)

    (decision,) = reply.json()["decisions"]
    assert (decision["approver"], decision["verdict"]) == (CAROL, "approve")
    assert (decision["text"], decision["origin"]) == ("fine", "api")


async def test_request_ids_are_read_in_any_case(api: ApiServer) -> None:
    """An id that a phone has capitalised is the same id."""
    asked = await _submit(api)

    reply = await api.send(
        "GET",
        f"{BASE}/requests/{asked['id'].lower()}",
        token=await api.token(ALICE),
    )

    assert reply.json()["request"]["id"] == asked["id"]


async def test_audit_is_paged_newest_first(api: ApiServer) -> None:
    """Ids are strings, details an object and the reference's text."""
    erin = await api.token(ERIN)
    asked = await _submit(api)
    await api.send(
        "POST",
        f"{BASE}/requests/{asked['id']}/deny",
        token=await api.token(BOB),
        body={"reason": "no"},
    )

    first = await api.send(
        "GET", f"{BASE}/audit?requestId={asked['id']}&pageSize=1", token=erin
    )
    token = first.json()["nextPageToken"]
    second = await api.send(
        "GET", f"{BASE}/audit?request_id={asked['id']}&page_token={token}", token=erin
    )
    verified = await api.send("POST", f"{BASE}/audit:verify", token=erin)

    (denied,) = first.json()["events"]
    (created,) = second.json()["events"]
    assert (denied["action"], created["action"]) == (
        "request.denied",
        "request.created",
    )
    assert int(denied["id"]) > int(created["id"])
    assert json.loads(denied["detailsJson"]) == denied["details"]
    assert denied["actorIdentity"] == BOB
    assert int(verified.json()["report"]["events"]) >= int(denied["id"])


async def test_policy_eval_answers_as_the_reference(api: ApiServer) -> None:
    """`allowed` and `reason`; and `resultJson`, which the reference never filled."""
    document = {
        "user": {"email": DAVE, "groups": ["developer"]},
        "request": {
            "provider": "local",
            "role": "infra-admin",
            "resource_scope": "staging",
            "duration_seconds": 3600,
        },
    }

    reply = await api.send(
        "POST",
        f"{BASE}/policies:eval",
        token=await api.token(ERIN),
        body={"inputJson": json.dumps(document), "type": "POLICY_TYPE_ELIGIBILITY"},
    )

    assert reply.status == 200, reply.body
    assert reply.json()["allowed"] is False
    assert reply.json()["reason"]
    assert json.loads(reply.json()["resultJson"])["allow"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/requests", {}, (400, 3, "invalid")),
        ("POST", "/requests", {**ASK, "breakGlass": "yes"}, (400, 3, "invalid")),
        ("POST", "/requests", {**ASK, "provider": "nope"}, (400, 3, "invalid")),
        ("POST", "/requests", {**ASK, "durationSeconds": 10**18}, (400, 3, "invalid")),
        ("POST", "/requests", {**ASK, "role": "a\x00b"}, (400, 3, "invalid")),
        ("POST", "/requests", {**ASK, "reason": "\ud800"}, (400, 3, "invalid")),
        ("POST", "/requests", b"[1]", (400, 3, "invalid")),
        ("POST", "/requests", b"{", (400, 3, "invalid")),
        ("POST", "/requests", b"\xff\xfe{}", (400, 3, "invalid")),
        ("GET", "/requests?state=DONE", None, (400, 3, "invalid")),
        ("GET", "/requests?pageSize=501", None, (400, 3, "invalid")),
        ("GET", "/requests?pageSize=1&pageSize=2", None, (400, 3, "invalid")),
        ("GET", "/requests/req_1", None, (400, 3, "invalid")),
        ("GET", f"/requests/{NOBODYS}", None, (404, 5, "not_found")),
        (
            "GET",
            f"/requests/{NOBODYS}?waitSeconds=61",
            None,
            (400, 3, "invalid"),
        ),
        (
            "GET",
            f"/requests/{NOBODYS}?waitSeconds=1e1",
            None,
            (400, 3, "invalid"),
        ),
        ("GET", "/nowhere", None, (404, 5, "not_found")),
        ("GET", "/audit", None, (403, 7, "not_allowed")),
        ("GET", "/jobs", None, (403, 7, "not_allowed")),
        ("POST", "/tokens", {}, (400, 3, "invalid")),
        ("PUT", "/requests", None, (405, 12, "method_not_allowed")),
        ("POST", f"/requests/{NOBODYS}/revoke", {}, (404, 5, "not_found")),
    ],
)
async def test_refusal_has_its_status_code_and_word(
    api: ApiServer,
    method: str,
    path: str,
    body: object,
    expected: tuple[int, int, str],
) -> None:
    """The reference's shape, our stable word, and the id of this very call."""
    reply = await api.send(method, BASE + path, token=await api.token(ALICE), body=body)

    refusal = reply.json()
    assert (reply.status, refusal["code"], refusal["error"]) == expected
    assert refusal["message"]
    assert refusal["requestId"] == reply.headers["X-Request-Id"]
    _assert_strict(reply)


async def test_conflict_is_409_with_who_and_when(api: ApiServer) -> None:
    """The facts are fields, not a sentence to be parsed."""
    asked = await _submit(api)
    path = f"{BASE}/requests/{asked['id']}"
    bob = await api.token(BOB)
    await api.send("POST", f"{path}/deny", token=bob, body={"reason": "no"})

    reply = await api.send("POST", f"{path}/approve", token=bob, body={})

    assert reply.status == 409
    assert reply.json()["code"] == 9
    (facts,) = reply.json()["details"]
    assert (facts["actual"], facts["by"]) == ("REJECTED", BOB)


async def test_client_names_its_call(api: ApiServer) -> None:
    """A well-formed id is kept; anything else is replaced, not repeated."""
    token = await api.token(ALICE)

    kept = await api.send(
        "GET", f"{BASE}/whoami", token=token, headers={"X-Request-Id": "call-7"}
    )
    replaced = await api.send(
        "GET", f"{BASE}/whoami", token=token, headers={"X-Request-Id": "a b;c"}
    )

    assert kept.headers["X-Request-Id"] == "call-7"
    assert replaced.headers["X-Request-Id"] not in {"", "a b;c"}


async def test_surprise_is_logged_and_told_by_its_id_alone(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw neither leaks nor goes unseen."""

    async def fail(*_: object, **__: object) -> None:
        message = "password=hunter2"
        raise RuntimeError(message)

    token = await api.token(ALICE)
    monkeypatch.setattr(type(api.jitsudo.services.look), "list", fail)
    with structlog.testing.capture_logs() as logs:
        reply = await api.send("GET", f"{BASE}/requests", token=token)

    assert reply.status == 500
    assert reply.json()["error"] == "internal"
    assert reply.headers["X-Request-Id"] in reply.json()["message"]
    assert b"hunter2" not in reply.body
    assert [entry["event"] for entry in logs] == ["api_failed"]
    _assert_strict(reply)


async def test_long_poll_answers_as_soon_as_there_is_news(api: ApiServer) -> None:
    """Not before the decision, and not only when the time is over."""
    asked = await _submit(api)
    path = f"{BASE}/requests/{asked['id']}"
    alice, bob = await api.token(ALICE), await api.token(BOB)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with asyncio.TaskGroup() as tasks:
        polled = tasks.create_task(
            api.send("GET", f"{path}?wait_seconds=25&since_version=1", token=alice)
        )
        await asyncio.sleep(0.2)
        assert not polled.done()
        await api.send("POST", f"{path}/approve", token=bob)

    assert loop.time() - began < timedelta(seconds=10).total_seconds()
    state = polled.result().json()["request"]["state"]
    assert state == f"REQUEST_STATE_{RequestState.APPROVED}"


def _assert_strict(reply: Reply) -> None:
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/requests", {**ASK, "durationSeconds": 0}, "durationSeconds"),
        ("POST", "/requests", {**ASK, "breakGlass": "yes"}, "breakGlass"),
        ("POST", "/requests", {**ASK, "resource_scope": " "}, "resourceScope"),
        ("GET", "/requests/nope", None, "id"),
        ("POST", "/requests/nope/approve", {}, "id"),
        ("GET", "/audit?requestId=nope", None, "requestId"),
        ("GET", "/audit?pageSize=0", None, "pageSize"),
        ("POST", "/tokens", {**TOKEN, "ttlSeconds": 0}, "ttlSeconds"),
        ("POST", "/tokens", {**TOKEN, "scopes": []}, "scopes"),
    ],
)
async def test_errors_name_the_field_as_it_was_sent(
    api: ApiServer, method: str, path: str, body: dict[str, object] | None, field: str
) -> None:
    """Message and details agree, and neither has a name from elsewhere."""
    token = await api.token(ERIN if path.startswith(("/audit", "/tokens")) else ALICE)

    reply = await api.send(method, BASE + path, token=token, body=body)

    assert reply.status == 400
    told = reply.json()
    assert told["details"][0]["field"] == field
    assert told["message"].startswith(f"{field}: ")
