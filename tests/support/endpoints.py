"""Every endpoint of the REST API, with what each kind of person is answered.

A route that is not here fails `tests/security/test_who_reads_what.py`. To add one,
add a `Row`: method and path as the router spells them, a body that is well formed,
what scopes a token needs (any one of them), and the statuses for requester, decider,
approver, auditor, admin and an unrelated person, in that order.
"""

import json
from typing import Final

from tests.support.builders import ALICE, CAROL, DAVE
from tests.support.endpoint_rows import (
    ADMIN,
    APPROVE,
    BASE,
    READ,
    REQUEST,
    Kind,
    Need,
    Row,
    of_admins,
    of_auditors,
    of_list,
    of_machines,
    of_one,
    of_terminals,
)

_OWN_ASK: Final = {
    "provider": "local",
    "role": "infra-admin",
    "resourceScope": "staging",
    "durationSeconds": "3600",
    "reason": "a reason of my own",
}

_ORDER: Final = {"identity": CAROL, "scopes": ["read"], "ttlSeconds": "60"}

_EVAL: Final = {
    "inputJson": json.dumps(
        {
            "user": {"email": DAVE, "groups": []},
            "request": {
                "provider": "local",
                "role": "r",
                "resource_scope": "s",
                "duration_seconds": 60,
            },
        }
    ),
    "type": "POLICY_TYPE_ELIGIBILITY",
}

ENDPOINTS: Final = (
    of_machines("/healthz"),
    of_machines("/readyz"),
    of_machines("/version"),
    of_machines("/metrics"),
    of_machines("/api/openapi.json"),
    of_machines("/.well-known/jitsudo"),
    of_machines("/.well-known/oauth-authorization-server"),
    of_terminals("/oauth/device_authorization", stranger=200),
    # Nobody has begun this one, so that nothing waits for a yes.
    of_terminals(
        "/oauth/token",
        stranger=400,
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code="A" * 43,
    ),
    Row(
        method="POST",
        path=f"{BASE}/requests",
        body=_OWN_ASK,
        statuses=(200, 403, 403, 403, 403, 403),
        scopes=frozenset({REQUEST}),
    ),
    of_list(""),
    of_list("state=PENDING"),
    of_list("state=PENDING&state=ACTIVE&pageSize=1"),
    of_list(f"requesterIdentity={ALICE}"),
    of_list("needsReview=true"),
    of_list("mine=true"),
    of_one("GET", "", (200, 200, 200, 200, 200, 404), READ),
    of_one("GET", "", (200, 200, 200, 200, 200, 404), READ, kind=Kind.ACTIVE),
    # Ben had no part in it.
    of_one("GET", "", (200, 404, 200, 200, 200, 404), READ, kind=Kind.GLASS),
    of_one("GET", "decisions", (200, 200, 200, 200, 200, 404), READ),
    # Ben's approval stands; but he has left, so bob's is the first that counts.
    of_one("POST", "approve", (403, 200, 200, 403, 403, 403), APPROVE, comment="yes"),
    of_one(
        "POST", "approve", (409, 200, 409, 409, 409, 404), APPROVE, kind=Kind.ACTIVE
    ),
    of_one("POST", "deny", (403, 403, 200, 403, 403, 403), APPROVE, reason="no"),
    of_one(
        *("POST", "deny", (409, 409, 409, 409, 409, 404), APPROVE),
        kind=Kind.ACTIVE,
        reason="no",
    ),
    of_one("POST", "withdraw", (200, 403, 403, 403, 403, 404), REQUEST),
    of_one(
        *("POST", "revoke", (200, 403, 200, 403, 200, 403), REQUEST, APPROVE),
        kind=Kind.ACTIVE,
        reason="over",
    ),
    of_one(
        *("POST", "retry", (409, 403, 409, 403, 409, 403), REQUEST, APPROVE),
        kind=Kind.ACTIVE,
    ),
    of_one(
        *("POST", "extend", (200, 403, 403, 403, 403, 404), REQUEST),
        kind=Kind.ACTIVE,
        durationSeconds="7200",
    ),
    of_one(
        *("POST", "review", (403, 403, 200, 403, 200, 403), APPROVE),
        kind=Kind.GLASS,
        note="all well",
    ),
    of_one("POST", "review", (403, 403, 400, 403, 400, 403), APPROVE, note="all well"),
    of_one(
        *("GET", "credentials", (200, 403, 403, 403, 403, 404), REQUEST),
        kind=Kind.ACTIVE,
    ),
    of_auditors("GET", "/audit"),
    of_auditors("POST", "/audit:verify"),
    of_auditors("POST", "/policies:eval", _EVAL),
    of_auditors("GET", "/jobs"),
    Row(method="GET", path=f"{BASE}/whoami", statuses=(200,) * 6),
    Row(
        method="GET",
        path=f"{BASE}/tokens",
        statuses=(200,) * 6,
        scopes=frozenset({READ}),
    ),
    # Somebody else's are for admins; here they are the requester's.
    Row(
        method="GET",
        path=f"{BASE}/tokens",
        query=f"identity={ALICE}&withEnded=true",
        statuses=(200, 403, 403, 403, 200, 403),
        scopes=frozenset({READ}),
    ),
    of_admins("POST", "/tokens", _ORDER),
    Row(
        method="DELETE",
        path=f"{BASE}/tokens/{{id}}",
        query="token",
        statuses=(200, 404, 404, 404, 200, 404),
        scopes=frozenset({REQUEST, ADMIN}),
    ),
    of_admins("POST", "/principals/{email}/disable", {"reason": "left"}),
    of_admins("POST", "/principals/{email}/enable"),
    of_admins("POST", "/principals/{email}/forget-sign-in", needs=Need.SIGN_IN),
    of_auditors("GET", "/principals/{identity}"),
    # Everybody may look at themselves; here that is the requester.
    Row(
        method="GET",
        path=f"{BASE}/principals/{{identity}}",
        about=ALICE,
        statuses=(200, 403, 403, 200, 200, 403),
        scopes=frozenset({READ}),
    ),
    of_admins("PUT", "/principals/{identity}/trust-tier", {"trustTier": 2}),
    of_admins("POST", "/admin/reload-policies"),
    of_auditors("GET", "/policies:doctor"),
    of_auditors("POST", "/policies:doctor", {"requesterIdentity": DAVE, **_OWN_ASK}),
    of_admins("GET", "/identities", needs=Need.LINK),
    of_admins("PUT", "/identities/{team}/{user}", {"identity": CAROL}),
    of_admins("DELETE", "/identities/{team}/{user}", needs=Need.LINK),
    # Not by a token of jitsudo's own: only who has signed in at the issuer.
    Row(
        method="POST",
        path=f"{BASE}/identities:link",
        body={"code": "BCDF-GHJK", "confirm": True},
        statuses=(403,) * 6,
        scopes=frozenset({REQUEST}),
    ),
)
