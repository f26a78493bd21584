"""HTTP mode: one route, the signature first, then Bolt."""

import asyncio
import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.api.addresses import client_address
from bot.slack.signature import is_signed
from core.errors import Invalid
from core.ports import Clock

PATH: Final = "/slack/events"

BODY_LIMIT: Final = 4 * 1024 * 1024
"""A view of 250 kB, URL-encoded, with the message's blocks beside it."""

BODY_SECONDS: Final = 10.0
"""Slack gives up after three; whoever is slower is somebody else."""

FORM: Final = "application/x-www-form-urlencoded"

_FORGED: Final = ("x-slack-bolt-lazy-only", "x-slack-bolt-lazy-function-name")
"""Bolt believes these headers, and no signature covers them."""

_log = structlog.get_logger()


class HttpTransport:
    """Takes deliveries that Slack sends over HTTP."""

    def __init__(self, *, app: AsyncApp, signing_secret: str, clock: Clock) -> None:
        """Keep where deliveries go and how they are checked."""
        self._app = app
        self._signing_secret = signing_secret
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return the one route for interactions, commands and events."""
        return [web.post(PATH, self.receive)]

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Check a delivery, hand it to Bolt, and answer with the ack."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(request)
        except TimeoutError:
            return web.Response(status=408, text="the body did not come in time")
        if body is None:
            return web.Response(status=413, text="body too large")
        if not is_signed(
            body,
            timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
            signature=request.headers.get("X-Slack-Signature", ""),
            secret=self._signing_secret,
            now=self._clock.now().timestamp(),
        ):
            _log.warning("delivery_not_signed", peer=client_address(request))
            return web.Response(status=401, text="not signed by Slack")
        try:
            delivery = to_bolt_request(body, dict(request.headers))
        except Invalid as error:
            _log.warning("delivery_malformed", field=error.field, why=error.why)
            return web.Response(status=400, text=str(error))
        return await to_aiohttp_response(await self._app.async_dispatch(delivery))


async def _read(request: web.Request) -> bytes | None:
    """Return the body; None if it is larger than `BODY_LIMIT`."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


def to_bolt_request(body: bytes, headers: Mapping[str, str]) -> AsyncBoltRequest:
    """Return what Bolt dispatches.

    Bolt takes any form that mentions "payload" for an interaction and then finds
    no payload in a command that only speaks of one; so the form is read here.

    Raises:
        Invalid: the body is no delivery of Slack's.
    """
    kept = {k: v for k, v in headers.items() if k.lower() not in _FORGED}
    try:
        raw = body.decode()
        fields = _fields(raw, _content_type(kept))
        delivery = AsyncBoltRequest(body="", headers={**kept})
        delivery.raw_body = raw
        delivery.body = fields
        delivery.context = build_async_context(AsyncBoltContext({}), fields)
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        raise Invalid(
            field="body", why="is neither JSON nor a form of Slack's"
        ) from error
    return delivery


def _content_type(headers: Mapping[str, str]) -> str:
    named = {k.lower(): v for k, v in headers.items()}.get("content-type", "")
    return named.partition(";")[0].strip().lower()


def _fields(raw: str, content_type: str) -> dict[str, object]:
    """Return the object that a delivery carries."""
    if content_type != FORM:
        return _object(raw)
    form = dict(parse_qsl(raw, keep_blank_values=True))
    payload = form.get("payload")
    return {**form} if payload is None else _object(payload)


def _object(text: str) -> dict[str, object]:
    parsed = json.loads(text)
    if not isinstance(parsed, dict):
        raise Invalid(field="body", why="has to be a JSON object")
    return parsed
