"""What may follow `/jitsudo`: one class a command, parsed and not yet done."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from core.domain.request import Ask
from core.vocabulary import RequestId

LIST_LIMIT: Final = 20
"""Requests that `status` lists in Slack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApproveLine:
    """`approve <id> [--comment TEXT]`."""

    request_id: RequestId
    comment: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DenyLine:
    """`deny <id> [--reason TEXT]`; without a reason a form asks for it."""

    request_id: RequestId
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLine:
    """`status [<id>] [--pending] [--mine] [--needs-review] [--limit N]`."""

    request_id: RequestId | None = None
    pending: bool = False
    mine: bool = False
    needs_review: bool = False
    limit: int = LIST_LIMIT


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLine:
    """`request --provider … --role … --scope …`; without anything, the form."""

    ask: Ask | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawLine:
    """`withdraw <id>`."""

    request_id: RequestId


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeLine:
    """`revoke <id> [--reason TEXT]`."""

    request_id: RequestId
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryLine:
    """`retry <id>`."""

    request_id: RequestId


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendLine:
    """`extend <id> --duration D [--reason TEXT]`."""

    request_id: RequestId
    duration: timedelta
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewLine:
    """`review <id> --note TEXT`."""

    request_id: RequestId
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginLine:
    """`login [CODE]`; without a code a form asks for it.

    Attributes:
        code: as `core.domain.sign_in.parse_user_code` returns it.
    """

    code: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkLine:
    """`link`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpLine:
    """`help`, `approve --help`, or nothing at all.

    Attributes:
        text: markup.
    """

    text: str


GrantLine: TypeAlias = RevokeLine | RetryLine | ExtendLine | ReviewLine
"""What is about a grant, issued or on its way, and not about a decision."""

ActLine: TypeAlias = (
    ApproveLine
    | DenyLine
    | StatusLine
    | RequestLine
    | WithdrawLine
    | GrantLine
    | LoginLine
    | LinkLine
)
"""What somebody does, who has to be known first."""

Line: TypeAlias = ActLine | HelpLine
