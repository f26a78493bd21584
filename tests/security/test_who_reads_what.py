"""Nobody reads or does over REST what is not theirs: every endpoint, every role.

The endpoints are those of the router: a new one fails here until it has a row in
`tests/support/endpoints.py`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.api.app import add_api
from bot.api.forms import FORM
from bot.api.oauth import SlackSignIn, add_oauth
from core.domain.identity import Membership, SlackAccount
from core.domain.principal import Actor
from core.domain.request import ElevationRequest
from core.settings import CoreSettings
from core.vocabulary import Origin, RequestId, TokenScope
from core.wiring import Jitsudo, open_jitsudo
from tests.support.builders import ALICE, BEN, BOB, CAROL, ERIN, an_ask
from tests.support.endpoint_rows import (
    AUDITOR,
    FACTS,
    ROLES,
    SECRET_COMMENT,
    SECRET_REASON,
    SECRET_ROLE,
    SECRET_SCOPE,
    Kind,
    Need,
    Row,
)
from tests.support.endpoints import ENDPOINTS
from tests.support.rosters import Groups
from tests.support.servers import POLICIES, WORKSPACE_URL, ApiServer, Reply, listening

NAMED: Final = {row.name: row for row in ENDPOINTS}

CAROLS: Final = SlackAccount(team_id="T0SANDBOX", user_id="U0CAROL")

BANNED: Final = "banned@example.com"
"""Disabled, but a member of every group that may decide."""


@dataclass(frozen=True, kw_only=True)
class Building:
    """A server whose people come, decide and leave."""

    api: ApiServer
    groups: Groups

    async def request(self, kind: Kind) -> RequestId:
        """Return a new request of alice's that tells the facts."""
        self.groups.members["sre-lead"] = [BOB, BEN, BANNED]
        self.groups.write()
        jitsudo = self.api.jitsudo
        alice = jitsudo.acting(Actor(email=ALICE, origin=Origin.API))
        ask = an_ask(
            role=SECRET_ROLE,
            resource_scope=SECRET_SCOPE,
            reason=SECRET_REASON,
            break_glass=kind is Kind.GLASS,
        )
        request_id = (await alice.submit(ask)).request.id
        if kind is not Kind.GLASS:
            ben = jitsudo.acting(Actor(email=BEN, origin=Origin.API))
            await ben.approve(request_id, comment=SECRET_COMMENT)
        if kind is Kind.ACTIVE:
            carol = jitsudo.acting(Actor(email=CAROL, origin=Origin.API))
            await carol.approve(request_id, comment="")
        if kind is not Kind.OPEN:
            await jitsudo.workers().run_due()
        self.groups.leave(BEN, "sre-lead")
        return request_id

    async def stored(self, request_id: RequestId) -> ElevationRequest | None:
        """Return a request as it is."""
        async with self.api.jitsudo.store.snapshot() as uow:
            return await uow.requests.get(request_id)

    async def alices_token(self) -> str:
        """Return the id of a token of alice's."""
        operator = self.api.jitsudo.operator("operator:root@test", {})
        issued = await operator.issue_token(
            ALICE, scopes=frozenset({TokenScope.READ}), ttl=timedelta(hours=1)
        )
        return issued.token.id

    async def prepare(self, need: Need) -> None:
        """Have what a row needs, whether or not it is there already."""
        if need is Need.LINK:
            operator = self.api.jitsudo.operator("operator:root@test", {})
            await operator.link_identity(CAROLS, CAROL)
            return
        signed_in = Membership(
            email=CAROL,
            issuer="https://login.example.com",
            subject="s-1",
            signed_in_at=datetime.now(UTC),
            groups=frozenset(),
        )
        async with self.api.jitsudo.store.transaction() as uow:
            await uow.memberships.put(signed_in)
            await uow.commit()

    async def call(self, row: Row, request_id: RequestId, token: str | None) -> Reply:
        """Call an endpoint about a request."""
        path = row.path.replace("{team}", CAROLS.team_id)
        path = path.replace("{user}", CAROLS.user_id)
        for name in ("{email}", "{identity}"):
            path = path.replace(name, row.about)
        if row.needs is not None:
            await self.prepare(row.needs)
        if row.query == "token":
            path = path.replace("{id}", await self.alices_token())
        elif row.query:
            path += f"?{row.query}"
        form = None if row.form is None else urlencode(row.form).encode()
        return await self.api.send(
            row.method,
            path.replace("{id}", request_id),
            token=token,
            body=row.body if form is None else form,
            headers={} if form is None else {"Content-Type": FORM},
        )


@pytest.fixture
async def building(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Building]:
    """Yield a server with the starter policy and a groups file of its own."""
    groups = Groups(tmp_path / "groups.yaml")
    groups.join(AUDITOR, "jitsudo-auditors")
    groups.join(BANNED, "security")
    settings = CoreSettings(
        database_url=SecretStr(sqlite_url),
        policy_dir=POLICIES,
        groups_file=groups.path,
        encryption_keys=(SecretStr(Fernet.generate_key().decode()),),
        local_provider=True,
    )
    async with open_jitsudo(settings) as jitsudo:
        app = web.Application()
        add_api(app, jitsudo, ready=jitsudo.health)
        add_oauth(app, SlackSignIn(workspace_url=lambda: WORKSPACE_URL))
        async with listening(app) as url:
            yield Building(api=ApiServer(jitsudo=jitsudo, url=url), groups=groups)


def leaked(reply: Reply) -> list[str]:
    """Return what an answer tells of the request."""
    told = reply.body.decode() + str(reply.headers)
    return [fact for fact in FACTS if fact in told]


async def test_every_route_is_in_the_table(jitsudo: Jitsudo) -> None:
    """A new one has to say who may call it, and a row names none that is gone."""
    app = web.Application()
    add_api(app, jitsudo, ready=jitsudo.health)
    add_oauth(app, None)

    routed = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }

    assert routed == {(row.method, row.path) for row in ENDPOINTS}


@pytest.mark.parametrize("name", NAMED)
async def test_everybody_is_answered_what_is_theirs(
    building: Building, name: str
) -> None:
    """The status for each role; whom it does not concern reads no fact of it."""
    row = NAMED[name]
    answered = []
    for role, email in ROLES.items():
        request_id = await building.request(row.kind)
        before = await building.stored(request_id)
        reply = await building.call(row, request_id, await building.api.token(email))
        answered.append((role, reply.status))
        if reply.status >= 400:
            assert await building.stored(request_id) == before, role
        if role == "unrelated" or reply.status == 404:
            assert leaked(reply) == [], (role, reply.body)

    assert answered == list(zip(ROLES, row.statuses, strict=True))


@pytest.mark.parametrize("name", [row.name for row in ENDPOINTS if row.is_open])
async def test_what_is_open_tells_a_stranger_nothing_of_a_request(
    building: Building, name: str
) -> None:
    """It answers without a token, and holds no fact of anybody's request."""
    row = NAMED[name]
    request_id = await building.request(row.kind)

    reply = await building.call(row, request_id, None)

    assert (reply.status, leaked(reply)) == (row.stranger, [])


@pytest.mark.parametrize("name", [row.name for row in ENDPOINTS if not row.is_open])
async def test_without_a_valid_token_for_it_nothing_is_told(
    building: Building, name: str
) -> None:
    """No token, none of ours, of somebody disabled: 401; without the scope: 403."""
    row = NAMED[name]
    request_id = await building.request(row.kind)
    before = await building.stored(request_id)
    of_banned = await building.api.token(BANNED)
    erin = building.api.jitsudo.acting(Actor(email=ERIN, origin=Origin.API))
    await erin.disable_principal(BANNED, reason="left")

    for token in (None, "", "jit_" + "a" * 39, of_banned):
        reply = await building.call(row, request_id, token)
        assert (reply.status, leaked(reply)) == (401, []), token

    if row.scopes:
        others = frozenset(TokenScope) - row.scopes
        for email in (ALICE, BOB, ERIN):
            token = await building.api.token(email, others)
            reply = await building.call(row, request_id, token)
            assert (reply.status, leaked(reply)) == (403, []), (email, reply.body)
    assert await building.stored(request_id) == before
