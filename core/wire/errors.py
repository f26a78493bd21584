"""Errors as JSON and HTTP statuses, and back into the same errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core import errors
from core.errors import JitsudoError
from core.wire.fields import Fields
from core.wire.requests import JsonObject


@dataclass(frozen=True, slots=True)
class Status:
    """How an error travels.

    Attributes:
        grpc: the number that the reference's clients read as `code`.

    Source: google.rpc.Code.
    """

    http: int
    grpc: int


INTERNAL: Final = Status(http=500, grpc=13)
"""Something nobody foresaw."""

INTERNAL_CODE: Final = "internal"

_STATUSES: Final[Mapping[type[JitsudoError], Status]] = {
    errors.Invalid: Status(http=400, grpc=3),
    errors.NotAuthenticated: Status(http=401, grpc=16),
    errors.NotAllowed: Status(http=403, grpc=7),
    errors.NotEligible: Status(http=403, grpc=7),
    errors.SelfApproval: Status(http=403, grpc=7),
    errors.NotFound: Status(http=404, grpc=5),
    errors.WrongState: Status(http=409, grpc=9),
    errors.Conflict: Status(http=409, grpc=10),
    errors.TooMany: Status(http=429, grpc=8),
    errors.AuditChainBroken: Status(http=409, grpc=15),
    errors.PolicyUnavailable: Status(http=503, grpc=14),
    errors.StoreUnavailable: Status(http=503, grpc=14),
    errors.StoreBusy: Status(http=503, grpc=14),
    errors.DirectoryUnavailable: Status(http=503, grpc=14),
    errors.IssuerUnavailable: Status(http=503, grpc=14),
    errors.ProviderFailed: Status(http=503, grpc=14),
    errors.SlackFailed: Status(http=503, grpc=14),
    errors.ServerUnavailable: Status(http=503, grpc=14),
    errors.DeadlineExceeded: Status(http=503, grpc=14),
    errors.OutcomeUnknown: Status(http=503, grpc=14),
    errors.ConfigurationError: Status(http=503, grpc=14),
}
"""Every error that may cross the wire; a test compares it with `core.errors`."""

_CLASSES: Final = {kind.code: kind for kind in _STATUSES}


_FIELDS: Final[Mapping[str, str]] = {
    "before": "pageToken",
    "break-glass": "breakGlass",
    "duration": "durationSeconds",
    "e-mail": "identity",
    "limit": "pageSize",
    "request id": "id",
    "scope": "resourceScope",
    "ttl": "ttlSeconds",
}
"""What core and the terminal call a field, and what a client of ours has sent."""

_FIELDS_HERE: Final = {sent: known for known, sent in _FIELDS.items()}


def status_of(error: JitsudoError) -> Status:
    """Return how an error travels; a front end's own kinds as their base does."""
    return next(
        (_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), INTERNAL
    )


def to_error(error: JitsudoError) -> JsonObject:
    """Return the body of an error; a field has the name that the client sent."""
    error = _renamed(error, _FIELDS)
    return {
        "code": status_of(error).grpc,
        "error": error.code,
        "message": str(error),
        "details": [error.facts()],
    }


def from_error(fields: Fields) -> JitsudoError | None:
    """Return the error that `to_error` wrote; None if it is none of ours.

    Raises:
        Invalid: it is no error's body at all.
    """
    fields.text("message")
    kind = _CLASSES.get(fields.text("error", default=""))
    details = fields.raw("details")
    if kind is None or not isinstance(details, list) or not details:
        return None
    facts = Fields({"facts": details[0]}).pairs("facts")
    try:
        return _renamed(kind.from_facts(facts), _FIELDS_HERE)
    except (TypeError, KeyError, ValueError):
        return None


def _renamed(error: JitsudoError, names: Mapping[str, str]) -> JitsudoError:
    if type(error) is errors.Invalid and error.field in names:
        return errors.Invalid(field=names[error.field], why=error.why)
    return error
