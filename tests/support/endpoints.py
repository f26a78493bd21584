"""Every endpoint of the REST API, with what each kind of person is answered.

A route that is not here fails `tests/security/test_who_reads_what.py`. To add one,
add a `Row`: method and path as the router spells them, a body that is well formed,
what scopes a token needs (any one of them), and the statuses for requester, decider,
approver, auditor, admin and an unrelated person, in that order.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from core.vocabulary import TokenScope
from tests.support.builders import ALICE, BEN, BOB, CAROL, DAVE, ERIN

AUDITOR: Final = "aud@example.com"

BASE: Final = "/api/v1alpha1"

READ, REQUEST = TokenScope.READ, TokenScope.REQUEST
APPROVE, ADMIN = TokenScope.APPROVE, TokenScope.ADMIN


class Kind(StrEnum):
    """Which request a row is about; each is new for each person."""

    OPEN = "pending, with ben's approval and one to come"
    ACTIVE = "active, decided by ben"
    GLASS = "active, having broken the glass"


ROLES: Final = {
    "requester": ALICE,
    "decider": BEN,  # who has left every group
    "approver": BOB,
    "auditor": AUDITOR,
    "admin": ERIN,
    "unrelated": DAVE,
}

SECRET_ROLE: Final = "prod-plugh-admin"
SECRET_SCOPE: Final = "vault-of-xyzzy"
SECRET_REASON: Final = "the reactor leaks frobozz"
SECRET_COMMENT: Final = "go on, said the grue"

FACTS: Final = (SECRET_ROLE, SECRET_SCOPE, SECRET_REASON, SECRET_COMMENT, ALICE, BEN)
"""What nobody may read whom the request does not concern."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One endpoint, asked in one way.

    Attributes:
        path: as the router spells it; `{id}` is the request's.
        query: put behind the path, without its question mark; `token` for none,
            and `{id}` is that of a token of alice's.
        statuses: for each of `ROLES`, in that order.
        scopes: any of them does; empty if a token needs none.
        is_open: no token is looked at.
        kind: of the request that is there, and that `{id}` is.
    """

    method: str
    path: str
    statuses: tuple[int, int, int, int, int, int]
    query: str = ""
    body: dict[str, Any] | None = None
    scopes: frozenset[TokenScope] = field(default_factory=frozenset)
    is_open: bool = False
    kind: Kind = Kind.OPEN

    @property
    def name(self) -> str:
        """Return what the test is called."""
        about = self.query or ("" if self.kind is Kind.OPEN else self.kind.name)
        return f"{self.method} {self.path} {about}".strip()


_ONE: Final = f"{BASE}/requests/{{id}}"

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


def _one(
    method: str,
    act: str,
    statuses: tuple[int, int, int, int, int, int],
    *scopes: TokenScope,
    kind: Kind = Kind.OPEN,
    **body: Any,
) -> Row:
    return Row(
        method=method,
        path=f"{_ONE}/{act}".rstrip("/"),
        statuses=statuses,
        scopes=frozenset(scopes),
        kind=kind,
        body=body or None,
    )


def _list(query: str) -> Row:
    return Row(
        method="GET",
        path=f"{BASE}/requests",
        query=query,
        statuses=(200,) * 6,
        scopes=frozenset({READ}),
    )


def _of_auditors(method: str, path: str, body: dict[str, Any] | None = None) -> Row:
    return Row(
        method=method,
        path=BASE + path,
        body=body,
        statuses=(403, 403, 403, 200, 200, 403),
        scopes=frozenset({READ}),
    )


def _of_admins(method: str, path: str, body: dict[str, Any] | None = None) -> Row:
    return Row(
        method=method,
        path=BASE + path,
        body=body,
        statuses=(403, 403, 403, 403, 200, 403),
        scopes=frozenset({ADMIN}),
    )


def _of_machines(path: str) -> Row:
    return Row(method="GET", path=path, statuses=(200,) * 6, is_open=True)


ENDPOINTS: Final = (
    _of_machines("/healthz"),
    _of_machines("/readyz"),
    _of_machines("/version"),
    _of_machines("/metrics"),
    Row(
        method="POST",
        path=f"{BASE}/requests",
        body=_OWN_ASK,
        statuses=(200, 403, 403, 403, 403, 403),
        scopes=frozenset({REQUEST}),
    ),
    _list(""),
    _list("state=PENDING"),
    _list("state=PENDING&state=ACTIVE&pageSize=1"),
    _list(f"requesterIdentity={ALICE}"),
    _list("needsReview=true"),
    _list("mine=true"),
    _one("GET", "", (200, 200, 200, 200, 200, 404), READ),
    _one("GET", "", (200, 200, 200, 200, 200, 404), READ, kind=Kind.ACTIVE),
    # Ben had no part in it.
    _one("GET", "", (200, 404, 200, 200, 200, 404), READ, kind=Kind.GLASS),
    _one("GET", "decisions", (200, 200, 200, 200, 200, 404), READ),
    # Ben's approval stands; but he has left, so bob's is the first that counts.
    _one("POST", "approve", (403, 200, 200, 403, 403, 403), APPROVE, comment="yes"),
    _one("POST", "approve", (409, 200, 409, 409, 409, 404), APPROVE, kind=Kind.ACTIVE),
    _one("POST", "deny", (403, 403, 200, 403, 403, 403), APPROVE, reason="no"),
    _one(
        *("POST", "deny", (409, 409, 409, 409, 409, 404), APPROVE),
        kind=Kind.ACTIVE,
        reason="no",
    ),
    _one("POST", "withdraw", (200, 403, 403, 403, 403, 404), REQUEST),
    _one(
        *("POST", "revoke", (200, 403, 200, 403, 200, 403), REQUEST, APPROVE),
        kind=Kind.ACTIVE,
        reason="over",
    ),
    _one(
        *("POST", "retry", (409, 403, 409, 403, 409, 403), REQUEST, APPROVE),
        kind=Kind.ACTIVE,
    ),
    _one(
        *("POST", "extend", (200, 403, 403, 403, 403, 404), REQUEST),
        kind=Kind.ACTIVE,
        durationSeconds="7200",
    ),
    _one(
        *("POST", "review", (403, 403, 200, 403, 200, 403), APPROVE),
        kind=Kind.GLASS,
        note="all well",
    ),
    _one("POST", "review", (403, 403, 400, 403, 400, 403), APPROVE, note="all well"),
    _one(
        *("GET", "credentials", (200, 403, 403, 403, 403, 404), REQUEST),
        kind=Kind.ACTIVE,
    ),
    _of_auditors("GET", "/audit"),
    _of_auditors("POST", "/audit:verify"),
    _of_auditors("POST", "/policies:eval", _EVAL),
    _of_auditors("GET", "/jobs"),
    Row(method="GET", path=f"{BASE}/whoami", statuses=(200,) * 6),
    Row(
        method="GET",
        path=f"{BASE}/tokens",
        statuses=(200,) * 6,
        scopes=frozenset({READ}),
    ),
    _of_admins("POST", "/tokens", _ORDER),
    Row(
        method="DELETE",
        path=f"{BASE}/tokens/{{id}}",
        query="token",
        statuses=(200, 404, 404, 404, 200, 404),
        scopes=frozenset({REQUEST, ADMIN}),
    ),
    _of_admins("POST", "/principals/{email}/disable", {"reason": "left"}),
    _of_admins("POST", "/principals/{email}/enable"),
)
