"""A small, strict stand-in for Azure Resource Manager and Microsoft Graph."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.clouds.cloud import Trouble
from tests.support.clouds.microsoft_state import Access, Directory, Refused

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

_API: Final = re.compile(
    r"(/.+)/providers/Microsoft\.Authorization/(role(?:Definitions|Assignments))"
    r"(?:/([0-9a-f-]{36}))?"
)
_NAMED: Final = re.compile(r"roleName eq '((?:[^']|'')*)'")
_MAILED: Final = re.compile(r"mail eq '((?:[^']|'')*)'")
_PAGE: Final = 2


class Microsoft:
    """Answers over HTTP, at two addresses; what it knows is in two parts."""

    def __init__(self) -> None:
        """Begin with two people who have nothing."""
        self.directory = Directory()
        self.access = Access(self.directory)
        self.manager_url = ""
        self.graph_url = ""
        self._trouble: tuple[Trouble, int] = (Trouble.DOWN, 0)

    def trouble(self, kind: Trouble, *, calls: int) -> None:
        """Make the next calls end so; an answer is lost of changes only."""
        self._trouble = (kind, calls)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answer on loopback."""
        manager = web.Application(middlewares=[self._troubled])
        manager.router.add_route("*", "/{path:.*}", self._manage)
        graph = web.Application(middlewares=[self._troubled])
        graph.router.add_get("/v1.0/users", self._find)
        graph.router.add_get("/v1.0/users/{name}", self._look_up)
        async with TestServer(manager) as first, TestServer(graph) as second:
            self.manager_url = str(first.make_url("")).rstrip("/")
            self.graph_url = str(second.make_url("")).rstrip("/")
            yield

    @web.middleware
    async def _troubled(
        self, request: web.Request, handler: Answer
    ) -> web.StreamResponse:
        """Have a call end as it was told; else check its token, which names us."""
        kind, calls = self._trouble
        if calls and (kind is not Trouble.LOST_ANSWER or request.method != "GET"):
            self._trouble = (kind, calls - 1)
            match kind:
                case Trouble.THROTTLED:
                    return _error(Refused(429, "TooManyRequests"), retry_after="17")
                case Trouble.EXPIRED_CREDENTIALS:
                    return _error(Refused(401, "ExpiredAuthenticationToken"))
                case Trouble.LOST_ANSWER:
                    await handler(request)
                case Trouble.DOWN:
                    pass
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        token = f"Bearer a token for http://{request.host}/.default"
        if request.headers.get("Authorization") != token:
            return _error(Refused(401, "InvalidAuthenticationToken"))
        try:
            return await handler(request)
        except Refused as refused:
            return _error(refused)

    async def _manage(self, request: web.Request) -> web.Response:
        version = request.query.get("api-version")
        if request.path == "/subscriptions" and version == "2022-12-01":
            return web.json_response({"value": [{"displayName": "shop"}]})
        found = _API.fullmatch(request.path)
        if found is None or version != "2022-04-01":
            raise Refused(400, "InvalidResourceType", request.path)
        if request.path.startswith("//"):
            raise Refused(400, "MissingSubscription", request.path)
        scope, kind, name = found.groups()
        if kind == "roleDefinitions":
            return self._define(request, scope, name)
        return await self._assign(request, scope, name)

    def _define(
        self, request: web.Request, scope: str, name: str | None
    ) -> web.Response:
        known = self.access.definitions(scope)
        if name is not None:
            for definition in known:
                if definition["name"] == name:
                    return web.json_response(definition)
            raise Refused(404, "RoleDefinitionDoesNotExist")
        role = _quoted(_NAMED, request)
        return web.json_response({"value": self.access.definitions(scope, role)})

    async def _assign(
        self, request: web.Request, scope: str, name: str | None
    ) -> web.Response:
        access = self.access
        if request.method != "GET" and access.refusal is not None:
            raise access.refusal
        match request.method, name:
            case "GET", None:
                return self._page(request, access.at_or_above(scope))
            case "GET", str():
                return web.json_response(access.read(scope, name))
            case "PUT", str():
                made = access.assign(scope, name, await request.json())
                return web.json_response(made, status=201)
            case "DELETE", str():
                deleted = access.delete(scope, name)
                if deleted is None:
                    return web.Response(status=204)
                return web.json_response(deleted)
            case _:
                raise Refused(405, "MethodNotAllowed")

    def _page(self, request: web.Request, found: list[dict[str, Any]]) -> web.Response:
        """Return two at a time, as Azure does with more of them."""
        if request.query["$filter"] != "atScope()":
            raise Refused(400, "InvalidFilter")
        start = int(request.query.get("$skipToken", "0"))
        reply: dict[str, Any] = {"value": found[start : start + _PAGE]}
        if len(found) > start + _PAGE:
            following = request.url.update_query({"$skipToken": str(start + _PAGE)})
            reply["nextLink"] = str(following)
        return web.json_response(reply)

    async def _look_up(self, request: web.Request) -> web.Response:
        account = self.directory.called(request.match_info["name"])
        return web.json_response(_selected(request, account))

    async def _find(self, request: web.Request) -> web.Response:
        if "$top" in request.query:
            found = list(self.directory.accounts.values())[: int(request.query["$top"])]
        else:
            found = self.directory.of_mail(_quoted(_MAILED, request))
        return web.json_response({"value": [_selected(request, one) for one in found]})


def _quoted(pattern: re.Pattern[str], request: web.Request) -> str:
    """Return the text in an OData filter, if it is the one text there."""
    found = pattern.fullmatch(request.query.get("$filter", ""))
    if found is None:
        raise Refused(400, "InvalidFilter", request.query_string)
    return found[1].replace("''", "'")


def _selected(request: web.Request, account: dict[str, Any]) -> dict[str, Any]:
    return {name: account[name] for name in request.query["$select"].split(",")}


def _error(refused: Refused, *, retry_after: str | None = None) -> web.Response:
    error = {"code": refused.code, "message": refused.message}
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return web.json_response({"error": error}, status=refused.status, headers=headers)
