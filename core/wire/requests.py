"""Requests as JSON: the reference's fields, then ours.

Source: the reference's OpenAPI `v1alpha1`: 64-bit integers are strings, enums
have their full names, what is unset is there as null, "" or 0.
"""

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from core.domain.audit import to_timestamp
from core.domain.decision import Decision, RequestRecord
from core.domain.grant import Credentials, Secrets
from core.domain.request import Ask, ElevationRequest, Routing, parse_request_id
from core.errors import Invalid
from core.vocabulary import (
    GrantStatus,
    Origin,
    RequestState,
    Tier,
    Verdict,
)
from core.wire.fields import Fields

JsonObject: TypeAlias = dict[str, object]
STATE_PREFIX: Final = "REQUEST_STATE_"

SUBMISSION_HEADER: Final = "Idempotency-Key"
"""The same for what is to be submitted once.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

KEY_LIMIT: Final = 200


def to_request(record: RequestRecord) -> JsonObject:
    """Return a request with its decisions."""
    request = record.request
    denied = request.state is RequestState.REJECTED
    return {
        "id": request.id,
        "state": STATE_PREFIX + request.state.value,
        "requesterIdentity": request.requester,
        **to_ask(request.ask),
        "createdAt": to_timestamp(request.created_at),
        "updatedAt": to_timestamp(request.updated_at),
        "approverIdentity": request.decided_by or "",
        "approverComment": request.decision_text,
        "expiresAt": to_moment(request.expires_at),
        "approverTier": request.routing.tier.value,
        "aiReasoningJson": "",
        "requiredApprovals": request.required_approvals,
        "countedApprovals": request.counted_approvals,
        "approvals": [_to_approval(decision) for decision in record.approvals],
        "denialReason": request.decision_text if denied else "",
        "decidedAt": to_moment(request.decided_at),
        "grantStatus": request.grant_status.value,
        "issuedAt": to_moment(request.issued_at),
        "grantError": request.grant_error,
        "nextTryAt": to_moment(request.next_try_at),
        "endedBy": request.ended_by or "",
        "endedAt": to_moment(request.ended_at),
        "endReason": request.end_reason,
        "lapsesAt": to_timestamp(request.lapses_at),
        "extends": request.extends or "",
        "needsReview": request.needs_review,
        "reviewedBy": request.reviewed_by or "",
        "reviewedAt": to_moment(request.reviewed_at),
        "reviewNote": request.review_note,
        "version": request.version,
        "routing": _to_routing(request.routing),
        "decisions": [to_decision(decision) for decision in record.decisions],
        "notes": list(record.notes),
    }


def from_request(fields: Fields) -> RequestRecord:
    """Return the record that `to_request` wrote.

    Raises:
        Invalid: it did not write this.
    """
    extends = fields.text_or_none("extends")
    request = ElevationRequest(
        id=parse_request_id(fields.text("id")),
        requester=fields.text("requesterIdentity"),
        ask=from_ask(fields),
        routing=_from_routing(fields.inner("routing")),
        state=fields.one_of("state", RequestState, prefix=STATE_PREFIX),
        grant_status=fields.one_of("grantStatus", GrantStatus),
        version=fields.integer("version"),
        created_at=fields.moment("createdAt"),
        updated_at=fields.moment("updatedAt"),
        lapses_at=fields.moment("lapsesAt"),
        required_approvals=fields.integer("requiredApprovals"),
        counted_approvals=fields.integer("countedApprovals"),
        decided_by=fields.text_or_none("approverIdentity"),
        decided_at=fields.moment_or_none("decidedAt"),
        decision_text=fields.text("approverComment", default=""),
        ended_by=fields.text_or_none("endedBy"),
        ended_at=fields.moment_or_none("endedAt"),
        end_reason=fields.text("endReason", default=""),
        issued_at=fields.moment_or_none("issuedAt"),
        expires_at=fields.moment_or_none("expiresAt"),
        grant_error=fields.text("grantError", default=""),
        next_try_at=fields.moment_or_none("nextTryAt"),
        extends=None if extends is None else parse_request_id(extends),
        reviewed_by=fields.text_or_none("reviewedBy"),
        reviewed_at=fields.moment_or_none("reviewedAt"),
        review_note=fields.text("reviewNote", default=""),
    )
    return RequestRecord(
        request=request,
        decisions=fields.objects(
            "decisions", lambda inner: _from_decision(inner, request)
        ),
        notes=fields.texts("notes"),
    )


def to_ask(ask: Ask) -> JsonObject:
    """Return what is asked for, as the body of a submission has it."""
    return {
        "provider": ask.provider,
        "role": ask.role,
        "resourceScope": ask.resource_scope,
        "durationSeconds": str(int(ask.duration.total_seconds())),
        "reason": ask.reason,
        "breakGlass": ask.break_glass,
        "metadata": dict(ask.metadata),
    }


def from_ask(fields: Fields) -> Ask:
    """Return what is asked for; core checks whether it can be.

    Raises:
        Invalid: a field is missing or of the wrong type.
    """
    return Ask(
        provider=fields.text("provider"),
        role=fields.text("role"),
        resource_scope=fields.text("resourceScope"),
        duration=from_duration(fields),
        reason=fields.text("reason", default=""),
        break_glass=fields.boolean("breakGlass"),
        metadata=fields.pairs("metadata"),
    )


def from_duration(fields: Fields) -> timedelta:
    """Return `durationSeconds`; core checks whether it can be.

    Raises:
        Invalid: it is missing, no number, or more than any time.
    """
    seconds = fields.integer("durationSeconds")
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise Invalid(
            field="durationSeconds", why="is longer than anybody lives"
        ) from error


def to_decision(decision: Decision) -> JsonObject:
    """Return one person's verdict."""
    return {
        "approver": decision.approver,
        "verdict": decision.verdict.value,
        "text": decision.text,
        "origin": decision.origin.value,
        "selfAllowed": decision.self_allowed,
        "at": to_timestamp(decision.decided_at),
    }


def _from_decision(fields: Fields, request: ElevationRequest) -> Decision:
    return Decision(
        request_id=request.id,
        requester=request.requester,
        approver=fields.text("approver"),
        verdict=fields.one_of("verdict", Verdict),
        text=fields.text("text", default=""),
        origin=fields.one_of("origin", Origin),
        self_allowed=fields.boolean("selfAllowed"),
        decided_at=fields.moment("at"),
    )


def _to_approval(decision: Decision) -> JsonObject:
    return {
        "approver": decision.approver,
        "comment": decision.text,
        "origin": decision.origin.value,
        "at": to_timestamp(decision.decided_at),
    }


def _to_routing(routing: Routing) -> JsonObject:
    return {
        "tier": routing.tier.value,
        "requiredApprovals": routing.required_approvals,
        "approverGroups": list(routing.approver_groups),
        "notifyGroups": list(routing.notify_groups),
        "channel": routing.channel,
        "requireComment": routing.require_comment,
        "approvalNote": routing.approval_note,
    }


def _from_routing(fields: Fields) -> Routing:
    return Routing(
        tier=fields.one_of("tier", Tier),
        required_approvals=fields.integer("requiredApprovals"),
        approver_groups=fields.texts("approverGroups"),
        notify_groups=fields.texts("notifyGroups"),
        channel=fields.text_or_none("channel"),
        require_comment=fields.boolean("requireComment"),
        approval_note=fields.text("approvalNote", default=""),
    )


def to_credentials(credentials: Credentials) -> JsonObject:
    """Return opened credentials; the one shape that holds a secret but a token's."""
    return {
        "requestId": credentials.request_id,
        "credentials": [
            {"name": name, "value": value}
            for name, value in credentials.secrets.variables.items()
        ],
        "files": [
            {"name": name, "content": content}
            for name, content in credentials.secrets.files.items()
        ],
        "issuedAt": to_timestamp(credentials.issued_at),
        "expiresAt": to_timestamp(credentials.expires_at),
    }


def from_credentials(fields: Fields) -> Credentials:
    """Return the credentials that `to_credentials` wrote.

    Raises:
        Invalid: it did not write this.
    """
    variables = dict(
        fields.objects(
            "credentials", lambda each: (each.text("name"), each.text("value"))
        )
    )
    files = dict(
        fields.objects("files", lambda each: (each.text("name"), each.text("content")))
    )
    return Credentials(
        request_id=parse_request_id(fields.text("requestId")),
        secrets=Secrets(variables=variables, files=files),
        issued_at=fields.moment("issuedAt"),
        expires_at=fields.moment("expiresAt"),
    )


def to_moment(moment: datetime | None) -> str | None:
    """Return a time, or null."""
    return None if moment is None else to_timestamp(moment)
