"""Command lines that mean the same on the terminal and after `/jitsudo`."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from core.approvals import RequestQuery
from core.domain.request import Ask
from core.vocabulary import RequestId, RequestState

ID: Final = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")

_ASK: Final = Ask(
    provider="local",
    role="infra-admin",
    resource_scope="staging",
    duration=timedelta(hours=1),
)
_PENDING: Final = frozenset({RequestState.PENDING})
_REQUEST: Final = "request --provider local --role infra-admin --scope staging"

UNDERSTOOD: Final[dict[str, tuple[object, ...]]] = {
    f"approve {ID}": ("approve", ID, ""),
    f"approve {ID.lower()}": ("approve", ID, ""),
    f'approve {ID} --comment "looks fine"': ("approve", ID, "looks fine"),
    f"approve {ID} --comment 'it is \"fine\"'": ("approve", ID, 'it is "fine"'),
    f"approve --comment=ok {ID}": ("approve", ID, "ok"),
    f"approve {ID} --comment a-b--c": ("approve", ID, "a-b--c"),
    f'approve {ID} --comment "--reason"': ("approve", ID, "--reason"),
    f'deny {ID} --reason "not today"': ("deny", ID, "not today"),
    f"deny --reason=no {ID}": ("deny", ID, "no"),
    f"withdraw {ID}": ("withdraw", ID),
    f"status {ID}": ("get", ID),
    "status --pending --limit 3": (
        "list",
        RequestQuery(states=_PENDING, limit=3),
    ),
    "status --pending --mine --limit=20": (
        "list",
        RequestQuery(mine=True, states=_PENDING, limit=20),
    ),
    "status --limit 1 --mine": ("list", RequestQuery(mine=True, limit=1)),
    _REQUEST: ("submit", _ASK),
    f'{_REQUEST} --duration 1h30m --reason "INC-4421: pods"': (
        "submit",
        Ask(
            provider="local",
            role="infra-admin",
            resource_scope="staging",
            duration=timedelta(minutes=90),
            reason="INC-4421: pods",
        ),
    ),
}
"""What each line asks of the approvals: the operation, then its arguments."""

REFUSED: Final = (
    "frobnicate",
    f"aprove {ID}",
    "approve",
    "approve 12",
    f"approve {ID} {ID}",
    f"approve {ID} --comment looks fine",
    f"approve {ID} --comment",
    f"approve {ID} --force",
    f"deny {ID} --reason",
    f"deny {ID} --comment no",
    "withdraw",
    f"withdraw {ID} --reason no",
    f"status {ID} --mine",
    f"status {ID} --pending",
    "status --limit 0",
    "status --limit many",
    "request --role infra-admin",
    f"{_REQUEST} --duration 0",
    f"{_REQUEST} --duration -1h",
    f"{_REQUEST} extra",
)
"""Lines that neither of the two accepts, so that nothing happens."""

HELPED: Final = tuple(
    f"{name} {flag}"
    for name in ("approve", "deny", "request", "status", "withdraw")
    for flag in ("--help", "-h")
)
"""Lines that show what one command takes."""

GRANTS_UNDERSTOOD: Final[dict[str, tuple[object, ...]]] = {
    f"revoke {ID}": ("revoke", ID, ""),
    f'revoke {ID} --reason "incident over"': ("revoke", ID, "incident over"),
    f"revoke --reason=done {ID.lower()}": ("revoke", ID, "done"),
    f"retry {ID}": ("retry", ID),
    f"extend {ID} --duration 1h30m": ("extend", ID, timedelta(minutes=90), ""),
    f'extend {ID} --duration=1h --reason "not done yet"': (
        "extend",
        ID,
        timedelta(hours=1),
        "not done yet",
    ),
    f'review {ID} --note "pods were down; nothing else touched"': (
        "review",
        ID,
        "pods were down; nothing else touched",
    ),
    f"review --note=fine {ID}": ("review", ID, "fine"),
    "status --needs-review": ("list", RequestQuery(needs_review=True, limit=20)),
    "status --needs-review --mine --limit 2": (
        "list",
        RequestQuery(mine=True, needs_review=True, limit=2),
    ),
    f'{_REQUEST} --break-glass --reason "nobody answers"': (
        "submit",
        replace(_ASK, reason="nobody answers", break_glass=True),
    ),
}
"""The same for what is about grants and their emergencies."""

GRANTS_REFUSED: Final = (
    "revoke",
    f"revoke {ID} --reason",
    f"revoke {ID} done",
    f"revoke {ID} --note done",
    f"retry {ID} --reason now",
    f"extend {ID}",
    f"extend {ID} --duration",
    f"extend {ID} --duration 0",
    f"extend {ID} --duration -1h",
    f"extend {ID} 1h",
    f"review {ID}",
    f"review {ID} --note",
    f"review {ID} --note looks fine",
    f"review {ID} --reason fine",
    f"status {ID} --needs-review",
    "request --break-glass",
    f"{_REQUEST} --break-glass=yes",
)
"""Lines about grants that neither accepts."""

GRANTS_HELPED: Final = tuple(
    f"{name} {flag}"
    for name in ("extend", "retry", "review", "revoke")
    for flag in ("--help", "-h")
)
"""Lines that show what one command about grants takes."""
