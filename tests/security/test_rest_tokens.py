"""Who gets in: one valid token, in one header, for what its scope says."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest

from core.vocabulary import TokenScope
from tests.support.builders import ALICE, ERIN, NOBODYS, a_request_id
from tests.support.servers import ApiServer, Reply

BASE: Final = "/api/v1alpha1"

ROUTES: Final = [
    ("GET", "/requests"),
    ("POST", "/requests"),
    ("GET", f"/requests/{NOBODYS}"),
    ("POST", f"/requests/{NOBODYS}/approve"),
    ("POST", f"/requests/{NOBODYS}/deny"),
    ("POST", f"/requests/{NOBODYS}/withdraw"),
    ("POST", f"/requests/{NOBODYS}/revoke"),
    ("POST", f"/requests/{NOBODYS}/retry"),
    ("POST", f"/requests/{NOBODYS}/extend"),
    ("POST", f"/requests/{NOBODYS}/review"),
    ("GET", f"/requests/{NOBODYS}/decisions"),
    ("GET", f"/requests/{NOBODYS}/credentials"),
    ("GET", "/audit"),
    ("POST", "/audit:verify"),
    ("POST", "/policies:eval"),
    ("GET", "/whoami"),
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", "/tokens/tok_1"),
    ("POST", "/principals/alice@example.com/disable"),
    ("POST", "/principals/alice@example.com/enable"),
    ("POST", "/principals/alice@example.com/forget-sign-in"),
    ("GET", "/jobs"),
    ("GET", "/no-such-page"),
    ("PATCH", "/requests"),
    ("OPTIONS", "/requests"),
]


def _assert_unauthenticated(reply: Reply) -> None:
    assert reply.status == 401, reply.body
    assert reply.json()["error"] == "not_authenticated"
    assert reply.json()["code"] == 16
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nothing_under_api_answers_without_a_token(
    api: ApiServer, method: str, path: str
) -> None:
    """Known, unknown and forbidden routes look the same to a stranger."""
    _assert_unauthenticated(await api.send(method, BASE + path))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Token {}",
        "{}",
        "Bearer {} {}",
        "Bearer\t{}",
    ],
)
async def test_odd_authorization_header_is_no_token(
    api: ApiServer, header: str
) -> None:
    """Only `Bearer`, one blank and one token."""
    secret = await api.token(ALICE)

    reply = await api.send(
        "GET",
        f"{BASE}/whoami",
        headers={"Authorization": header.replace("{}", secret)},
    )

    _assert_unauthenticated(reply)
    assert secret.encode() not in reply.body


async def test_two_authorization_headers_are_refused(api: ApiServer) -> None:
    """A proxy could have checked the other one."""
    secrets = [await api.token(ALICE), await api.token(ERIN)]
    lines = [f"Authorization: Bearer {secret}" for secret in secrets]

    status = await api.send_raw("GET", f"{BASE}/whoami", *lines, "Connection: close")

    assert status == 401


async def test_scheme_is_read_in_any_case(api: ApiServer) -> None:
    """RFC 9110 says so, and clients rely on it."""
    secret = await api.token(ALICE)

    reply = await api.send(
        "GET", f"{BASE}/whoami", headers={"Authorization": f"bEARER {secret}"}
    )

    assert reply.json()["identity"] == ALICE


@pytest.mark.parametrize(
    "query", ["access_token={}", "TOKEN={}", "authorization=Bearer+{}", "x={}"]
)
async def test_token_in_an_address_is_refused(api: ApiServer, query: str) -> None:
    """Even beside a good header: addresses end up in logs."""
    secret = await api.token(ALICE)

    reply = await api.send(
        "GET", f"{BASE}/whoami?{query.replace('{}', secret)}", token=secret
    )

    assert reply.status == 400
    assert reply.json()["details"][0]["field"] == "query"
    assert secret.encode() not in reply.body


async def test_expired_and_revoked_tokens_are_nobodys(api: ApiServer) -> None:
    """Both stop at once."""
    short = await api.token(ALICE, ttl=timedelta(milliseconds=1))
    await asyncio.sleep(0.01)
    operator = api.jitsudo.operator("operator:root@test", {})
    issued = await operator.issue_token(
        ALICE, scopes=frozenset({TokenScope.READ}), ttl=timedelta(hours=1)
    )
    before = await api.send("GET", f"{BASE}/whoami", token=issued.secret)
    await operator.revoke_token(issued.token.id)

    assert before.status == 200
    for secret in (short, issued.secret, issued.secret[:-1] + "x", "jit_" + "a" * 39):
        _assert_unauthenticated(await api.send("GET", f"{BASE}/whoami", token=secret))


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (TokenScope.READ, "POST", "/requests"),
        (TokenScope.APPROVE, "POST", "/requests"),
        (TokenScope.REQUEST, "GET", "/requests"),
        (TokenScope.REQUEST, "POST", "/requests/{id}/approve"),
        (TokenScope.READ, "POST", "/requests/{id}/deny"),
        (TokenScope.READ, "GET", "/requests/{id}/credentials"),
        (TokenScope.APPROVE, "GET", "/audit"),
        (TokenScope.READ, "POST", "/tokens"),
    ],
)
async def test_token_does_only_what_its_scope_says(
    api: ApiServer, scope: TokenScope, method: str, path: str
) -> None:
    """Whoever holds it: erin could do all of this with another token."""
    token = await api.token(ERIN, frozenset({scope}))
    body = {
        "provider": "local",
        "role": "r",
        "resourceScope": "s",
        "durationSeconds": 60,
        "reason": "no",
        "identity": ERIN,
        "scopes": ["admin"],
        "ttlSeconds": 60,
    }

    reply = await api.send(
        method, BASE + path.replace("{id}", a_request_id()), token=token, body=body
    )

    assert reply.status == 403, reply.body
    assert "scope" in reply.json()["message"]
