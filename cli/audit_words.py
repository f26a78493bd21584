"""What an audit event tells on one line of the table."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from core.domain.audit import AuditEvent
from core.vocabulary import AuditAction

_Details = Mapping[str, Any]


def telling(event: AuditEvent) -> str:
    """Return the telling part of an event's details; what a store keeps, raw."""
    details = event.fact.details
    special = _SPECIAL.get(event.fact.action)
    facts = special(details) if special else ""
    # A conflict's sentence was said to the person; the log tells what met what.
    is_said = facts and event.fact.action is AuditAction.IDENTITY_CONFLICT
    parts = [facts or _subject(details), "" if is_said else _reason(details)]
    if repeated := details.get("repeated"):
        parts.append(f"{repeated} more times")
    return ": ".join(part for part in parts if part) or "-"


def _subject(details: _Details) -> str:
    """Return what an event is about: a person, a token's scopes, or a role."""
    if "email" in details:
        return _person(details, _names(details.get("scopes")))
    mark = "BREAK-GLASS " if details.get("break_glass") else ""
    return mark + " on ".join(
        str(details[key]) for key in ("role", "resource_scope") if details.get(key)
    )


def _person(details: _Details, more: str) -> str:
    return f"for {details.get('email')}" + (f" ({more})" if more else "")


def _reason(details: _Details) -> str:
    """Return why, in the words there are; a refusal without any has its code."""
    names = ("why", "denial_reason", "note", "notes", "comment", "reason", "code")
    return next((str(details[name]) for name in names if details.get(name)), "")


def _policy(details: _Details) -> str:
    return f"revision {details.get('policy_revision') or 'unknown'}"


def _machine(details: _Details) -> str:
    """Return whose terminal it was; the name last, since it is what it says."""
    if "address" not in details:
        return ""
    name = f", calls itself {details['host']}" if details.get("host") else ""
    return f"a terminal at {details['address']}{name}"


def _groups(details: _Details) -> str:
    names = _names(details.get("groups")) or "-"
    note = details.get("groups_note")
    return f"groups {names}" + (f" ({note})" if note else "")


def _tier(details: _Details) -> str:
    tiers = f"trust tier {details.get('old_tier')} → {details.get('new_tier')}"
    return _person(details, tiers)


def _link(details: _Details) -> str:
    known = [str(details[key]) for key in ("account", "method") if details.get(key)]
    return _person(details, ", ".join(known))


def _conflict(details: _Details) -> str:
    if "linked_account" not in details:
        return ""
    known = f"{details['linked_account']} is {details.get('linked_email')}"
    return f"{_person(details, str(details.get('account')))}, but {known}"


def _tokens(details: _Details) -> str:
    return f"{details['tokens']} tokens" if "tokens" in details else ""


def _names(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else ""


_SPECIAL: Final[Mapping[AuditAction, Callable[[_Details], str]]] = {
    AuditAction.POLICY_RELOADED: _policy,
    AuditAction.SIGN_IN_CONFIRMED: _machine,
    AuditAction.SIGN_IN_REFUSED: _machine,
    AuditAction.PRINCIPAL_SIGNED_IN: _groups,
    AuditAction.PRINCIPAL_TRUST_CHANGED: _tier,
    AuditAction.IDENTITY_LINKED: _link,
    AuditAction.IDENTITY_UNLINKED: _link,
    AuditAction.IDENTITY_CONFLICT: _conflict,
    AuditAction.TOKEN_LISTED: _tokens,
}
"""What is no person with a reason, and no role."""
