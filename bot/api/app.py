"""Puts the REST API on an aiohttp application."""

from aiohttp import web

from bot.api import identities, oversight, people, requests, well_known
from bot.api.bearer import authenticated
from bot.api.counters import Counters
from bot.api.health import HealthRoutes
from bot.api.keys import COUNTERS, JITSUDO, Ready
from bot.api.middleware import errors_as_json, framed
from bot.api.openapi import OpenApiRoute
from core.wiring import Jitsudo


def add_api(app: web.Application, jitsudo: Jitsudo, *, ready: Ready) -> None:
    """Add `/api`, `/healthz`, `/readyz`, `/version`, `/metrics`, `/.well-known`.

    Everything under `/api`, known or not, needs a bearer token, but for the
    document that describes it; other routes of `app` are not touched.

    Args:
        ready: tells which parts of the whole server can do their work.
    """
    app[JITSUDO] = jitsudo
    app[COUNTERS] = Counters()
    app.add_routes(HealthRoutes(ready=ready).routes())
    app.add_routes(OpenApiRoute().routes())  # before `/api`, which needs a token
    app.add_routes(well_known.routes())
    api = web.Application(middlewares=[framed, errors_as_json, authenticated])
    api.add_routes(requests.routes())
    api.add_routes(oversight.routes())
    api.add_routes(people.routes())
    api.add_routes(identities.routes())
    app.add_subapp("/api", api)
