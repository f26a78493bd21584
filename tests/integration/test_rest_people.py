"""Principals and trust tiers over REST: the reference's words, in either spelling."""

import pytest

from core.errors import PolicyUnavailable
from core.vocabulary import TokenScope
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.policies import ScriptedPolicy
from tests.support.products import Product
from tests.support.servers import ApiServer

BASE = "/api/v1alpha1"


@pytest.mark.parametrize("name", ["trustTier", "trust_tier"])
async def test_a_tier_is_set_and_shown_in_the_references_words(
    api: ApiServer, name: str
) -> None:
    """The keys of the reference come first; ours follow."""
    erin = await api.token(ERIN)

    put = await api.send(
        "PUT",
        f"{BASE}/principals/{ALICE}/trust-tier",
        token=erin,
        body={name: 2, "notes": "probation is over"},
    )
    got = await api.send("GET", f"{BASE}/principals/{ALICE}", token=erin)

    principal = got.json()["principal"]
    assert (put.status, got.status) == (200, 200)
    assert put.json()["principal"] == principal
    assert list(principal)[:6] == [
        "identity",
        "trustTier",
        "enrolledBy",
        "enrolledAt",
        "lastSeenAt",
        "notes",
    ]
    assert (principal["trustTier"], principal["enrolledBy"]) == (2, ERIN)
    assert principal["groupSources"][0]["source"] == "file"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"trustTier": 5}, 400),
        ({"trustTier": -1}, 400),
        ({"trustTier": True}, 400),
        ({"trustTier": "two"}, 400),
        ({}, 400),
        ({"trustTier": 1, "notes": "x" * 2001}, 400),
        ({"trustTier": 1, "notes": "bell\u0007"}, 400),
        ({"trustTier": 1, "trust_tier": 4}, 400),
    ],
)
async def test_what_is_no_tier_is_refused(
    api: ApiServer, body: dict[str, object], status: int
) -> None:
    """With the field named; nothing is set."""
    erin = await api.token(ERIN)
    path = f"{BASE}/principals/{BOB}"

    reply = await api.send("PUT", f"{path}/trust-tier", token=erin, body=body)
    after = await api.send("GET", path, token=erin)

    assert reply.status == status
    assert after.json()["principal"]["trustTier"] == 0


async def test_who_may_look_and_set(api: ApiServer) -> None:
    """Others get 403 for everybody alike, so that nobody finds out who exists."""
    bob = await api.token(BOB)
    reader = await api.token(ERIN, frozenset({TokenScope.READ}))
    unknown = f"{BASE}/principals/nobody@example.com"

    for path in (unknown, f"{BASE}/principals/{ALICE}"):
        assert (await api.send("GET", path, token=bob)).status == 403
    assert (await api.send("GET", unknown, token=reader)).status == 404
    assert (await api.send("GET", f"{BASE}/principals/{BOB}", token=bob)).status == 200
    for method, path in (
        ("PUT", f"/principals/{ALICE}/trust-tier"),
        ("POST", "/admin/reload-policies"),
    ):
        for token in (bob, reader):
            reply = await api.send(
                method, BASE + path, token=token, body={"trustTier": 4}
            )
            assert reply.status == 403
    for method in ("GET", "POST"):
        body = None if method == "GET" else {"requesterIdentity": ALICE}
        path = f"{BASE}/policies:doctor"
        reply = await api.send(method, path, token=bob, body=body)
        assert reply.status in {400, 403}


async def test_a_reload_that_fails_is_audited_as_one(
    scripted: Product, policy: ScriptedPolicy
) -> None:
    """The event says why, and the error too."""
    policy.failure = "line 3: unexpected token"

    with pytest.raises(PolicyUnavailable, match="unexpected token"):
        await scripted.acting(ERIN).reload_policies()

    (event,) = await scripted.events()
    assert (event.fact.actor, event.fact.outcome.value) == (ERIN, "failure")
    assert event.fact.details["why"] == "line 3: unexpected token"
