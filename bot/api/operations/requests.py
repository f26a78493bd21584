"""The operations of `bot.api.requests`."""

from collections.abc import Mapping
from typing import Final

from bot.api.operations.kinds import (
    BASE,
    NOTHING,
    OF_A_DECISION,
    OF_ONE,
    PAGE,
    Operation,
    Operations,
)
from bot.api.schemas import (
    ASK_BODY,
    DIGITS_IN,
    FLAG,
    NUMBER,
    STATE,
    TEXT,
    Schema,
    body,
    list_of,
    ref,
    shape,
)

_REQUEST: Final = shape({"request": ref("Request")})
_KEY: Final[Mapping[str, Schema]] = {
    "Idempotency-Key": {"type": "string", "maxLength": 200, "pattern": "^[ -~]*$"}
}
_ONE: Final = f"{BASE}/requests/{{id}}"

OF_REQUESTS: Final[Operations] = {
    ("POST", f"{BASE}/requests"): Operation(
        id="CreateRequest",
        summary="Ask for elevation.",
        body=ASK_BODY,
        needs_body=True,
        headers=_KEY,
        answer=_REQUEST,
        refuses=(409,),
    ),
    ("GET", f"{BASE}/requests"): Operation(
        id="ListRequests",
        summary="List the requests that the caller may see, newest first.",
        query={
            "state": list_of(STATE),
            "pending": FLAG,
            "mine": FLAG,
            "requesterIdentity": TEXT,
            "needsReview": FLAG,
            **PAGE,
        },
        answer=shape({"requests": list_of(ref("Request")), "nextPageToken": TEXT}),
    ),
    ("GET", _ONE): Operation(
        id="GetRequest",
        summary="Show a request, waiting for a newer version if asked to.",
        query={
            "waitSeconds": {"type": "number", "minimum": 0, "maximum": 60},
            "sinceVersion": NUMBER,
        },
        answer=_REQUEST,
        refuses=OF_ONE,
    ),
    ("POST", f"{_ONE}/approve"): Operation(
        id="ApproveRequest",
        summary="Approve a request; short of the quorum it stays pending.",
        body=body({"comment": TEXT}),
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("POST", f"{_ONE}/deny"): Operation(
        id="DenyRequest",
        summary="Deny a request for good.",
        body=body({"reason": TEXT}, "reason"),
        needs_body=True,
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("POST", f"{_ONE}/withdraw"): Operation(
        id="WithdrawRequest",
        summary="Take back one's own undecided request.",
        body=NOTHING,
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("POST", f"{_ONE}/revoke"): Operation(
        id="RevokeRequest",
        summary="Begin the end of a grant.",
        body=body({"reason": TEXT, "onlyUnissued": FLAG}),
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("POST", f"{_ONE}/retry"): Operation(
        id="RetryRequest",
        summary="Have what the provider refused tried again now.",
        body=NOTHING,
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("POST", f"{_ONE}/extend"): Operation(
        id="ExtendRequest",
        summary="Ask for more of one's own grant; answers the new request.",
        body=body({"durationSeconds": DIGITS_IN, "reason": TEXT}, "durationSeconds"),
        needs_body=True,
        headers=_KEY,
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("POST", f"{_ONE}/review"): Operation(
        id="ReviewRequest",
        summary="Close the review of a break-glass request.",
        body=body({"note": TEXT}, "note"),
        needs_body=True,
        answer=_REQUEST,
        refuses=OF_A_DECISION,
    ),
    ("GET", f"{_ONE}/decisions"): Operation(
        id="ListDecisions",
        summary="Show who decided what, oldest first.",
        answer=shape({"decisions": list_of(ref("Decision"))}),
        refuses=OF_ONE,
    ),
    ("GET", f"{_ONE}/credentials"): Operation(
        id="GetCredentials",
        summary="Hand the requester their credentials.",
        answer=shape({"grant": ref("Grant")}),
        refuses=OF_A_DECISION,
    ),
}
