"""The audit log as JSON: the reference's fields, then what the hash needs."""

import json

from core.approvals import AuditPage
from core.domain.audit import AuditEvent, AuditFact, ChainReport, to_timestamp
from core.domain.request import parse_request_id
from core.errors import Invalid
from core.ports import AuditFilter
from core.vocabulary import AuditAction, Origin, Outcome, RequestId
from core.wire.fields import Fields
from core.wire.pages import DEFAULT_PAGE, Parameters
from core.wire.parsing import parse_json
from core.wire.requests import JsonObject


def to_event(event: AuditEvent) -> JsonObject:
    """Return one event.

    `record` is the canonical JSON that was hashed, so that a reader can check
    `hash`; `details` and `detailsJson` are the same twice, as an object and as
    the reference's text.
    """
    fact = event.fact
    return {
        "id": str(event.seq),
        "timestamp": to_timestamp(fact.occurred_at),
        "actorIdentity": fact.actor,
        "action": fact.action.value,
        "requestId": fact.request_id or "",
        "provider": _detail(fact, "provider"),
        "resourceScope": _detail(fact, "resource_scope"),
        "outcome": fact.outcome.value,
        "detailsJson": json.dumps(fact.details, sort_keys=True),
        "prevHash": event.prev_hash,
        "hash": event.hash,
        "origin": fact.origin.value,
        "details": fact.details,
        "record": event.record,
    }


def from_event(fields: Fields) -> AuditEvent:
    """Return the event that `to_event` wrote.

    Raises:
        Invalid: it did not write this.
    """
    request_id = fields.text_or_none("requestId")
    details = Fields.of(parse_json("record", fields.text("record"))).raw("details")
    if not isinstance(details, dict):
        raise Invalid(field="record", why="has no details")
    fact = AuditFact(
        occurred_at=fields.moment("timestamp"),
        actor=fields.text("actorIdentity"),
        action=fields.one_of("action", AuditAction),
        outcome=fields.one_of("outcome", Outcome),
        origin=fields.one_of("origin", Origin),
        request_id=None if request_id is None else parse_request_id(request_id),
        details=details,
    )
    return AuditEvent(
        seq=fields.integer("id"),
        fact=fact,
        prev_hash=fields.text("prevHash"),
        record=fields.text("record"),
        hash=fields.text("hash"),
    )


def to_audit_query(wanted: AuditFilter) -> Parameters:
    """Return the query string of a look at the log."""
    values = {
        "pageSize": str(wanted.limit),
        "actorIdentity": wanted.actor,
        "requestId": wanted.request_id,
        "action": wanted.action,
        "outcome": wanted.outcome,
        "provider": wanted.provider,
        "since": None if wanted.since is None else to_timestamp(wanted.since),
        "until": None if wanted.until is None else to_timestamp(wanted.until),
        "pageToken": None if wanted.before_seq is None else str(wanted.before_seq),
    }
    return [(name, value) for name, value in values.items() if value is not None]


def from_audit_query(fields: Fields) -> AuditFilter:
    """Return which events to list.

    Raises:
        Invalid: naming the parameter.
    """
    request_id = fields.text_or_none("requestId")
    return AuditFilter(
        actor=fields.text_or_none("actorIdentity"),
        request_id=None if request_id is None else _request_id(request_id),
        action=fields.one_of("action", AuditAction) if fields.has("action") else None,
        outcome=fields.one_of("outcome", Outcome) if fields.has("outcome") else None,
        provider=fields.text_or_none("provider"),
        since=fields.moment_or_none("since"),
        until=fields.moment_or_none("until"),
        before_seq=fields.integer("pageToken") if fields.has("pageToken") else None,
        limit=fields.integer("pageSize", default=DEFAULT_PAGE),
    )


def _request_id(text: str) -> RequestId:
    try:
        return parse_request_id(text)
    except Invalid as error:
        raise Invalid(field="requestId", why=error.why) from error


def to_audit_page(page: AuditPage) -> JsonObject:
    """Return a page of events."""
    token = "" if page.next_before is None else str(page.next_before)
    return {
        "events": [to_event(event) for event in page.events],
        "nextPageToken": token,
    }


def from_audit_page(fields: Fields) -> AuditPage:
    """Return the page that `to_audit_page` wrote.

    Raises:
        Invalid: it did not write this.
    """
    has_more = fields.text_or_none("nextPageToken") is not None
    return AuditPage(
        events=fields.objects("events", from_event),
        next_before=fields.integer("nextPageToken") if has_more else None,
    )


def to_checkpoint(checkpoint: tuple[int, str] | None) -> JsonObject:
    """Return the body of a verification."""
    if checkpoint is None:
        return {}
    return {"checkpoint": {"seq": str(checkpoint[0]), "hash": checkpoint[1]}}


def from_checkpoint(fields: Fields) -> tuple[int, str] | None:
    """Return the checkpoint of a verification, if it has one.

    Raises:
        Invalid: it lacks one of its two parts.
    """
    if not fields.has("checkpoint"):
        return None
    inner = fields.inner("checkpoint")
    return inner.integer("seq"), inner.text("hash")


def to_report(report: ChainReport) -> JsonObject:
    """Return that the chain fits."""
    return {
        "events": str(report.events),
        "headSeq": str(report.head_seq),
        "headHash": report.head_hash,
    }


def from_report(fields: Fields) -> ChainReport:
    """Return the report that `to_report` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return ChainReport(
        events=fields.integer("events"),
        head_seq=fields.integer("headSeq"),
        head_hash=fields.text("headHash"),
    )


def _detail(fact: AuditFact, name: str) -> str:
    value = fact.details.get(name)
    return value if isinstance(value, str) else ""
