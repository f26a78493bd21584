"""The web page of the sandbox: static files, and what changes as it changes."""

import json
from pathlib import Path
from typing import Final

from aiohttp import ClientConnectionResetError, web

from bot.sandbox.control import checked
from bot.sandbox.errors import BadCall
from bot.sandbox.snapshot import Snapshots
from bot.sandbox.workspace import Workspace

_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Page:
    """Serves the page, and tells it about changes."""

    def __init__(self, workspace: Workspace, snapshots: Snapshots) -> None:
        """Show `workspace`."""
        self._workspace = workspace
        self._snapshots = snapshots

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/sandbox", checked(_to_page)),
            web.get("/sandbox/", checked(_index)),
            web.get("/sandbox/static/{name}", checked(_static)),
            web.get("/sandbox/feed", checked(self._feed)),
        ]

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        """Send what one person sees, now and after every change.

        To whom there is not it tells once who there is: a browser shows a page
        nothing of an error's body.
        """
        name = request.query.get("as", "")
        changes = self._workspace.changes
        response = web.StreamResponse(
            headers={**_HEADERS, "Content-Type": "text/event-stream"}
        )
        await response.prepare(request)
        try:
            try:
                person = self._workspace.person(name)
            except BadCall:
                people = json.dumps(list(self._workspace.people))
                await response.write(f"event: nobody\ndata: {people}\n\n".encode())
                return response
            while not changes.is_closed:
                seen = self._snapshots.seen_by(person)
                data = json.dumps(seen, ensure_ascii=False)
                await response.write(f"data: {data}\n\n".encode())
                await changes.after(seen["version"])
        except ClientConnectionResetError:
            pass  # The page was closed.
        return response


async def _to_page(request: web.Request) -> web.StreamResponse:
    target = request.rel_url.with_path("/sandbox/").with_query(request.query)
    raise web.HTTPFound(target)


async def _index(_: web.Request) -> web.StreamResponse:
    return _file("index.html")


async def _static(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name not in {path.name for path in _STATIC.iterdir()}:
        message = f"the page has no file {name!r}"
        raise BadCall(message)
    return _file(name)


def _file(name: str) -> web.Response:
    path = _STATIC / name
    return web.Response(
        body=path.read_bytes(),
        headers={**_HEADERS, "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"},
    )
