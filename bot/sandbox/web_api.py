"""The Web API over HTTP: tokens, scopes, rate limits, faults, the journal."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

from bot.sandbox.arguments import Arguments
from bot.sandbox.errors import MethodFailed, MissingScope
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.journal import Call, Journal
from bot.sandbox.methods import Method
from bot.sandbox.people import Json
from bot.sandbox.rates import Rates

_HTML: Final = "<!DOCTYPE html><html><body><h1>Slack is down</h1></body></html>"


class WebApi:
    """Answers `/sandbox/api/<method>` as Slack would."""

    def __init__(
        self,
        *,
        methods: Mapping[str, Method],
        bot_token: str,
        app_token: str,
        scopes: Sequence[str],
        journal: Journal,
        faults: Faults,
        rates: Rates | None,
    ) -> None:
        """Answer with `methods`.

        Args:
            rates: None lets every call through at once.
        """
        self._methods = methods
        self._bot_token = bot_token
        self._app_token = app_token
        self._scopes = tuple(scopes)
        self._journal = journal
        self._faults = faults
        self._rates = rates

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        call = Call(method=name, arguments={}, at=time.time())
        self._journal.note(call)
        begun = time.perf_counter()
        try:
            arguments = await _arguments(request)
            call.arguments = arguments.told()
        except MethodFailed as error:
            response: web.StreamResponse = self._json(error.to_answer(), call)
        else:
            fault = self._faults.strike(name)
            if fault is None:
                response = self._run(request, arguments, call)
            else:
                call.fault = fault.kind
                response = await self._suffer(fault, request, arguments, call)
        call.ms = round((time.perf_counter() - begun) * 1000, 2)
        return response

    def _run(
        self, request: web.Request, arguments: Arguments, call: Call
    ) -> web.Response:
        try:
            method = self._permitted(request, arguments, call.method)
            wait = self._seconds_to_wait(arguments, call.method)
            if wait:
                return self._ratelimited(call, str(wait))
            body: Json = {"ok": True, **method.run(arguments)}
        except MethodFailed as error:
            body = error.to_answer()
        return self._json(body, call)

    def _permitted(
        self, request: web.Request, arguments: Arguments, name: str
    ) -> Method:
        """Return the method, if the caller's token may call it.

        Raises:
            MethodFailed: it may not, or there is no such method.
        """
        method = self._methods.get(name)
        if method is None:
            error = "unknown_method"
            raise MethodFailed(error)
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ") or arguments.optional("token")
        wanted = self._app_token if method.takes_app_token else self._bot_token
        if not token:
            error = "not_authed"
            raise MethodFailed(error)
        if token not in {self._app_token, self._bot_token}:
            error = "invalid_auth"
            raise MethodFailed(error)
        if token != wanted:
            error = "not_allowed_token_type"
            raise MethodFailed(error)
        if method.scope is not None and method.scope not in self._scopes:
            raise MissingScope(needed=method.scope, provided=",".join(self._scopes))
        return method

    def _seconds_to_wait(self, arguments: Arguments, name: str) -> int:
        if self._rates is None:
            return 0
        channel = arguments.values.get("channel")
        return self._rates.seconds_to_wait(
            name, channel=channel if isinstance(channel, str) else None
        )

    async def _suffer(
        self, fault: Fault, request: web.Request, arguments: Arguments, call: Call
    ) -> web.StreamResponse:
        """Answer a call that a fault has struck."""
        if fault.kind == "slow":
            await self._faults.hold_up(fault)
        failed = self._json({"ok": False, "error": fault.kind}, call)
        done = self._run(request, arguments, call) if fault.does_work else failed
        response: web.StreamResponse = done
        match fault.kind:
            case "slow":
                pass
            case "drop_before" | "drop_after":
                response = _dropped(request, call)
            case "timeout":
                call.status = None
                await self._faults.hold_up(fault)
                response = _dropped(request, call)
            case "http_500":
                response = _said(500, "Internal Server Error", "text/plain", call)
            case "html_503":
                response = _said(503, _HTML, "text/html", call)
            case "html_200":
                response = _said(200, _HTML, "text/html", call)
            case "ratelimited":
                response = self._ratelimited(call, fault.retry_after)
            case error:
                response = self._json({"ok": False, "error": error}, call)
        return response

    def _ratelimited(self, call: Call, retry_after: str | None) -> web.Response:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        body: Json = {"ok": False, "error": "ratelimited"}
        return self._json(body, call, status=429, headers=headers)

    def _json(
        self,
        body: Json,
        call: Call,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        if body.get("error") == "unknown_method":
            status = 404
        call.status, call.ok, call.error = status, body["ok"], body.get("error")
        told = {"x-oauth-scopes": ",".join(self._scopes), **(headers or {})}
        return web.json_response(body, status=status, headers=told)


def _said(status: int, text: str, content_type: str, call: Call) -> web.Response:
    """Answer something that is no JSON."""
    call.status, call.ok, call.error = status, False, None
    return web.Response(text=text, content_type=content_type, status=status)


def _dropped(request: web.Request, call: Call) -> web.Response:
    """Close the connection without a word."""
    call.status, call.ok, call.error = None, False, None
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _arguments(request: web.Request) -> Arguments:
    return Arguments.from_request(
        request.query, content_type=request.content_type, body=await request.read()
    )
