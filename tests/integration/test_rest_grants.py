"""The REST API after the yes: revoke, retry, extend, review, people."""

from typing import Any, Final

import pytest

from core.vocabulary import RequestState, TokenScope
from tests.support.builders import (
    ALICE,
    BOB,
    DAVE,
    ERIN,
    NOBODYS,
    an_ask,
)
from tests.support.servers import ApiServer, Reply, granted

BASE: Final = "/api/v1alpha1"
_SOMEBODY: Final = f"/principals/{DAVE}"


async def _post(
    api: ApiServer, who: str, path: str, body: object = None, **headers: str
) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.send(
        "POST", BASE + path, token=await api.token(who), body=body, headers=named
    )


async def _grant(api: ApiServer, *, break_glass: bool = False) -> str:
    ask = an_ask(break_glass=break_glass)
    return f"/requests/{(await granted(api, ask=ask)).request.id}"


def _request(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.body
    request: dict[str, Any] = reply.json()["request"]
    return request


@pytest.mark.parametrize("body", [None, {}, {"reason": None}, {"nobody": "asked"}])
async def test_reason_for_revoking_may_be_absent(api: ApiServer, body: object) -> None:
    """And a field that nobody asks for is ignored, as everywhere."""
    revoked = _request(await _post(api, BOB, f"{await _grant(api)}/revoke", body))

    assert revoked["state"] == "REQUEST_STATE_ACTIVE"
    assert revoked["grantStatus"] == "revoking"
    assert (revoked["endedBy"], revoked["endReason"]) == (BOB, "")
    assert revoked["endedAt"] is None


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("revoke", {"reason": 1}, "reason"),
        ("revoke", {"reason": "x" * 2_001}, "reason"),
        ("revoke", {"reason": "bell \x07"}, "reason"),
        ("revoke", ["reason"], "body"),
        ("retry", b"{", "body"),
        ("extend", {}, "durationSeconds"),
        ("extend", {"durationSeconds": "soon"}, "durationSeconds"),
        ("extend", {"durationSeconds": True}, "durationSeconds"),
        ("extend", {"durationSeconds": 0}, "durationSeconds"),
        ("extend", {"durationSeconds": 10**18}, "durationSeconds"),
        ("extend", {"durationSeconds": 60, "reason": []}, "reason"),
        (
            "extend",
            {"durationSeconds": 60, "duration_seconds": 60},
            "durationSeconds",
        ),
        ("review", {}, "note"),
        ("review", {"note": "\u200b"}, "note"),
        ("review", {"note": {"text": "fine"}}, "note"),
        ("review", {"note": "x" * 2_001}, "note"),
    ],
)
async def test_what_cannot_be_names_its_field(
    api: ApiServer, act: str, body: object, field: str
) -> None:
    """As it was sent, with nothing done."""
    path = await _grant(api)

    reply = await _post(api, ALICE if act == "extend" else BOB, f"{path}/{act}", body)

    assert reply.status == 400, reply.body
    assert reply.json()["details"][0]["field"] == field
    seen = await api.send("GET", BASE + path, token=await api.token(ALICE))
    assert seen.json()["request"]["grantStatus"] == "active"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", f"/requests/{NOBODYS}/revoke", {}, (404, "not_found")),
        ("POST", f"/requests/{NOBODYS}/retry", {}, (404, "not_found")),
        (
            "POST",
            f"/requests/{NOBODYS}/extend",
            {"durationSeconds": 60},
            (404, "not_found"),
        ),
        (
            "POST",
            f"/requests/{NOBODYS}/review",
            {"note": "fine"},
            (404, "not_found"),
        ),
        ("POST", "/requests/nope/revoke", {}, (400, "invalid")),
        ("POST", "/requests/nope/review", {"note": "fine"}, (400, "invalid")),
        (
            "GET",
            f"/requests/{NOBODYS}/revoke",
            None,
            (405, "method_not_allowed"),
        ),
        ("GET", f"{_SOMEBODY}/disable", None, (405, "method_not_allowed")),
        ("POST", f"{_SOMEBODY}/forget", {}, (404, "not_found")),
        ("POST", f"{_SOMEBODY}/disable", {}, (400, "invalid")),
        ("POST", f"{_SOMEBODY}/disable", {"reason": " "}, (400, "invalid")),
        ("POST", f"{_SOMEBODY}/disable", {"reason": 7}, (400, "invalid")),
        ("POST", "/principals/nobody/disable", {"reason": "x"}, (400, "invalid")),
        ("POST", f"/principals/{ERIN}/disable", {"reason": "x"}, (400, "invalid")),
        ("POST", "/principals/nobody/enable", {}, (400, "invalid")),
    ],
)
async def test_refusal_has_its_status_and_word(
    api: ApiServer, method: str, path: str, body: object, expected: tuple[int, str]
) -> None:
    """For erin, who may do all of it."""
    reply = await api.send(method, BASE + path, token=await api.token(ERIN), body=body)

    assert (reply.status, reply.json()["error"]) == expected, reply.body
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("who", "act", "status"),
    [
        (DAVE, "revoke", 403),
        (DAVE, "retry", 403),
        (DAVE, "extend", 404),
        (DAVE, "review", 403),
        (BOB, "extend", 403),
        (ALICE, "review", 403),
        (ALICE, "retry", 409),
    ],
)
async def test_each_role_gets_its_answer(
    api: ApiServer, who: str, act: str, status: int
) -> None:
    """A stranger learns no fact; others read why."""
    path = await _grant(api, break_glass=True)

    reply = await _post(
        api, who, f"{path}/{act}", {"durationSeconds": 60, "note": "fine"}
    )

    assert reply.status == status, reply.body
    assert who != DAVE or "infra-admin" not in reply.body.decode()


@pytest.mark.parametrize("act", ["disable", "enable"])
async def test_people_are_admins_business(api: ApiServer, act: str) -> None:
    """A role, and a token whose scope says so."""
    body = {"reason": "left"}
    path = f"{BASE}{_SOMEBODY}/{act}"
    reading = await api.token(ERIN, frozenset({TokenScope.READ}))

    by_bob = await _post(api, BOB, f"{_SOMEBODY}/{act}", body)
    by_reader = await api.send("POST", path, token=reading, body=body)
    by_erin = await _post(api, ERIN, f"/principals/DAVE%40example.com/{act}", body)

    assert (by_bob.status, by_reader.status, by_erin.status) == (403, 403, 200)
    principal = by_erin.json()["principal"]
    assert principal["identity"] == DAVE
    assert principal["disabled"] is (act == "disable")


async def test_disabled_person_is_nobody_from_then_on(api: ApiServer) -> None:
    """Before any job has run, with a token that was valid a moment ago."""
    path = await _grant(api)
    token = await api.token(ALICE)

    disabled = await _post(
        api, ERIN, f"/principals/{ALICE}/disable", {"reason": "left"}
    )
    reply = await api.send("GET", f"{BASE}{path}/credentials", token=token)

    assert disabled.json()["principal"]["requests"] == [path.rpartition("/")[2]]
    assert reply.status == 401
    assert b"LOCAL_" not in reply.body


@pytest.mark.parametrize("name", ["needsReview", "needs_review"])
async def test_open_reviews_are_listed(api: ApiServer, name: str) -> None:
    """In either spelling; false lists everything, and nonsense is refused."""
    broken = (await _grant(api, break_glass=True)).rpartition("/")[2]
    plain = (await _grant(api)).rpartition("/")[2]
    bob = await api.token(BOB)

    waiting = await api.send("GET", f"{BASE}/requests?{name}=true", token=bob)
    every = await api.send("GET", f"{BASE}/requests?{name}=false", token=bob)
    odd = await api.send("GET", f"{BASE}/requests?{name}=maybe", token=bob)
    reviewed = _request(
        await _post(api, BOB, f"/requests/{broken}/review", {"note": "justified"})
    )
    after = await api.send("GET", f"{BASE}/requests?{name}=true", token=bob)

    assert [r["id"] for r in waiting.json()["requests"]] == [broken]
    assert [r["id"] for r in every.json()["requests"]] == [plain, broken]
    assert odd.status == 400
    assert odd.json()["details"][0]["field"] == "needsReview"
    assert waiting.json()["requests"][0]["needsReview"] is True
    assert (reviewed["reviewedBy"], reviewed["reviewNote"]) == (BOB, "justified")
    assert reviewed["needsReview"] is False
    assert after.json()["requests"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"durationSeconds": "7200", "reason": "more"},
        {"duration_seconds": 7200, "reason": "more"},
    ],
)
async def test_extension_is_read_in_either_case(
    api: ApiServer, body: dict[str, object]
) -> None:
    """And answered in the reference's."""
    path = await _grant(api)

    extension = _request(await _post(api, ALICE, f"{path}/extend", body))

    assert extension["extends"] == path.rpartition("/")[2]
    assert extension["durationSeconds"] == "7200"
    assert extension["reason"] == "more"
    assert extension["state"] == f"REQUEST_STATE_{RequestState.PENDING}"
    verified = await _post(api, ERIN, "/audit:verify")
    assert verified.status == 200
