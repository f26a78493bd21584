"""The wire's shapes as JSON Schema, for the OpenAPI document.

They say what `core.wire` writes; a test holds each to real answers. An answer has
every field of its shape, and a client has to expect new ones.

Source: OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Origin,
    Outcome,
    RequestState,
    SignInMethod,
    Tier,
    TokenScope,
    Verdict,
)
from core.wire.requests import STATE_PREFIX

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
NUMBER: Final[Schema] = {"type": "integer"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
MOMENT_OR_NULL: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
TEXT_OR_NULL: Final[Schema] = {"type": ["string", "null"]}
DIGITS: Final[Schema] = {"type": "string", "pattern": "^-?[0-9]+$"}
"""A 64-bit integer, as protobuf's JSON spells it."""

PAIRS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}
DIGITS_IN: Final[Schema] = {"type": ["integer", "string"], "pattern": "^[0-9]{1,19}$"}
"""What an integer may be sent as."""


def list_of(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """Return a reference to a shape of `SHAPES`."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(fields: Mapping[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    """Return the schema of an object; what is not optional is always there."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": sorted(set(fields) - set(optional)),
    }


def body(fields: Mapping[str, Schema], *required: str) -> Schema:
    """Return the schema of a body; snake_case is read as well."""
    schema: Schema = {"type": "object", "properties": dict(fields)}
    return {**schema, "required": list(required)} if required else schema


def one_of(kind: type[StrEnum], *, prefix: str = "") -> Schema:
    """Return the schema of an enum's members."""
    return {"type": "string", "enum": [prefix + member.value for member in kind]}


STATE: Final = one_of(RequestState, prefix=STATE_PREFIX)
SCOPES: Final = list_of(one_of(TokenScope))

ASK_FIELDS: Final[Mapping[str, Schema]] = {
    "provider": TEXT,
    "role": TEXT,
    "resourceScope": TEXT,
    "durationSeconds": DIGITS,
    "reason": TEXT,
    "breakGlass": FLAG,
    "metadata": PAIRS,
}

_DECISION: Final = shape(
    {
        "approver": TEXT,
        "verdict": one_of(Verdict),
        "text": TEXT,
        "origin": one_of(Origin),
        "selfAllowed": FLAG,
        "at": MOMENT,
    }
)

_APPROVAL: Final = shape(
    {"approver": TEXT, "comment": TEXT, "origin": one_of(Origin), "at": MOMENT}
)

_ROUTING: Final = shape(
    {
        "tier": one_of(Tier),
        "requiredApprovals": NUMBER,
        "approverGroups": list_of(TEXT),
        "notifyGroups": list_of(TEXT),
        "channel": TEXT_OR_NULL,
        "requireComment": FLAG,
        "approvalNote": TEXT,
    }
)

_REQUEST: Final = shape(
    {
        "id": TEXT,
        "state": STATE,
        "requesterIdentity": TEXT,
        **ASK_FIELDS,
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
        "approverIdentity": TEXT,
        "approverComment": TEXT,
        "expiresAt": MOMENT_OR_NULL,
        "approverTier": one_of(Tier),
        "aiReasoningJson": TEXT,
        "requiredApprovals": NUMBER,
        "countedApprovals": NUMBER,
        "approvals": list_of(_APPROVAL),
        "denialReason": TEXT,
        "decidedAt": MOMENT_OR_NULL,
        "grantStatus": one_of(GrantStatus),
        "issuedAt": MOMENT_OR_NULL,
        "grantError": TEXT,
        "nextTryAt": MOMENT_OR_NULL,
        "endedBy": TEXT,
        "endedAt": MOMENT_OR_NULL,
        "endReason": TEXT,
        "lapsesAt": MOMENT,
        "extends": TEXT,
        "needsReview": FLAG,
        "reviewedBy": TEXT,
        "reviewedAt": MOMENT_OR_NULL,
        "reviewNote": TEXT,
        "version": NUMBER,
        "routing": _ROUTING,
        "decisions": list_of(ref("Decision")),
        "notes": list_of(TEXT),
    }
)

_GRANT: Final = shape(
    {
        "requestId": TEXT,
        "credentials": list_of(shape({"name": TEXT, "value": TEXT})),
        "files": list_of(shape({"name": TEXT, "content": TEXT})),
        "issuedAt": MOMENT,
        "expiresAt": MOMENT,
    }
)

_EVENT: Final = shape(
    {
        "id": DIGITS,
        "timestamp": MOMENT,
        "actorIdentity": TEXT,
        "action": one_of(AuditAction),
        "requestId": TEXT,
        "provider": TEXT,
        "resourceScope": TEXT,
        "outcome": one_of(Outcome),
        "detailsJson": TEXT,
        "prevHash": TEXT,
        "hash": TEXT,
        "origin": one_of(Origin),
        "details": {"type": "object"},
        "record": TEXT,
    }
)

_TOKEN: Final = shape(
    {
        "id": TEXT,
        "identity": TEXT,
        "scopes": SCOPES,
        "createdAt": MOMENT,
        "createdBy": TEXT,
        "expiresAt": MOMENT,
        "revokedAt": MOMENT_OR_NULL,
        "lastUsedAt": MOMENT_OR_NULL,
    }
)

_JOB: Final = shape(
    {
        "id": DIGITS,
        "kind": one_of(JobKind),
        "lane": TEXT,
        "key": TEXT,
        "dueAt": MOMENT,
        "payload": PAIRS,
        "createdAt": MOMENT,
        "attempts": NUMBER,
        "leasedUntil": MOMENT_OR_NULL,
        "lastError": TEXT,
    }
)

SHAPES: Final[Mapping[str, Schema]] = {
    "Request": _REQUEST,
    "Decision": _DECISION,
    "Grant": _GRANT,
    "AuditEvent": _EVENT,
    "Token": _TOKEN,
    "Job": _JOB,
    "Identity": shape(
        {
            "identity": TEXT,
            "groups": list_of(TEXT),
            "trustTier": NUMBER,
            "scopes": SCOPES,
            "expiresAt": MOMENT_OR_NULL,
            "method": {"enum": [*(method.value for method in SignInMethod), None]},
            "tokenId": TEXT,
            "groupSources": list_of(ref("GroupsFrom")),
        }
    ),
    "Departure": shape(
        {
            "identity": TEXT,
            "disabled": FLAG,
            "requests": list_of(TEXT),
            "tokens": NUMBER,
        }
    ),
    "Error": shape(
        {
            "code": NUMBER,
            "error": TEXT,
            "message": TEXT,
            "details": list_of(PAIRS),
            "requestId": TEXT,
        }
    ),
}
"""Every named shape of an answer; of people, see `bot.api.people_schemas`."""

ASK_BODY: Final = body(
    {**ASK_FIELDS, "durationSeconds": DIGITS_IN},
    "provider",
    "role",
    "resourceScope",
    "durationSeconds",
)
