"""The door of an AWS that only tests see: checks signatures, and makes trouble."""

import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import pytest
from aiohttp import web

from tests.support.clouds.cloud import Trouble

_ERRORS: Final = {
    Trouble.THROTTLED: ("Throttling", "ThrottlingException", "Rate exceeded"),
    Trouble.EXPIRED_CREDENTIALS: (
        "ExpiredToken",
        "ExpiredTokenException",
        "The security token included in the request is expired",
    ),
}
"""Codes of the XML and of the JSON services, and AWS's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One signed call.

    Attributes:
        operation: such as `AssumeRole`.
        parameters: strings by name; from JSON, whatever it holds.
    """

    operation: str
    parameters: dict[str, Any]
    request: web.Request
    body: bytes


class Refusal(Exception):  # what AWS answers, not what went wrong here
    """AWS's no."""

    def __init__(
        self, *, code: str, message: str, status: int = 400, **facts: str
    ) -> None:
        """Keep the code, AWS's words, and what JSON services say beside them."""
        self.code = code
        self.message = message
        self.status = status
        self.facts = facts
        super().__init__(code)


Answering: TypeAlias = Callable[[Call], Coroutine[Any, Any, web.Response]]


class Gate:
    """Passes calls on to a stand-in, unless there is trouble."""

    def __init__(self, answering: Answering) -> None:
        """Stand before what answers."""
        self._answering = answering
        self._trouble: Trouble | None = None
        self._left = 0
        self._only: str | None = None
        self._refusals: dict[str, list[Refusal]] = {}
        self.calls: list[Call] = []
        self.url = ""

    def trouble(self, kind: Trouble, *, calls: int, only: str | None = None) -> None:
        """Let the next calls end so.

        Args:
            only: just calls of this operation.
        """
        self._trouble, self._left, self._only = kind, calls, only

    def refuse(self, operation: str, refusal: Refusal, *, times: int = 50) -> None:
        """Refuse the next calls of an operation."""
        self._refusals[operation] = [refusal] * times

    def operations(self) -> list[str]:
        """Return what was called, in order."""
        return [call.operation for call in self.calls]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Gate"]:
        """Listen on a free port of 127.0.0.1, with credentials in the environment."""
        application = web.Application()
        application.router.add_post("/", self._serve)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            with keys_in_the_environment():
                yield self
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        call = _read(request, body)
        try:
            return await self._answer(call)
        except Refusal as refusal:
            return _refused(call, refusal)

    async def _answer(self, call: Call) -> web.Response:
        if "AWS4-HMAC-SHA256 " not in call.request.headers.get("Authorization", ""):
            code = "MissingAuthenticationToken"
            raise Refusal(
                code=code, message="Request is missing Authentication Token", status=403
            )
        self.calls.append(call)
        trouble = self._strike(call)
        if trouble in _ERRORS:
            old, new, message = _ERRORS[trouble]
            raise Refusal(code=new if _is_json(call) else old, message=message)
        if trouble is not Trouble.DOWN:
            if self._refusals.get(call.operation):
                raise self._refusals[call.operation].pop()
            answer = await self._answering(call)
            if trouble is None:
                return answer
        transport = call.request.transport
        assert transport is not None
        transport.abort()
        return web.Response()

    def _strike(self, call: Call) -> Trouble | None:
        if self._left <= 0 or self._only not in {None, call.operation}:
            return None
        self._left -= 1
        return self._trouble


@contextmanager
def keys_in_the_environment() -> Iterator[None]:
    """Let the SDK find keys there, and look nowhere else, while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAJITSUDOSERVERKEY")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "the server's own key, made up")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


def to_json(document: object, *, status: int = 200) -> web.Response:
    """Return an answer of a JSON service."""
    return web.Response(
        body=json.dumps(document).encode(),
        status=status,
        content_type="application/x-amz-json-1.1",
    )


def _refused(call: Call, refusal: Refusal) -> web.Response:
    if _is_json(call):
        document = {"__type": refusal.code, "message": refusal.message}
        return to_json({**document, **refusal.facts}, status=refusal.status)
    text = (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        "</Error><RequestId>7a62c49f</RequestId></ErrorResponse>"
    )
    return web.Response(
        body=text.encode(), status=refusal.status, content_type="text/xml"
    )


def _is_json(call: Call) -> bool:
    return "X-Amz-Target" in call.request.headers


def _read(request: web.Request, body: bytes) -> Call:
    target = request.headers.get("X-Amz-Target")
    if target is not None:
        operation, parameters = target.rpartition(".")[2], json.loads(body)
    else:
        parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
        operation = parameters.get("Action", "")
    return Call(operation=operation, parameters=parameters, request=request, body=body)
