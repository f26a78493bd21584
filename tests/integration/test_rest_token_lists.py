"""Lists of tokens over REST: pages, and clients that know of none."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core.logins import Login, LoginKind, Logins
from core.ports import AuditFilter
from core.vocabulary import AuditAction, TokenScope
from tests.support.builders import ALICE, ERIN
from tests.support.servers import ApiServer
from tests.support.terminals import run_jitsudo

TOKENS = "/api/v1alpha1/tokens"
CI = "ci@example.com"


async def of_ci(api: ApiServer, count: int) -> list[str]:
    """Issue tokens of a machine's; return their ids, newest first."""
    operator = api.jitsudo.operator("operator:root@test", {})
    made = [
        await operator.issue_token(
            CI, scopes=frozenset({TokenScope.READ}), ttl=timedelta(hours=1)
        )
        for _ in range(count)
    ]
    return [issued.token.id for issued in reversed(made)]


async def test_a_client_without_pages_gets_the_first(api: ApiServer) -> None:
    """A hundred valid tokens, the newest, under the name they always had."""
    made = await of_ci(api, 101)

    reply = await api.send("GET", TOKENS, token=await api.token(ERIN))

    listed = [token["id"] for token in reply.json()["tokens"]]
    assert (reply.status, len(listed)) == (200, 100)
    assert listed[1:] == made[:99]
    assert reply.json()["nextPageToken"] == made[98]


@pytest.mark.parametrize(
    ("ended", "size"), [("withEnded", "pageSize"), ("with_ended", "page_size")]
)
async def test_parameters_are_read_in_either_spelling(
    api: ApiServer, ended: str, size: str
) -> None:
    """As everywhere; the last page names no further one."""
    newest, oldest = await of_ci(api, 2)
    erin = await api.token(ERIN)
    await api.send("DELETE", f"{TOKENS}/{oldest}", token=erin)

    query = f"identity={CI}&{ended}=true&{size}=1&pageToken={newest}"
    reply = await api.send("GET", f"{TOKENS}?{query}", token=erin)

    (token,) = reply.json()["tokens"]
    assert token["id"] == oldest
    assert token["revokedAt"] is not None
    assert reply.json()["nextPageToken"] == ""


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pageSize=0", "pageSize"),
        ("pageSize=many", "pageSize"),
        ("withEnded=perhaps", "withEnded"),
        ("pageToken=tok_nosuch", "pageToken"),
        ("pageToken=tok_%00", "text"),
        ("identity=nobody", "identity"),
        ("pageSize=1&pageSize=2", "'pageSize'"),
    ],
)
async def test_what_cannot_be_is_named(api: ApiServer, query: str, field: str) -> None:
    """A 400 rather than another list than was meant."""
    reply = await api.send("GET", f"{TOKENS}?{query}", token=await api.token(ALICE))

    assert reply.status == 400
    assert reply.json()["details"][0]["field"] == field


async def test_whoami_names_the_token_that_was_shown(api: ApiServer) -> None:
    """Among two of one person's, so that it can be ended."""
    first, second = await api.token(ALICE), await api.token(ALICE)

    named = [
        (await api.send("GET", "/api/v1alpha1/whoami", token=token)).json()["tokenId"]
        for token in (first, second)
    ]
    ended = await api.send("DELETE", f"{TOKENS}/{named[0]}", token=first)

    assert len(set(named)) == 2
    assert ended.status == 200
    statuses = [
        (await api.send("GET", "/api/v1alpha1/whoami", token=token)).status
        for token in (first, second)
    ]
    assert statuses == [401, 200]


async def test_an_admin_who_logs_out_reads_nobodys_tokens(
    api: ApiServer, tmp_path: Path
) -> None:
    """Their own token ends, their other one stays, and nothing was listed."""
    other, secret = await api.token(ERIN), await api.token(ERIN)
    login = Login(server=api.url, token=secret, email=ERIN, kind=LoginKind.SLACK)
    Logins(tmp_path).store("default", login)

    done = await asyncio.to_thread(run_jitsudo, "logout", home=tmp_path)

    assert (done.returncode, done.stdout) == (0, "")
    assert "Its token is revoked." in done.stderr
    statuses = [
        (await api.send("GET", "/api/v1alpha1/whoami", token=token)).status
        for token in (other, secret)
    ]
    assert statuses == [200, 401]
    async with api.jitsudo.store.snapshot() as uow:
        wanted = AuditFilter(action=AuditAction.TOKEN_LISTED)
        assert await uow.audit.find(wanted) == []
