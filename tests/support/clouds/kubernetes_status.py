"""How a Kubernetes API server says no.

Source: Kubernetes API conventions, response status kind.
"""

from http import HTTPStatus
from typing import Final

Json = dict[str, object]

_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, *, reason: str | None = None) -> None:
        """Keep what the answer says."""
        self.status = status
        self.reason = reason or _REASONS[status]
        super().__init__(message)

    def body(self) -> Json:
        """Return the Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": self.status,
        }


def not_found(resource: str, name: str) -> Refusal:
    """Return what is said of something that is not there."""
    return Refusal(HTTPStatus.NOT_FOUND, f'{resource} "{name}" not found')


def forbidden(user: str, verb: str, resource: str, namespace: str | None) -> Refusal:
    """Return what is said to somebody whom no role allows it."""
    plural, _, group = resource.partition(".")
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    return Refusal(
        HTTPStatus.FORBIDDEN,
        f'{resource} is forbidden: User "{user}" cannot {verb} resource "{plural}" '
        f'in API group "{group}" {where}',
    )


def escalation(resource: str, name: str, user: str) -> Refusal:
    """Return what is said to who binds a role that they may not."""
    return Refusal(
        HTTPStatus.FORBIDDEN,
        f'{resource} "{name}" is forbidden: user "{user}" (groups=["system:'
        'serviceaccounts" "system:serviceaccounts:jitsudo" "system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
    )


def terminating(resource: str, name: str, namespace: str) -> Refusal:
    """Return what is said to who writes into a namespace that is leaving."""
    return Refusal(
        HTTPStatus.FORBIDDEN,
        f'{resource} "{name}" is forbidden: unable to create new content in '
        f"namespace {namespace} because it is being terminated",
    )


def already_exists(resource: str, name: str) -> Refusal:
    """Return what is said to who creates what is there."""
    return Refusal(
        HTTPStatus.CONFLICT,
        f'{resource} "{name}" already exists',
        reason="AlreadyExists",
    )


def precondition_failed(resource: str, name: str, what: str) -> Refusal:
    """Return what is said to who deletes something else than was read."""
    return Refusal(
        HTTPStatus.CONFLICT,
        f'Operation cannot be fulfilled on {resource} "{name}": the {what} in the '
        f"precondition does not match the {what} in record",
        reason="Conflict",
    )


def invalid(kind: str, name: str, why: str) -> Refusal:
    """Return what is said of an object that cannot be."""
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY, f'{kind} "{name}" is invalid: {why}'
    )
