"""A REST API that believes an issuer's ID tokens, and a clock that both go by."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.api.app import add_api
from core.auth_settings import AuthSettings
from core.domain.audit import AuditEvent
from core.ports import Clock
from core.ports.queries import AuditFilter
from core.settings import CoreSettings
from core.wiring import open_jitsudo
from tests.support.builders import FrozenClock
from tests.support.issuers import CLIENT, Issuer
from tests.support.servers import POLICIES, ApiServer, Reply, listening

WHOAMI: Final = "/api/v1alpha1/whoami"


@dataclass(kw_only=True)
class SignInHouse:
    """A server, the issuer it believes, and the time for both."""

    api: ApiServer
    issuer: Issuer
    clock: FrozenClock

    async def whoami(self, token: str) -> Reply:
        """Return what the server says to the holder of a token."""
        return await self.api.send("GET", WHOAMI, token=token)

    async def events(self) -> list[AuditEvent]:
        """Return the whole audit log, oldest first."""
        operator = self.api.jitsudo.operator("operator:root@test", {})
        return list(reversed((await operator.audit(AuditFilter())).events))


@asynccontextmanager
async def open_house(
    database_url: str,
    issuer: Issuer | None,
    *,
    clock: FrozenClock | None = None,
    core: Mapping[str, Any] | None = None,
    **auth: Any,
) -> AsyncIterator[SignInHouse]:
    """Have a server that believes `issuer`.

    Args:
        issuer: that listens; None for one of its own.
        core: settings over the usual ones that are not about the issuer.
        auth: settings over the usual ones.
    """
    clock = clock or FrozenClock(datetime.now(UTC))
    async with AsyncExitStack() as opened:
        if issuer is None:
            issuer = opened.enter_context(Issuer(now=clock.now).serving())
        api = await opened.enter_async_context(
            api_with_issuer(database_url, issuer.url, clock=clock, core=core, **auth)
        )
        yield SignInHouse(api=api, issuer=issuer, clock=clock)


@asynccontextmanager
async def api_with_issuer(
    database_url: str,
    url: str,
    *,
    clock: Clock | None = None,
    core: Mapping[str, Any] | None = None,
    **auth: Any,
) -> AsyncIterator[ApiServer]:
    """Have the REST API of a server that believes the issuer at `url`.

    Args:
        core: settings over the usual ones that are not about the issuer.
        auth: settings over the usual ones.
    """
    settings = CoreSettings(
        database_url=SecretStr(database_url),
        policy_dir=POLICIES,
        groups_file=POLICIES / "groups.yaml",
        encryption_keys=(SecretStr(Fernet.generate_key().decode()),),
        local_provider=True,
        auth=AuthSettings.model_validate(
            {"oidc_issuer": url, "client_id": CLIENT, **auth}
        ),
        **(core or {}),
    )
    async with open_jitsudo(settings, clock=clock) as jitsudo:
        app = web.Application()
        add_api(app, jitsudo, ready=jitsudo.health)
        async with listening(app) as address:
            yield ApiServer(jitsudo=jitsudo, url=address)


@pytest.fixture
async def signing(sqlite_url: str) -> AsyncIterator[SignInHouse]:
    """Yield a server and its issuer, whose clock stands still."""
    async with open_house(sqlite_url, None) as opened:
        yield opened
