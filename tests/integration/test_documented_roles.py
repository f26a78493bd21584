"""The roles that `docs/operating.md` sets up are enough to work, and no more."""

import re
from collections.abc import Iterator
from datetime import timedelta
from secrets import token_hex
from typing import Final

import asyncpg
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from pydantic import SecretStr

from core.domain.principal import Actor
from core.settings import CoreSettings
from core.vocabulary import Origin, RequestState, TokenScope
from core.wiring import open_jitsudo
from tests.support.builders import ALICE, BOB, an_ask
from tests.support.databases import run_apart, run_sql
from tests.support.documents import document
from tests.support.engines import STARTER

ROLE: Final = "jitsudo_server"


@pytest.fixture
def server_url(postgres_url: str) -> Iterator[str]:
    """Yield the URL of a migrated database for the role that runs the server."""
    ((_, block),) = document("docs/operating.md").blocks("sql")
    statements = [part.strip() for part in block.split(";") if part.strip()]
    password = token_hex(16)
    statements.append(f"ALTER ROLE {ROLE} PASSWORD '{password}'")
    run_apart(run_sql(postgres_url, *statements))
    url = sa.make_url(postgres_url).set(username=ROLE, password=password)
    yield url.render_as_string(hide_password=False)
    run_apart(run_sql(postgres_url, f"DROP OWNED BY {ROLE}", f"DROP ROLE {ROLE}"))


async def test_server_role_can_do_all_of_a_servers_work(server_url: str) -> None:
    """Asking, deciding, issuing, reading, tokens and verifying need no more."""
    settings = CoreSettings(
        database_url=SecretStr(server_url),
        policy_dir=STARTER,
        groups_file=STARTER / "groups.yaml",
        encryption_keys=(SecretStr(Fernet.generate_key().decode()),),
        local_provider=True,
    )
    async with open_jitsudo(settings) as jitsudo:
        alice = jitsudo.acting(Actor(email=ALICE, origin=Origin.API))
        bob = jitsudo.acting(Actor(email=BOB, origin=Origin.API))
        operator = jitsudo.operator("operator:root@here", {})

        asked = await alice.submit(an_ask())
        await bob.approve(asked.request.id, comment="")
        await jitsudo.workers().run_due()
        active = await alice.get(asked.request.id)
        credentials = await alice.credentials(asked.request.id)
        issued = await operator.issue_token(
            ALICE, scopes=frozenset({TokenScope.READ}), ttl=timedelta(days=1)
        )
        bearer = await jitsudo.authenticate(issued.secret)
        await operator.revoke_token(issued.token.id)
        report = await operator.verify_audit()

    assert active.request.state is RequestState.ACTIVE
    assert credentials.secrets.variables["LOCAL_ROLE"] == "infra-admin"
    assert bearer.email == ALICE
    assert report.events == 6


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DELETE FROM audit_head",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_events_stay ON audit_events",
        "SET session_replication_role = replica",
    ],
)
async def test_server_role_cannot_change_the_audit_log(
    server_url: str, attack: str
) -> None:
    """Whoever takes over the server does not take over the past."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run_sql(server_url, attack)


def test_documented_role_is_the_one_tested() -> None:
    """The block names one role, so that nothing here tests another one."""
    ((_, block),) = document("docs/operating.md").blocks("sql")

    assert set(re.findall(r"(?:ROLE|TO|FROM) (\w+)", block)) == {ROLE}
