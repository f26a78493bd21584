"""Answers: JSON, never kept by anybody on the way."""

import json
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from core.errors import JitsudoError, NotAuthenticated, TooMany
from core.wire.errors import INTERNAL, INTERNAL_CODE, status_of, to_error

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "jitsudo",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer of the API, refusals included."""


def to_answer(body: Mapping[str, object], *, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.json_response(body, status=status, dumps=_dumps)


def to_refusal(error: JitsudoError, *, request_id: str) -> web.Response:
    """Return an error as the wire has it.

    Args:
        request_id: of the HTTP request, for who reads the log.
    """
    answer = to_answer(
        {**to_error(error), "requestId": request_id}, status=status_of(error).http
    )
    if isinstance(error, NotAuthenticated):
        # Source: RFC 6750 section 3.
        answer.headers["WWW-Authenticate"] = 'Bearer realm="jitsudo"'
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    return answer


def to_surprise(*, request_id: str) -> web.Response:
    """Return what may be said of an error that nobody foresaw: its id."""
    return to_answer(
        {
            "code": INTERNAL.grpc,
            "error": INTERNAL_CODE,
            "message": f"something went wrong here; the log knows it as {request_id}",
            "details": [],
            "requestId": request_id,
        },
        status=INTERNAL.http,
    )


def _dumps(body: object) -> str:
    """Return JSON in ASCII, so that half a character cannot break an answer."""
    return json.dumps(body, separators=(",", ":"))
