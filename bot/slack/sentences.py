"""What is answered to who decided, asked or acted; raw text, escaped later."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.slack import ids
from bot.slack.text import one_line
from core.domain.codes import shown_code
from core.domain.decision import RequestRecord
from core.domain.identity import LinkCode
from core.vocabulary import RequestId, RequestState


def result_line(record: RequestRecord) -> str:
    """Return `Request req_… → APPROVED`, with the quorum while it is open."""
    request = record.request
    line = f"Request {request.id} → {request.state.value}"
    if request.state is RequestState.PENDING and request.required_approvals > 1:
        line += f" ({request.counted_approvals} of {request.required_approvals}"
        line += " approvals)"
    return line


def still_needed(record: RequestRecord) -> str:
    """Return what an approval short of the quorum still waits for.

    Returns:
        Nothing where the approval was enough and there is nothing to note.
    """
    request = record.request
    if request.state is not RequestState.PENDING:
        return " ".join(record.notes)
    groups = ", ".join(request.routing.approver_groups)
    parts = [f"{result_line(record)}."]
    parts.append(f"Still needed: somebody else{' of ' + groups if groups else ''}.")
    if request.routing.approval_note:
        parts.append(f"Policy says: {one_line(request.routing.approval_note)}.")
    return " ".join([*parts, *record.notes])


def own_request(request_id: RequestId) -> str:
    """Return what somebody reads who wants to deny what they asked for."""
    return f"This is your own request. Take it back: `/jitsudo withdraw {request_id}`"


def decided(record: RequestRecord) -> str:
    """Return what a command that decided answers."""
    if record.request.state is RequestState.PENDING:
        return still_needed(record)
    return " ".join([result_line(record), *record.notes])


def submitted(record: RequestRecord) -> str:
    """Return what somebody who asked reads."""
    request = record.request
    line = result_line(record)
    if request.state is RequestState.PENDING:
        groups = ", ".join(request.routing.approver_groups)
        return f"{line}. {groups or 'Somebody whom policy allows'} can approve it now."
    if request.needs_review:
        line += ". Approvers are alerted; somebody else has to review it afterwards"
    return f"{line}. Use it with: jitsudo exec {request.id} -- <command>"


def extended(record: RequestRecord) -> str:
    """Return what somebody reads who asked for more time."""
    return (
        "Asked for more time; what you have goes on until the new grant runs, or to "
        f"its end. {submitted(record)}"
    )


def revoked(record: RequestRecord) -> str:
    """Return what somebody who ended a grant reads; the end is the provider's."""
    if not record.request.is_ending:
        return f"{result_line(record)}."
    return (
        f"Request {record.request.id} is being revoked. Its credentials are gone; "
        "the card says when the provider has confirmed the end."
    )


def tried_again(record: RequestRecord) -> str:
    """Return what somebody reads who had failed work tried again."""
    doing = "ended" if record.request.is_ending else "granted"
    return f"Request {record.request.id} is being {doing} now; the card follows."


def reviewed(record: RequestRecord) -> str:
    """Return what somebody who closed a review reads."""
    return f"The review of request {record.request.id} is closed."


def own_review() -> str:
    """Return what somebody reads who wants to review what they did."""
    return "You broke the glass: somebody else has to review it."


def only_the_requester(requester: str) -> str:
    """Return what somebody reads who wants to extend what is another's."""
    return f"Only {requester} can extend this grant."


_TERMINAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        ids.APPROVE: "",
        ids.DENY: ' --reason "…"',
        ids.REVOKE: "",
        ids.RETRY: "",
        ids.EXTEND: " --duration 1h",
        ids.REVIEW: ' --note "…"',
    }
)
"""What the terminal takes besides the id, by the command."""


def terminal_line(command: str, request_id: RequestId | None) -> str:
    """Return what does the same on the terminal; nothing without a request."""
    if request_id is None or command not in _TERMINAL:
        return ""
    return f"jitsudo {command} {request_id}{_TERMINAL[command]}"


def link_offered(code: LinkCode | None) -> str:
    """Return what somebody reads who wants their account linked to a sign-in."""
    if code is None:
        return "Your Slack account is linked to your sign-in already."
    shown = shown_code(code.code)
    return (
        f"On the terminal, signed in with `jitsudo login`, type `jitsudo link {shown}` "
        f"within ten minutes. It links this Slack account, {code.account.name}, to "
        f"{code.email}. Type it yourself, and give it to nobody."
    )
