"""What a row of `tests.support.endpoints` says, and rows that are alike."""

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


class Need(StrEnum):
    """What else a row needs; made anew for each person."""

    LINK = "carol's account in Slack is linked"
    SIGN_IN = "carol has signed in at an identity provider"


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
        path: as the router spells it; `{id}` is the request's, `{email}` and
            `{identity}` are `about`, `{team}` and `{user}` an account in Slack.
        query: put behind the path, without its question mark; `token` for none,
            and `{id}` is that of a token of alice's.
        statuses: for each of `ROLES`, in that order.
        scopes: any of them does; empty if a token needs none.
        is_open: no token is needed.
        stranger: what somebody without a token is answered, where it is open.
        form: what is sent as OAuth's clients do; instead of `body`.
        about: whom the path names.
        needs: what has to be there first, beside the request.
        kind: of the request that is there, and that `{id}` is.
    """

    method: str
    path: str
    statuses: tuple[int, int, int, int, int, int]
    query: str = ""
    body: dict[str, Any] | None = None
    scopes: frozenset[TokenScope] = field(default_factory=frozenset)
    is_open: bool = False
    stranger: int = 200
    form: dict[str, str] | None = None
    about: str = CAROL
    needs: Need | None = None
    kind: Kind = Kind.OPEN

    @property
    def name(self) -> str:
        """Return what the test is called."""
        about = self.query or ("" if self.kind is Kind.OPEN else self.kind.name)
        whom = "" if self.about == CAROL else f"of {self.about}"
        return " ".join(f"{self.method} {self.path} {about} {whom}".split())


_ONE: Final = f"{BASE}/requests/{{id}}"


def of_one(
    method: str,
    act: str,
    statuses: tuple[int, int, int, int, int, int],
    *scopes: TokenScope,
    kind: Kind = Kind.OPEN,
    **body: Any,
) -> Row:
    """Return a row about one request."""
    return Row(
        method=method,
        path=f"{_ONE}/{act}".rstrip("/"),
        statuses=statuses,
        scopes=frozenset(scopes),
        kind=kind,
        body=body or None,
    )


def of_list(query: str) -> Row:
    """Return a row of the list of requests."""
    return Row(
        method="GET",
        path=f"{BASE}/requests",
        query=query,
        statuses=(200,) * 6,
        scopes=frozenset({READ}),
    )


def of_auditors(method: str, path: str, body: dict[str, Any] | None = None) -> Row:
    """Return a row of what auditors and admins may."""
    return Row(
        method=method,
        path=BASE + path,
        body=body,
        statuses=(403, 403, 403, 200, 200, 403),
        scopes=frozenset({READ}),
    )


def of_admins(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    needs: Need | None = None,
) -> Row:
    """Return a row of what admins may."""
    return Row(
        method=method,
        path=BASE + path,
        body=body,
        needs=needs,
        statuses=(403, 403, 403, 403, 200, 403),
        scopes=frozenset({ADMIN}),
    )


def of_machines(path: str) -> Row:
    """Return a row of what anybody reads."""
    return Row(method="GET", path=path, statuses=(200,) * 6, is_open=True)


def of_terminals(path: str, *, stranger: int, **form: str) -> Row:
    """Return a row of OAuth's: a client that shows a token is told to leave it out."""
    return Row(
        method="POST",
        path=path,
        form={"client_id": "jitsudo-cli", **form},
        statuses=(400,) * 6,
        is_open=True,
        stranger=stranger,
    )
