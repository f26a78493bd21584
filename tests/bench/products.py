"""A whole core on a fresh database, for measuring in this process."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from core.assembly import assemble
from core.clock import SystemClock
from core.policy.bundle import write_starter
from core.ports import CredentialProvider
from core.providers.sealing import FernetSealer
from core.settings import CoreSettings, without_limits
from core.store.engine import open_store
from core.store.migrate import migrate
from core.wiring import Jitsudo, open_jitsudo, open_policy


@asynccontextmanager
async def fresh_core(
    database_url: str, directory: Path, *, provider: CredentialProvider | None = None
) -> AsyncIterator[Jitsudo]:
    """Migrate an empty database and open core over the starter policy.

    Args:
        provider: instead of the provider `local`.
    """
    policies = directory / "policies"
    if not policies.exists():
        write_starter(policies)
    await migrate(database_url)
    key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    settings = without_limits(
        CoreSettings(
            database_url=SecretStr(database_url),
            policy_dir=policies,
            groups_file=policies / "groups.yaml",
            encryption_keys=(SecretStr(key),),
            local_provider=True,
        )
    )
    if provider is None:
        async with open_jitsudo(settings) as jitsudo:
            yield jitsudo
        return
    store = open_store(database_url)
    policy = await open_policy(settings)
    try:
        yield assemble(
            settings,
            clock=SystemClock(),
            store=store,
            policy=policy,
            sealer=FernetSealer([key]),
            providers={provider.name: provider},
        )
    finally:
        await policy.close()
        await store.close()
