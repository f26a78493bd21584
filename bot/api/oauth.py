"""The authorization server for terminals: who says yes is asked in Slack.

There is no page: a person types `/jitsudo login` and the code in Slack.

Source: RFC 8628 (device authorization), RFC 6749 section 5 (answers and errors),
RFC 8414 (metadata).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.api.addresses import base_url, client_address
from bot.api.answers import to_answer
from bot.api.forms import form_fields
from bot.api.keys import JITSUDO
from bot.api.middleware import framed
from core.domain.codes import shown_code
from core.domain.sign_in import PollOutcome
from core.errors import Invalid, JitsudoError, RefusedError, TooMany
from core.services.sign_in import PollAnswer
from core.wire.errors import status_of
from core.wire.sign_in import CLIENT_ID, DEVICE_GRANT

METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
"""Source: RFC 8414 section 3."""

_AUTHORIZE: Final = "/oauth/device_authorization"
_TOKEN: Final = "/oauth/token"  # noqa: S105 - a path

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackSignIn:
    """What people are told of the workspace that they confirm in.

    Attributes:
        workspace_url: opens it; asked each time, since Slack says it late.
    """

    workspace_url: Callable[[], str]


SLACK_SIGN_IN: Final = web.AppKey("slack_sign_in", SlackSignIn)

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]


def offers_slack_sign_in(request: web.Request) -> bool:
    """Tell whether a terminal can be signed in through Slack here."""
    return SLACK_SIGN_IN in request.config_dict


def add_oauth(app: web.Application, offer: SlackSignIn | None) -> None:
    """Add the endpoints of the authorization server.

    Args:
        offer: None answers each of them with 404, and why.
    """
    if offer is not None:
        app[SLACK_SIGN_IN] = offer
    oauth = web.Application(middlewares=[framed, errors_as_oauth])
    oauth.add_routes(
        [
            web.post("/device_authorization", _offered(authorize_device)),
            web.post("/token", _offered(issue_token)),
        ]
    )
    app.add_subapp("/oauth", oauth)
    app.router.add_get(METADATA_PATH, _framed(_offered(metadata)), allow_head=False)


async def authorize_device(request: web.Request) -> web.Response:
    """Begin a sign-in. Source: RFC 8628 sections 3.1 and 3.2.

    There is no `verification_uri_complete`: a link that carries the code is a
    link that somebody else can send.
    """
    fields = await _client_fields(request)
    begun = await request.config_dict[JITSUDO].services.sign_in.begin(
        host=fields.get("host", ""), address=client_address(request)
    )
    sign_in = begun.sign_in
    lifetime = sign_in.expires_at - sign_in.created_at
    code = shown_code(sign_in.user_code)
    return to_answer(
        {
            "device_code": begun.device_code,
            "user_code": code,
            "verification_uri": request.config_dict[SLACK_SIGN_IN].workspace_url(),
            "message": f"In Slack, type: /jitsudo login {code}",
            "expires_in": int(lifetime.total_seconds()),
            "interval": sign_in.interval_seconds,
        }
    )


async def issue_token(request: web.Request) -> web.Response:
    """Answer a terminal that waits. Source: RFC 8628 sections 3.4 and 3.5."""
    fields = await _client_fields(request)
    if "grant_type" not in fields:
        raise Invalid(field="grant_type", why="is missing")
    if fields["grant_type"] != DEVICE_GRANT:
        return _error("unsupported_grant_type", f"only {DEVICE_GRANT} is possible")
    if "device_code" not in fields:
        raise Invalid(field="device_code", why="is missing")
    answer = await request.config_dict[JITSUDO].services.sign_in.poll(
        fields["device_code"], address=client_address(request)
    )
    if answer.issued is None:
        return _not_yet(answer)
    token = answer.issued.token
    return to_answer(
        {
            "access_token": answer.issued.secret,
            "token_type": "Bearer",
            "expires_in": int((token.expires_at - token.created_at).total_seconds()),
            "scope": " ".join(sorted(scope.value for scope in token.scopes)),
        }
    )


async def metadata(request: web.Request) -> web.Response:
    """Tell where everything is. Source: RFC 8414 section 2; RFC 8628 section 4."""
    issuer = base_url(request)
    return to_answer(
        {
            "issuer": issuer,
            "device_authorization_endpoint": f"{issuer}{_AUTHORIZE}",
            "token_endpoint": f"{issuer}{_TOKEN}",
            "grant_types_supported": [DEVICE_GRANT],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
        }
    )


@web.middleware
async def errors_as_oauth(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever is raised into an answer of OAuth's, without internals.

    Source: RFC 6749 section 5.2.
    """
    try:
        return await handler(request)
    except _UnknownClientError:
        return _error("invalid_client", f"the only client is {CLIENT_ID}")
    except Invalid as error:
        return _error("invalid_request", str(error))
    except JitsudoError as error:
        return _unavailable(error)
    except web.HTTPException as error:
        return _misdirected(error)
    except Exception:  # noqa: BLE001 - a fault of ours must neither leak nor go unseen
        _log.exception("oauth_failed", path=request.match_info.route.name)
        return _error("server_error", "something went wrong here", status=500)


def _misdirected(error: web.HTTPException) -> web.Response:
    answer = _error("invalid_request", str(error.reason), status=error.status)
    if isinstance(error, web.HTTPMethodNotAllowed):
        answer.headers[hdrs.ALLOW] = ", ".join(sorted(error.allowed_methods))
    return answer


class _UnknownClientError(Exception):
    """The client is not the one there is."""


_WAITING: Final[Mapping[PollOutcome, tuple[str, str]]] = {
    PollOutcome.PENDING: ("authorization_pending", "nobody has confirmed it yet"),
    PollOutcome.TOO_SOON: ("slow_down", "asked too soon"),
    PollOutcome.REFUSED: ("access_denied", "it was refused"),
    PollOutcome.EXPIRED: ("expired_token", "the code has expired; begin anew"),
    PollOutcome.UNKNOWN: ("invalid_grant", "the device code is unknown, or was used"),
}


def _not_yet(answer: PollAnswer) -> web.Response:
    code, why = _WAITING.get(answer.outcome, _WAITING[PollOutcome.UNKNOWN])
    if answer.outcome is PollOutcome.TOO_SOON:
        why = f"{why}; wait {answer.interval_seconds} s from now on"
    return _error(code, why)


async def _client_fields(request: web.Request) -> Mapping[str, str]:
    """Return the fields of a form that our client sent.

    Raises:
        Invalid: it is none, or names no client.
        _UnknownClientError: another client sent it.
    """
    if hdrs.AUTHORIZATION in request.headers:
        raise Invalid(field="Authorization", why="has to be left out: name client_id")
    fields = await form_fields(request)
    if "client_id" not in fields:
        raise Invalid(field="client_id", why=f"is missing; it is {CLIENT_ID}")
    if fields["client_id"] != CLIENT_ID:
        raise _UnknownClientError
    return fields


def _offered(answer: Answer) -> Answer:
    """Return what answers only where Slack is there to confirm in."""

    async def run(request: web.Request) -> web.Response:
        if offers_slack_sign_in(request):
            return await answer(request)
        why = "this server has no Slack, where a sign-in would be confirmed"
        return _error("not_found", f"{why}; use a token or an issuer", status=404)

    return run


def _framed(answer: Answer) -> Handler:
    """Return a route outside of `/oauth` with what surrounds those inside."""

    async def run(request: web.Request) -> web.StreamResponse:
        return await framed(request, lambda inner: errors_as_oauth(inner, answer))

    return run


def _unavailable(error: JitsudoError) -> web.Response:
    """Return why nothing came of it; a client may ask again later."""
    status = status_of(error).http
    if isinstance(error, TooMany):
        answer = _error("too_many", str(error), status=status)
        answer.headers[hdrs.RETRY_AFTER] = str(error.retry_after_seconds)
        return answer
    if not isinstance(error, RefusedError):
        _log.warning("oauth_unavailable", error=error.code, why=str(error))
    return _error("temporarily_unavailable", "try again in a moment", status=503)


def _error(code: str, why: str, *, status: int = 400) -> web.Response:
    # Source: RFC 6749 section 5.2 leaves out quotes, backslashes and what is not ASCII.
    shown = "".join(c for c in why if " " <= c <= "~" and c not in '"\\')
    return to_answer({"error": code, "error_description": shown}, status=status)
