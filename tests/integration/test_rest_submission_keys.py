"""`Idempotency-Key`: the same ask sent twice is one request, whoever answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.api.app import add_api
from core.settings import CoreSettings
from core.wiring import open_jitsudo
from tests.support.builders import ALICE, BOB, ERIN
from tests.support.servers import POLICIES, ApiServer, Reply, granted, listening

REQUESTS: Final = "/api/v1alpha1/requests"
KEY: Final = "Idempotency-Key"

ASK: Final[dict[str, object]] = {
    "provider": "local",
    "role": "infra-admin",
    "resourceScope": "staging",
    "durationSeconds": "3600",
    "reason": "INC-4421",
}


@asynccontextmanager
async def _replica(url: str, key: SecretStr) -> AsyncIterator[ApiServer]:
    settings = CoreSettings(
        database_url=SecretStr(url),
        policy_dir=POLICIES,
        groups_file=POLICIES / "groups.yaml",
        encryption_keys=(key,),
        local_provider=True,
    )
    async with open_jitsudo(settings) as jitsudo:
        server = ApiServer(jitsudo=jitsudo, url="")
        app = web.Application()
        add_api(app, jitsudo, ready=jitsudo.health)
        async with listening(app) as server.url:
            yield server


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[ApiServer]]:
    """Yield two servers on one database, once for each kind of database."""
    key = SecretStr(Fernet.generate_key().decode())
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(_replica(database_url, key))
            for _ in range(2)
        ]


async def _submit(
    api: ApiServer, token: str, *, key: str | None, **changed: object
) -> Reply:
    return await api.send(
        "POST",
        REQUESTS,
        token=token,
        body={**ASK, **changed},
        headers={} if key is None else {KEY: key},
    )


async def test_same_key_is_one_request_on_every_replica(
    replicas: list[ApiServer],
) -> None:
    """Sent to both at once, and later again: one request, one event."""
    token = await replicas[0].token(ALICE)

    async with asyncio.TaskGroup() as tasks:
        sent = [
            tasks.create_task(_submit(replica, token, key="deploy-7"))
            for replica in (*replicas, *replicas)
        ]
    late = await _submit(replicas[1], token, key="deploy-7")
    replies = [*(task.result() for task in sent), late]
    erin = await replicas[0].token(ERIN)
    events = await replicas[1].send(
        "GET", "/api/v1alpha1/audit?action=request.created", token=erin
    )

    assert [reply.status for reply in replies] == [200] * 5
    assert len({reply.json()["request"]["id"] for reply in replies}) == 1
    assert len(events.json()["events"]) == 1
    verified = await replicas[0].send("POST", "/api/v1alpha1/audit:verify", token=erin)
    assert verified.status == 200


async def test_repeated_submission_shows_what_became_of_it(
    replicas: list[ApiServer],
) -> None:
    """Who lost the first answer reads the decision in the second."""
    alice, bob = await replicas[0].token(ALICE), await replicas[0].token(BOB)
    first = (await _submit(replicas[0], alice, key="k")).json()["request"]
    await replicas[1].send(
        "POST", f"{REQUESTS}/{first['id']}/approve", token=bob, body={"comment": "go"}
    )

    again = (await _submit(replicas[0], alice, key="k")).json()["request"]

    assert again["id"] == first["id"]
    assert again["state"] == "REQUEST_STATE_APPROVED"
    assert [a["comment"] for a in again["approvals"]] == ["go"]


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "other"},
        {"durationSeconds": 60},
        {"reason": "another"},
        {"breakGlass": True},
        {"metadata": {"ticket": "1"}},
    ],
)
async def test_something_else_under_the_same_key_is_a_conflict(
    api: ApiServer, changed: dict[str, Any]
) -> None:
    """409, naming the request that has the key; nothing is stored."""
    token = await api.token(ALICE)
    first = (await _submit(api, token, key="k")).json()["request"]

    reply = await _submit(api, token, key="k", **changed)
    listed = await api.send("GET", f"{REQUESTS}?mine=true", token=token)

    assert reply.status == 409
    assert reply.json()["error"] == "conflict"
    assert first["id"] in reply.json()["message"]
    assert len(listed.json()["requests"]) == 1


@pytest.mark.parametrize("key", [None, ""])
async def test_without_a_key_each_submission_is_a_request(
    api: ApiServer, key: str | None
) -> None:
    """An empty key is none."""
    token = await api.token(ALICE)

    replies = [await _submit(api, token, key=key) for _ in range(2)]

    assert len({reply.json()["request"]["id"] for reply in replies}) == 2


async def test_key_is_one_persons(api: ApiServer) -> None:
    """Nobody meets somebody else's request by guessing a key."""
    first = await _submit(api, await api.token(ALICE), key="k")

    reply = await _submit(api, await api.token(BOB), key="k")

    assert first.status == 200
    assert reply.status == 403
    assert first.json()["request"]["id"].encode() not in reply.body


@pytest.mark.parametrize("key", ["k" * 201, "naïve", "a\tb"])
@pytest.mark.parametrize("path", ["", "/{}/extend"])
async def test_key_that_cannot_be_names_the_header(
    api: ApiServer, key: str, path: str
) -> None:
    """Too long, or not printable ASCII."""
    request_id = (await granted(api)).request.id

    reply = await api.send(
        "POST",
        REQUESTS + path.format(request_id),
        token=await api.token(ALICE),
        body=ASK,
        headers={KEY: key},
    )

    assert reply.status == 400
    assert reply.json()["details"][0]["field"] == KEY


async def test_longest_key_is_taken(api: ApiServer) -> None:
    """200 characters."""
    token = await api.token(ALICE)

    replies = [await _submit(api, token, key="k" * 200) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].json()["request"]["id"] == replies[1].json()["request"]["id"]


async def test_extension_has_its_key_too(api: ApiServer) -> None:
    """Twice under one key is one; for something else it is a conflict."""
    path = f"{REQUESTS}/{(await granted(api)).request.id}/extend"
    token = await api.token(ALICE)

    async def extend(seconds: int) -> Reply:
        return await api.send(
            "POST",
            path,
            token=token,
            body={"durationSeconds": seconds},
            headers={KEY: "more"},
        )

    first, again, other = await extend(7200), await extend(7200), await extend(7201)

    assert (first.status, again.status, other.status) == (200, 200, 409)
    assert first.json()["request"]["id"] == again.json()["request"]["id"]
