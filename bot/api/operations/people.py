"""The operations of `bot.api.people` and `bot.api.identities`."""

from typing import Final

from bot.api.operations.kinds import (
    BASE,
    NOTHING,
    OF_A_DECISION,
    OF_ONE,
    Operation,
    Operations,
)
from bot.api.people_schemas import TRUST_TIER
from bot.api.schemas import (
    ASK_BODY,
    ASK_FIELDS,
    DIGITS_IN,
    FLAG,
    NUMBER,
    TEXT,
    body,
    list_of,
    ref,
    shape,
)

_PRINCIPAL: Final = shape({"principal": ref("Principal")})
_LINK: Final = shape({"identity": ref("SlackLink")})
_ACCOUNT: Final = f"{BASE}/identities/{{team}}/{{user}}"

OF_PEOPLE: Final[Operations] = {
    ("GET", f"{BASE}/principals/{{identity}}"): Operation(
        id="GetPrincipal",
        summary="Tell what is known of somebody; of others, for auditors.",
        answer=_PRINCIPAL,
        refuses=OF_ONE,
    ),
    ("PUT", f"{BASE}/principals/{{identity}}/trust-tier"): Operation(
        id="SetTrustTier",
        summary="Set somebody else's trust tier; for admins.",
        body=body({"trustTier": TRUST_TIER, "notes": TEXT}, "trustTier"),
        needs_body=True,
        answer=_PRINCIPAL,
        refuses=OF_ONE,
    ),
    ("POST", f"{BASE}/principals/{{email}}/forget-sign-in"): Operation(
        id="ForgetSignIn",
        summary="Let the issuer's next subject have an e-mail; for admins.",
        body=NOTHING,
        answer=shape({"identity": TEXT}),
        refuses=OF_ONE,
    ),
    ("POST", f"{BASE}/admin/reload-policies"): Operation(
        id="ReloadPolicies",
        summary="Look for a newer policy now; for admins.",
        body=NOTHING,
        answer=shape({"policiesLoaded": NUMBER, "revision": TEXT, "detail": TEXT}),
    ),
    ("GET", f"{BASE}/policies:doctor"): Operation(
        id="CheckApprovers",
        summary="Tell what nobody could approve any more; for auditors.",
        answer=ref("ApproverReport"),
    ),
    ("POST", f"{BASE}/policies:doctor"): Operation(
        id="PreviewRequest",
        summary="Tell who would be asked for something; for auditors.",
        body=body(
            {"requesterIdentity": TEXT, **ASK_FIELDS, "durationSeconds": DIGITS_IN},
            *("requesterIdentity", *ASK_BODY["required"]),
        ),
        needs_body=True,
        answer=shape({"preview": ref("Preview")}),
    ),
    ("GET", f"{BASE}/identities"): Operation(
        id="ListIdentities",
        summary="List whose each linked account in Slack is; for admins.",
        answer=shape({"identities": list_of(ref("SlackLink"))}),
    ),
    ("POST", f"{BASE}/identities:link"): Operation(
        id="ClaimIdentity",
        summary="Link the account in Slack that has a code to the caller.",
        body=body({"code": TEXT, "confirm": FLAG}, "code"),
        needs_body=True,
        answer=_LINK,
        refuses=(409,),
    ),
    ("PUT", _ACCOUNT): Operation(
        id="LinkIdentity",
        summary="Link an account in Slack to somebody; for admins.",
        body=body({"identity": TEXT}, "identity"),
        needs_body=True,
        answer=_LINK,
        refuses=OF_A_DECISION,
    ),
    ("DELETE", _ACCOUNT): Operation(
        id="UnlinkIdentity",
        summary="End the link of an account in Slack; for admins.",
        answer=_LINK,
        refuses=OF_ONE,
    ),
}
