"""Identities, policy's answers and jobs as JSON."""

from typing import Final

from core.approvals import Departure, Identity
from core.domain.audit import to_timestamp
from core.domain.job import Job
from core.domain.policy import PolicyAnswer
from core.domain.request import parse_request_id
from core.errors import Invalid
from core.vocabulary import JobKind, PolicyPackage, SignInMethod, Tier, TokenScope
from core.wire.fields import Fields
from core.wire.people import from_groups_from, to_groups_from
from core.wire.requests import JsonObject, to_moment

_PACKAGES: Final = {
    "": PolicyPackage.ELIGIBILITY,
    "UNSPECIFIED": PolicyPackage.ELIGIBILITY,
    "ELIGIBILITY": PolicyPackage.ELIGIBILITY,
    "APPROVAL": PolicyPackage.APPROVAL,
}
"""The reference's `POLICY_TYPE_…`; it takes the unspecified for eligibility."""


def to_identity(identity: Identity) -> JsonObject:
    """Return who somebody is to the server."""
    return {
        "identity": identity.email,
        "groups": list(identity.groups),
        "trustTier": identity.trust_tier,
        "scopes": sorted(identity.scopes),
        "expiresAt": to_moment(identity.expires_at),
        "method": identity.method,
        "tokenId": identity.token_id,
        "groupSources": [to_groups_from(answer) for answer in identity.sources],
    }


def from_identity(fields: Fields) -> Identity:
    """Return the identity that `to_identity` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return Identity(
        email=fields.text("identity"),
        groups=fields.texts("groups"),
        trust_tier=fields.integer("trustTier"),
        scopes=fields.members("scopes", TokenScope),
        expires_at=fields.moment_or_none("expiresAt"),
        method=fields.one_of("method", SignInMethod) if fields.has("method") else None,
        token_id=fields.text("tokenId", default=""),
        sources=fields.objects("groupSources", from_groups_from),
    )


def to_departure(departure: Departure) -> JsonObject:
    """Return who was shut out or let in, and what is being ended."""
    return {
        "identity": departure.email,
        "disabled": departure.is_disabled,
        "requests": list(departure.requests),
        "tokens": departure.tokens,
    }


def from_departure(fields: Fields) -> Departure:
    """Return what `to_departure` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return Departure(
        email=fields.text("identity"),
        is_disabled=fields.boolean("disabled"),
        requests=tuple(parse_request_id(text) for text in fields.texts("requests")),
        tokens=fields.integer("tokens", default=0),
    )


def to_package(package: PolicyPackage) -> str:
    """Return a policy package as the reference's policy type."""
    return f"POLICY_TYPE_{package.name}"


def from_package(fields: Fields) -> PolicyPackage:
    """Return the policy package that `type` names; eligibility without one.

    Raises:
        Invalid: it is none of the policy types.
    """
    text = fields.text("type", default="")
    package = _PACKAGES.get(text.removeprefix("POLICY_TYPE_").upper())
    if package is None:
        raise Invalid(
            field="type", why="is none of POLICY_TYPE_ELIGIBILITY, POLICY_TYPE_APPROVAL"
        )
    return package


def to_answer(answer: PolicyAnswer) -> JsonObject:
    """Return every rule of policy's answer, named as in Rego."""
    notify = answer.notify_groups
    return {
        "allow": answer.allow,
        "deny": list(answer.deny),
        "reason": answer.reason,
        "allow_break_glass": answer.allow_break_glass,
        "approver_tier": answer.tier.value,
        "required_approvals": answer.required_approvals,
        "approver_groups": list(answer.approver_groups),
        "notify_groups": None if notify is None else list(notify),
        "channel": answer.channel,
        "allow_self_approval": answer.allow_self_approval,
        "require_comment": answer.require_comment,
        "approval_note": answer.approval_note,
        "revision": answer.revision,
        "decision_id": answer.decision_id,
    }


def from_answer(fields: Fields) -> PolicyAnswer:
    """Return the answer that `to_answer` wrote.

    Raises:
        Invalid: it did not write this.
    """
    has_notify = fields.has("notify_groups")
    return PolicyAnswer(
        allow=fields.boolean("allow"),
        deny=fields.texts("deny"),
        reason=fields.text("reason"),
        allow_break_glass=fields.boolean("allow_break_glass"),
        tier=fields.one_of("approver_tier", Tier),
        required_approvals=fields.integer("required_approvals"),
        approver_groups=fields.texts("approver_groups"),
        notify_groups=fields.texts("notify_groups") if has_notify else None,
        channel=fields.text_or_none("channel"),
        allow_self_approval=fields.boolean("allow_self_approval"),
        require_comment=fields.boolean("require_comment"),
        approval_note=fields.text("approval_note", default=""),
        revision=fields.text("revision", default=""),
        decision_id=fields.text("decision_id", default=""),
    )


def to_job(job: Job) -> JsonObject:
    """Return waiting work; its lease stays with who works on it."""
    return {
        "id": str(job.id),
        "kind": job.kind.value,
        "lane": job.lane,
        "key": job.key,
        "dueAt": to_timestamp(job.due_at),
        "payload": dict(job.payload),
        "createdAt": to_timestamp(job.created_at),
        "attempts": job.attempts,
        "leasedUntil": to_moment(job.leased_until),
        "lastError": job.last_error,
    }


def from_job(fields: Fields) -> Job:
    """Return the job that `to_job` wrote, without its lease.

    Raises:
        Invalid: it did not write this.
    """
    return Job(
        id=fields.integer("id"),
        kind=fields.one_of("kind", JobKind),
        lane=fields.text("lane"),
        key=fields.text("key"),
        due_at=fields.moment("dueAt"),
        payload=fields.pairs("payload"),
        created_at=fields.moment("createdAt"),
        attempts=fields.integer("attempts"),
        leased_until=fields.moment_or_none("leasedUntil"),
        last_error=fields.text("lastError", default=""),
    )
