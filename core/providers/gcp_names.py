"""How requests name projects, roles and people, and how Google does."""

import re
from typing import Final

from core.errors import Invalid

_PROJECT: Final = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
"""A project's id; those of long ago begin with a domain.

Source:
    https://cloud.google.com/resource-manager/docs/creating-managing-projects
"""

_PREDEFINED: Final = re.compile(r"roles/[A-Za-z0-9_.]+")
_OF_PROJECT: Final = re.compile(r"projects/([^/]+)/roles/[A-Za-z0-9_.]{3,64}")
_OF_ORGANIZATION: Final = re.compile(r"organizations/[0-9]+/roles/[A-Za-z0-9_.]{3,64}")

_EMAIL: Final = re.compile(r"[^\s@:?\"]+@[^\s@:?\"]+")

BASIC_ROLES: Final = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""Roles that take no condition, so that nothing would end them.

Source:
    https://cloud.google.com/iam/docs/conditions-overview
"""

POLICY_ROLES: Final = frozenset(
    {
        "roles/admin",
        "roles/iam.securityAdmin",
        "roles/resourcemanager.projectIamAdmin",
    }
)
"""Roles whose holder can change the policy itself, and so stay for good."""


def to_project(scope: str) -> str:
    """Return the project's id that a scope is.

    Raises:
        Invalid: it is no project id. A number is none either: policy judges a
            project by one name only.
    """
    if not _PROJECT.fullmatch(scope):
        raise Invalid(
            field="scope",
            why="expected a project id such as my-project-123: 6 to 30 small letters, "
            "digits and hyphens",
        )
    return scope


def to_role(role: str) -> str:
    """Return a role's full name; `roles/` goes before one without a slash.

    Raises:
        Invalid: it is spelled like no role.
    """
    full = role if "/" in role else f"roles/{role}"
    forms = (_PREDEFINED, _OF_PROJECT, _OF_ORGANIZATION)
    if not any(form.fullmatch(full) for form in forms):
        raise Invalid(
            field="role",
            why="expected a role such as storage.objectViewer, "
            "projects/my-project/roles/myRole or organizations/123/roles/myRole",
        )
    return full


def to_grantable_role(role: str, *, project: str) -> str:
    """Return the full name of a role that can end by itself in a project.

    Raises:
        Invalid: it takes no condition, is another project's, or no role's name.
    """
    full = to_role(role)
    if full.lower() in BASIC_ROLES:
        raise Invalid(
            field="role",
            why=f"{full} is a basic role, which Google gives without an end only; "
            "ask for a predefined or a custom role",
        )
    own = _OF_PROJECT.fullmatch(full)
    if own is not None and own[1] != project:
        raise Invalid(
            field="role", why=f"{full} exists in project {own[1]}, not in {project}"
        )
    return full


def to_member(email: str) -> str:
    """Return who a person or a service account is in a policy.

    Raises:
        Invalid: it is no e-mail address that a policy could hold.
    """
    if not _EMAIL.fullmatch(email):
        raise Invalid(field="requester", why="is no e-mail address that Google takes")
    is_service = email.lower().endswith(".gserviceaccount.com")
    return f"{'serviceAccount' if is_service else 'user'}:{email}"
