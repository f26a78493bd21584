"""Core's composition root: the one place in core that opens things."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from core.assembly import assemble
from core.auth_settings import AuthSettings
from core.clock import SystemClock
from core.health import PartHealth
from core.policy.nothing import NoPolicy
from core.ports import (
    Clock,
    IdTokens,
    Outside,
    PolicyEngine,
    Store,
)
from core.process import Jitsudo
from core.providers.loading import load_providers
from core.providers.sealing import FernetSealer
from core.services.rotate import Rotate
from core.settings import CoreSettings
from core.store.engine import SqlStore, open_store

__all__ = [
    "Jitsudo",
    "PartHealth",
    "open_jitsudo",
    "open_policy",
    "open_rotation",
]


@asynccontextmanager
async def open_jitsudo(
    settings: CoreSettings,
    *,
    clock: Clock | None = None,
    outside: Outside | None = None,
) -> AsyncIterator[Jitsudo]:
    """Build everything core needs, and close it at the end.

    Args:
        outside: what the front end lends; whoever opened it closes it.

    Raises:
        ConfigurationError: a setting cannot be, or the schema is not this
            version's.
    """
    clock = clock or SystemClock()
    sealer = FernetSealer([key.get_secret_value() for key in settings.encryption_keys])
    providers = load_providers(settings, clock=clock)
    async with AsyncExitStack() as opened:
        for provider in providers.values():
            opened.push_async_callback(provider.close)
        store: SqlStore = open_store(settings.database_url.get_secret_value())
        opened.push_async_callback(store.close)
        await store.check_schema()
        policy = await open_policy(settings)
        opened.push_async_callback(policy.close)
        id_tokens = open_id_tokens(settings.auth, clock=clock, store=store)
        if id_tokens is not None:
            opened.push_async_callback(id_tokens.close)
        yield assemble(
            settings,
            clock=clock,
            store=store,
            policy=policy,
            sealer=sealer,
            providers=providers,
            id_tokens=id_tokens,
            outside=outside,
        )


@asynccontextmanager
async def open_rotation(settings: CoreSettings) -> AsyncIterator[Rotate]:
    """Build what changing the keys needs, and no more: no policy, no provider.

    Raises:
        ConfigurationError: there is no key, one is malformed, or the schema is
            not this version's.
    """
    sealer = FernetSealer([key.get_secret_value() for key in settings.encryption_keys])
    store = open_store(settings.database_url.get_secret_value())
    try:
        await store.check_schema()
        yield Rotate(store=store, sealer=sealer)
    finally:
        await store.close()


async def open_policy(settings: CoreSettings) -> PolicyEngine:
    """Return the engine that the settings name; one that always refuses if none.

    Raises:
        ConfigurationError: the policy directory does not hold a usable policy.
    """
    # Each engine brings a library that loads slowly, and only one is needed.
    if settings.opa_url is not None:
        from core.policy.opa import OpaEngine  # noqa: PLC0415 - see above

        return await OpaEngine.open(settings.opa_url)
    if settings.policy_dir is not None:
        from core.policy.embedded import EmbeddedEngine  # noqa: PLC0415 - see above

        return await EmbeddedEngine.open(settings.policy_dir)
    return NoPolicy()


def open_id_tokens(
    settings: AuthSettings, *, clock: Clock, store: Store | None = None
) -> IdTokens | None:
    """Return who believes ID tokens; None without an issuer, which is not asked.

    Args:
        store: where the issuer's keys outlive this process, if they are to.

    Raises:
        ConfigurationError: its CA file cannot be used.
    """
    if settings.oidc_issuer is None:
        return None
    # Most commands of the terminal on a database need neither it nor its library.
    from core.identity.oidc import OidcTokens  # noqa: PLC0415 - see above

    return OidcTokens.open(settings, clock=clock, store=store)
