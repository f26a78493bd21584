"""What came of an act: what the person sees once the app has acknowledged it."""

import asyncio

from bot.sandbox.courier import Ack
from bot.sandbox.people import Json
from bot.sandbox.watch import Watch


def failed(watch: Watch, ack: Ack) -> bool:
    """Tell whether a delivery failed, and let the person see it."""
    if ack.error is not None:
        watch.see_error(ack.error)
    return ack.error is not None


async def seen(watch: Watch, ack: Ack, wait: int) -> Json:
    """Wait for something to show, and tell it."""
    try:
        async with asyncio.timeout(wait / 1000):
            await watch.has_news.wait()
    except TimeoutError:
        pass  # Nothing to show is an answer too.
    return told(watch, ack)


def told(watch: Watch, ack: Ack | None) -> Json:
    """Return what came of an act, as the control endpoints show it."""
    return {
        "ack": ack.to_told() if ack else {"status": None, "ms": 0},
        "ephemeral": watch.ephemeral,
        "view": watch.view,
        "errors": watch.errors,
        "error": watch.error,
        "delivery_id": ack.delivery_id if ack else None,
    }
