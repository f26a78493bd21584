"""Around every route of the API: ids, headers, counts, and errors as JSON."""

import re
import secrets
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.api.addresses import client_address, is_ignored
from bot.api.answers import HEADERS, to_answer, to_refusal, to_surprise
from bot.api.keys import COUNTERS, REQUEST_ID
from core.errors import JitsudoError, NotFound
from core.wire.errors import status_of

ID_HEADER: Final = "X-Request-Id"

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_DEADLINE_EXCEEDED: Final = 4
_UNIMPLEMENTED: Final = 12
"""Source: google.rpc.Code."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
"""A stranger's own methods are counted together, so that none fills the metrics."""

_log = structlog.get_logger()


@web.middleware
async def framed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the HTTP request an id, count it, and set the answer's headers."""
    given = request.headers.get(ID_HEADER, "")
    request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    with structlog.contextvars.bound_contextvars(
        http_request=request_id, client=client_address(request)
    ):
        _note_proxy(request)
        answer = await handler(request)
    answer.headers.update(HEADERS)
    answer.headers[ID_HEADER] = request_id
    request.config_dict[COUNTERS].answers[
        request.method if request.method in _METHODS else "other",
        _route(request),
        answer.status,
    ] += 1
    return answer


def _note_proxy(request: web.Request) -> None:
    """Say once that a proxy is not believed, if that is what it is.

    Behind one, everybody would share its address and its count of failed sign-ins.
    """
    counters = request.config_dict[COUNTERS]
    if not counters.has_noted_proxy and is_ignored(request):
        counters.has_noted_proxy = True
        _log.warning("forwarded_header_ignored", setting="JITSUDO_TRUSTED_PROXIES")


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever is raised into an answer without internals."""
    request_id = request[REQUEST_ID]
    try:
        return await handler(request)
    except JitsudoError as error:
        status = status_of(error)
        if status.http >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("api_unavailable", error=error.code, why=str(error))
        return to_refusal(error, request_id=request_id)
    except web.HTTPMethodNotAllowed as error:
        return _method_not_allowed(error, request_id)
    except web.HTTPNotFound:
        missing = NotFound(what="page", name=ascii(request.path)[1:-1][:200])
        return to_refusal(missing, request_id=request_id)
    except web.HTTPRequestTimeout as error:
        return _too_slow(error, request_id)
    except web.HTTPException:
        raise
    except Exception:  # noqa: BLE001 - a fault of ours must neither leak nor go unseen
        _log.exception("api_failed", route=_route(request))
        return to_surprise(request_id=request_id)


def _method_not_allowed(
    error: web.HTTPMethodNotAllowed, request_id: str
) -> web.Response:
    allowed = ", ".join(sorted(error.allowed_methods))
    answer = to_answer(
        {
            "code": _UNIMPLEMENTED,
            "error": "method_not_allowed",
            "message": f"{error.method} is not possible here; {allowed} is",
            "details": [],
            "requestId": request_id,
        },
        status=error.status,
    )
    answer.headers["Allow"] = allowed
    return answer


def _too_slow(error: web.HTTPRequestTimeout, request_id: str) -> web.Response:
    answer = to_answer(
        {
            "code": _DEADLINE_EXCEEDED,
            "error": "request_timeout",
            "message": "the body did not come in time; nothing was done, send it again",
            "details": [],
            "requestId": request_id,
        },
        status=error.status,
    )
    answer.force_close()
    return answer


def _route(request: web.Request) -> str:
    """Return the pattern that matched, so that ids do not fill the metrics."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical
