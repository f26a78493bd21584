"""The operations of `bot.api.oversight`."""

from typing import Final

from bot.api.operations.kinds import BASE, NOTHING, OF_ONE, PAGE, Operation, Operations
from bot.api.schemas import (
    DIGITS,
    DIGITS_IN,
    FLAG,
    MOMENT,
    SCOPES,
    TEXT,
    body,
    list_of,
    one_of,
    ref,
    shape,
)
from core.vocabulary import AuditAction, Outcome

OF_OVERSIGHT: Final[Operations] = {
    ("GET", f"{BASE}/audit"): Operation(
        id="QueryAudit",
        summary="List audit events, newest first; for auditors.",
        query={
            "actorIdentity": TEXT,
            "requestId": TEXT,
            "action": one_of(AuditAction),
            "outcome": one_of(Outcome),
            "provider": TEXT,
            "since": MOMENT,
            "until": MOMENT,
            **PAGE,
        },
        answer=shape({"events": list_of(ref("AuditEvent")), "nextPageToken": TEXT}),
    ),
    ("POST", f"{BASE}/audit:verify"): Operation(
        id="VerifyAudit",
        summary="Recompute the whole chain; for auditors.",
        body=body({"checkpoint": body({"seq": DIGITS_IN, "hash": TEXT})}),
        answer=shape(
            {"report": shape({"events": DIGITS, "headSeq": DIGITS, "headHash": TEXT})}
        ),
        refuses=(409,),
    ),
    ("POST", f"{BASE}/policies:eval"): Operation(
        id="EvalPolicy",
        summary="Ask policy a made-up question; for auditors.",
        body=body(
            {
                "inputJson": TEXT,
                "type": {
                    "type": "string",
                    "enum": ["POLICY_TYPE_ELIGIBILITY", "POLICY_TYPE_APPROVAL"],
                },
            },
            "inputJson",
        ),
        needs_body=True,
        answer=shape({"allowed": FLAG, "reason": TEXT, "resultJson": TEXT}),
    ),
    ("GET", f"{BASE}/whoami"): Operation(
        id="WhoAmI",
        summary="Tell whose token this is and what it may do.",
        answer=ref("Identity"),
    ),
    ("GET", f"{BASE}/tokens"): Operation(
        id="ListTokens",
        summary="List the caller's tokens, newest first; everybody's for an admin.",
        query={"identity": TEXT, "withEnded": FLAG, **PAGE},
        answer=shape({"tokens": list_of(ref("Token")), "nextPageToken": TEXT}),
    ),
    ("POST", f"{BASE}/tokens"): Operation(
        id="IssueToken",
        summary="Make a token; only this answer ever holds its secret.",
        body=body(
            {"identity": TEXT, "scopes": SCOPES, "ttlSeconds": DIGITS_IN},
            "identity",
            "scopes",
            "ttlSeconds",
        ),
        needs_body=True,
        answer=shape({"token": ref("Token"), "secret": TEXT}),
    ),
    ("DELETE", f"{BASE}/tokens/{{id}}"): Operation(
        id="RevokeToken",
        summary="End a token.",
        answer=shape({"token": ref("Token")}),
        refuses=OF_ONE,
    ),
    ("POST", f"{BASE}/principals/{{email}}/disable"): Operation(
        id="DisablePrincipal",
        summary="Shut somebody out; for admins.",
        body=body({"reason": TEXT}, "reason"),
        needs_body=True,
        answer=shape({"principal": ref("Departure")}),
        refuses=OF_ONE,
    ),
    ("POST", f"{BASE}/principals/{{email}}/enable"): Operation(
        id="EnablePrincipal",
        summary="Let somebody in again; for admins.",
        body=NOTHING,
        answer=shape({"principal": ref("Departure")}),
        refuses=OF_ONE,
    ),
    ("GET", f"{BASE}/jobs"): Operation(
        id="ListJobs",
        summary="List the work that waits, oldest due first; for auditors.",
        query={"failing": FLAG},
        answer=shape({"jobs": list_of(ref("Job"))}),
    ),
}
