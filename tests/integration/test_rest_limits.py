"""Limits as a client meets them: 429, when to come back, and who is not stopped."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import pytest
from structlog.testing import capture_logs

from core.errors import TooMany
from core.wiring import Jitsudo, open_jitsudo
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.servers import ApiServer, api_of
from tests.support.terminals import run_jitsudo

BASE: Final = "/api/v1alpha1"
LIMITS: Final = {
    "submissions_per_minute": 2,
    "decisions_per_minute": 1,
    "failed_sign_ins_per_minute": 2,
}


@pytest.fixture
async def limited(jitsudo: Jitsudo) -> AsyncIterator[ApiServer]:
    """Yield a server with small limits, behind a proxy at 127.0.0.1."""
    settings = jitsudo.settings.model_copy(update=LIMITS)
    async with (
        open_jitsudo(settings) as other,
        api_of(other, trusted_proxies=(ip_network("127.0.0.1/32"),)) as server,
    ):
        yield server


async def test_too_many_is_429_and_says_when_to_come_back(limited: ApiServer) -> None:
    """The remote client raises the very error; the decision is not there."""
    alice = await limited.acting(ALICE)
    bob = await limited.acting(BOB)
    first, second = [(await alice.submit(an_ask())).request.id for _ in range(2)]
    await bob.approve(first, comment="")

    reply = await limited.send(
        "POST",
        f"{BASE}/requests/{second}/approve",
        token=await limited.token(BOB),
        body={},
    )
    with pytest.raises(TooMany) as raised:
        await bob.deny(second, reason="no")

    assert reply.status == 429
    body = reply.json()
    assert (body["code"], body["error"]) == (8, "too_many")
    assert reply.headers["X-Request-Id"] == body["requestId"]
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert raised.value.retry_after_seconds >= 1
    assert (await alice.get(second)).request.version == 1


async def test_terminal_ends_with_7(limited: ApiServer, tmp_path: Path) -> None:
    """One line that says how often, and when to try again."""
    alice = await limited.acting(ALICE)
    for _ in range(2):
        await alice.submit(an_ask())

    done = await asyncio.to_thread(
        run_jitsudo,
        *("request", "--provider", "local", "--role", "infra-admin"),
        *("--scope", "staging"),
        home=tmp_path,
        environment={
            "JITSUDO_SERVER": limited.url,
            "JITSUDO_TOKEN": await limited.token(ALICE),
        },
    )

    assert done.returncode == 7
    assert "too many requests within a minute (at most 2)" in done.stderr
    assert done.stdout == ""


async def test_tokens_that_are_nobodys_are_stopped_by_address_alone(
    limited: ApiServer,
) -> None:
    """A neighbour behind the same address gets in; another address starts at one."""
    token = await limited.token(ALICE)

    async def status(secret: str | None, address: str, *spoofed: str) -> int:
        hops = ", ".join([*spoofed, address])
        reply = await limited.send(
            "GET",
            f"{BASE}/whoami",
            token=secret,
            headers={"X-Forwarded-For": hops},
        )
        return reply.status

    with capture_logs() as logs:
        guesses = [
            await status("jit_guess", "203.0.113.7", f"10.0.0.{n}") for n in range(4)
        ]

    assert guesses == [401, 401, 429, 429]
    assert await status(token, "203.0.113.7") == 200
    assert await status(None, "203.0.113.7") == 401
    assert await status("jit_guess", "203.0.113.8") == 401
    (reached,) = [log for log in logs if log["event"] == "limit_reached"]
    assert reached["by"] == "203.0.113.7"
    assert "jit_guess" not in str(logs)


async def test_a_proxy_that_is_not_believed_is_noted_once(
    jitsudo: Jitsudo,
) -> None:
    """Behind one, everybody has its address: somebody forgot the setting."""
    headers = {"X-Forwarded-For": "192.0.2.1"}
    with capture_logs() as logs:
        async with api_of(jitsudo) as server:
            await server.send("GET", f"{BASE}/whoami")
            assert logs == []
            await server.send("GET", f"{BASE}/whoami", headers=headers)
            await server.send("GET", f"{BASE}/whoami", headers=headers)

    (noted,) = (log for log in logs if log["event"] == "forwarded_header_ignored")
    assert noted["setting"] == "JITSUDO_TRUSTED_PROXIES"


async def test_a_believed_proxy_is_not_noted(limited: ApiServer) -> None:
    """What it says for whom it sends is taken."""
    with capture_logs() as logs:
        await limited.send(
            "GET", f"{BASE}/whoami", headers={"X-Forwarded-For": "192.0.2.1"}
        )

    assert "forwarded_header_ignored" not in {log["event"] for log in logs}
