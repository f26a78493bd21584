"""The operations of `bot.api.oauth` and `bot.api.well_known`: before any token.

Source: RFC 8628 section 3, RFC 6749 section 5, RFC 8414 section 2.
"""

from typing import Final

from bot.api.forms import FORM
from bot.api.operations.kinds import Operation, Operations
from bot.api.schemas import NUMBER, TEXT, Schema, body, list_of, ref, shape
from core.wire.sign_in import CLIENT_ID, DEVICE_GRANT

_CLIENT: Final[Schema] = {"type": "string", "enum": [CLIENT_ID]}

_REFUSAL: Final = ref("OAuthError")

_OF_A_FORM: Final = (400, 404, 429, 503)
"""404 where there is no Slack to confirm a sign-in in."""

OF_SIGN_IN: Final[Operations] = {
    ("GET", "/.well-known/jitsudo"): Operation(
        id="SignInOffer",
        summary="Tell how a terminal is signed in here.",
        answer=ref("SignInOffer"),
        is_open=True,
    ),
    ("GET", "/.well-known/oauth-authorization-server"): Operation(
        id="AuthorizationServer",
        summary="Describe the authorization server for terminals.",
        answer=shape(
            {
                "issuer": TEXT,
                "device_authorization_endpoint": TEXT,
                "token_endpoint": TEXT,
                "grant_types_supported": list_of(TEXT),
                "response_types_supported": list_of(TEXT),
                "token_endpoint_auth_methods_supported": list_of(TEXT),
            }
        ),
        is_open=True,
        refusal=_REFUSAL,
        refuses=(404,),
    ),
    ("POST", "/oauth/device_authorization"): Operation(
        id="AuthorizeDevice",
        summary="Begin the sign-in of a terminal.",
        body=body({"client_id": _CLIENT, "host": TEXT}, "client_id"),
        needs_body=True,
        body_type=FORM,
        answer=shape(
            {
                "device_code": TEXT,
                "user_code": TEXT,
                "verification_uri": TEXT,
                "message": TEXT,
                "expires_in": NUMBER,
                "interval": NUMBER,
            }
        ),
        is_open=True,
        refusal=_REFUSAL,
        refuses=_OF_A_FORM,
    ),
    ("POST", "/oauth/token"): Operation(
        id="TakeToken",
        summary="Ask for the token of a sign-in that somebody confirms.",
        body=body(
            {
                "client_id": _CLIENT,
                "grant_type": {"type": "string", "enum": [DEVICE_GRANT]},
                "device_code": TEXT,
            },
            *("client_id", "grant_type", "device_code"),
        ),
        needs_body=True,
        body_type=FORM,
        answer=shape(
            {
                "access_token": TEXT,
                "token_type": TEXT,
                "expires_in": NUMBER,
                "scope": TEXT,
            }
        ),
        is_open=True,
        refusal=_REFUSAL,
        refuses=_OF_A_FORM,
    ),
}
