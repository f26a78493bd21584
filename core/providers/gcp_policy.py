"""The allow policy of a project, as a document: our bindings in it, and all others.

Whatever is not ours stays as it was read, also what this code does not know.

Source:
    https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

Policy: TypeAlias = Mapping[str, Any]
"""What Google answered; `bindings` is a list of objects, `etag` a string."""

VERSION: Final = 3
"""The version that has conditions; a policy written back as 1 would lose them."""

MOST_MEMBERS: Final = 1500
MOST_CONDITIONAL: Final = 20
"""Members in one policy; bindings of one role for one member.

Source:
    https://cloud.google.com/iam/quotas
"""

_EXPRESSION: Final = re.compile(
    r'request\.time < timestamp\("(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"\)'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """One person's role until a time; the title says which request it is for.

    Attributes:
        ends_at: whole seconds, UTC.
    """

    title: str
    role: str
    member: str
    ends_at: datetime

    def to_record(self) -> dict[str, object]:
        """Return it as the policy has it."""
        end = self.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "role": self.role,
            "members": [self.member],
            "condition": {
                "title": self.title,
                "description": "Temporary access by jitsudo, which removes it too",
                "expression": f'request.time < timestamp("{end}")',
            },
        }

    def is_in(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record gives this member this role, until whenever."""
        members = [str(member).casefold() for member in record.get("members", ())]
        return record.get("role") == self.role and self.member.casefold() in members


def titled(policy: Policy, titles: frozenset[str]) -> list[Mapping[str, Any]]:
    """Return the bindings that have one of the titles."""
    return [record for record in _bindings(policy) if _title(record) in titles]


def end_of(record: Mapping[str, Any]) -> datetime | None:
    """Return when a binding of ours ends; None if its condition is not ours."""
    condition = record.get("condition") or {}
    found = _EXPRESSION.fullmatch(str(condition.get("expression", "")))
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1])
    except ValueError:
        return None


def without(policy: Policy, titles: frozenset[str]) -> Policy:
    """Return the policy without the bindings that have one of the titles."""
    kept = [record for record in _bindings(policy) if _title(record) not in titles]
    return {**policy, "bindings": kept, "version": VERSION}


def with_binding(policy: Policy, binding: Binding) -> Policy:
    """Return the policy with a binding, instead of one of the same title."""
    rest = without(policy, frozenset({binding.title}))
    return {**rest, "bindings": [*rest["bindings"], binding.to_record()]}


def why_refused(policy: Policy, binding: Binding | None, *, said: str) -> str:
    """Return why Google did not take a policy, in words that say what to do.

    Args:
        policy: what was sent.
        binding: what was new in it, if anything.
        said: Google's own sentence.
    """
    members = sum(len(record.get("members", ())) for record in _bindings(policy))
    if members > MOST_MEMBERS:
        return (
            f"the project's policy would have {members} members and Google takes "
            f"{MOST_MEMBERS}; use groups, or take out old bindings"
        )
    same = binding and [
        record
        for record in _bindings(policy)
        if binding.is_in(record) and "condition" in record
    ]
    if binding and same and len(same) > MOST_CONDITIONAL:
        return (
            f"{binding.member} has {MOST_CONDITIONAL} conditional bindings of "
            f"{binding.role} already, and Google takes no more; end some of them"
        )
    return f"Google refused the change: {said}"


def _bindings(policy: Policy) -> list[Mapping[str, Any]]:
    return list(policy.get("bindings", ()))


def _title(record: Mapping[str, Any]) -> str:
    return str((record.get("condition") or {}).get("title", ""))
