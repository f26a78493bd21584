"""What routes find in the application and in a request, by typed keys."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from aiohttp import web

from bot.api.counters import Counters
from core.approvals import Approvals
from core.wiring import Jitsudo, PartHealth

Ready: TypeAlias = Callable[[], Awaitable[Mapping[str, PartHealth]]]
"""Tells which parts of the server can do their work."""

JITSUDO: Final = web.AppKey("jitsudo", Jitsudo)
COUNTERS: Final = web.AppKey("counters", Counters)

APPROVALS: Final = web.RequestKey[Approvals]("approvals")
"""Bound to whoever sent the request; `bot.api.bearer` sets it."""

REQUEST_ID: Final = web.RequestKey("request_id", str)
"""Names this HTTP request in logs and answers; no request for elevation."""
