"""How requests name scopes and roles in Azure, and what marks an assignment as ours."""

import re
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from core.errors import Invalid

_GUID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_NAME: Final = r"[a-z0-9_.()-]{0,89}[a-z0-9_()-]"
"""A name in a scope; none is `.` or `..`, and none needs escaping."""

_ROLE_ID: Final = re.compile(_GUID, re.IGNORECASE)
_SCOPE: Final = re.compile(
    rf"/subscriptions/({_GUID})"
    rf"(?:/resourcegroups/{_NAME}(?:/providers/{_NAME}(?:/{_NAME}/{_NAME})+)?)?"
    rf"|/providers/microsoft\.management/managementgroups/{_NAME}",
    re.IGNORECASE,
)
"""What a role can be assigned at; not the root, which is every subscription.

Source:
    https://learn.microsoft.com/azure/role-based-access-control/scope-overview
"""

_NAMESPACE: Final = UUID("3f6a9a5c-6a0b-4d0f-9d1e-6f2b7f0d1c84")
"""Of the ids of our assignments; a new one would disown those that exist."""

ASSIGNING_ROLES: Final = frozenset(
    {
        "owner",
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        "user access administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "role based access control administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    }
)
"""Built-in roles whose holder can assign roles, and so stay for good.

Source:
    https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""


def to_scope(scope: str) -> str:
    """Return the full scope; a subscription may be given by its id alone.

    Raises:
        Invalid: it is neither a subscription, nor anything in one, nor a
            management group.
    """
    full = scope.rstrip("/") if scope.startswith("/") else f"/subscriptions/{scope}"
    if not _SCOPE.fullmatch(full):
        raise Invalid(
            field="scope",
            why="expected a subscription's id, or a path such as "
            "/subscriptions/<id>/resourceGroups/<name>",
        )
    return full


def subscription_of(scope: str) -> str | None:
    """Return the subscription of a full scope; a management group is in none."""
    found = _SCOPE.fullmatch(scope)
    return found[1] if found else None


def is_role_id(role: str) -> bool:
    """Tell whether a role is given by the id of its definition, not by its name."""
    return _ROLE_ID.fullmatch(role) is not None


def to_lane(*, requester: str, role: str, scope: str) -> str:
    """Return what all requests for one assignment share; Azure ignores case.

    A role's id and its name are two lanes for one assignment: only one of them
    can have it at a time.
    """
    return f"{requester}|{role}|{scope}".casefold()


def assignment_name(*, mark: str, lane: str, role_id: str, principal_id: str) -> str:
    """Return the id of our assignment, which follows from what it assigns.

    Args:
        lane: from `to_lane`; it has the scope in it.

    Azure keeps one assignment for each principal, role and scope, whatever its id:
    one of another id is not ours, or not this lane's.
    """
    parts = (mark, lane, role_id.lower(), principal_id.lower())
    return str(uuid5(_NAMESPACE, "\n".join(parts)))


def description_of(*, mark: str, lane: str, request_id: str) -> str:
    """Return what an assignment of ours says of itself."""
    return (
        f"{mark}: temporary access, first for {request_id}; {mark} removes it. "
        f"{_lane_mark(lane)}"
    )


def is_described(description: str, *, mark: str, lane: str) -> bool:
    """Tell whether an assignment says that it is ours, for requests of a lane."""
    return description.startswith(f"{mark}: ") and description.endswith(
        _lane_mark(lane)
    )


def _lane_mark(lane: str) -> str:
    return f"lane {sha256(lane.encode()).hexdigest()[:16]}"
