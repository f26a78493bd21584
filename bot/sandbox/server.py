"""The sandbox as a server of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from bot.sandbox.app import Sandbox

MAX_BODY: Final = 4 * 1024 * 1024
"""A view may have 250 kB; as JSON inside a form it grows."""

_SHUTDOWN_SECONDS: Final = 1.0


@asynccontextmanager
async def serving(sandbox: Sandbox, *, port: int = 0) -> AsyncIterator[Sandbox]:
    """Serve the sandbox on 127.0.0.1 while the block runs.

    Args:
        port: 0 for any that is free; `sandbox.url` tells which.

    Raises:
        OSError: the port is taken.
    """
    app = web.Application(client_max_size=MAX_BODY)
    sandbox.add_routes(app)
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handle_signals=False
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, bound = runner.addresses[0][:2]
        await sandbox.start(url=f"http://{host}:{bound}")
        yield sandbox
    finally:
        await runner.cleanup()
