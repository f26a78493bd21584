"""Findings about approvers, and previews of requests, as JSON."""

from core.domain.approvers import ApproverReport, Candidate, Finding, Preview
from core.vocabulary import Tier
from core.wire.fields import Fields
from core.wire.requests import JsonObject


def to_report(report: ApproverReport) -> JsonObject:
    """Return what a look at everybody's approvers found."""
    return {
        "checked": report.checked,
        "findings": [_to_finding(finding) for finding in report.findings],
        "notes": list(report.notes),
        "whole": report.is_whole,
    }


def from_report(fields: Fields) -> ApproverReport:
    """Return what `to_report` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return ApproverReport(
        checked=fields.integer("checked"),
        findings=fields.objects("findings", _from_finding),
        notes=fields.texts("notes"),
        is_whole=fields.boolean("whole", default=True),
    )


def to_preview(preview: Preview) -> JsonObject:
    """Return what would happen if somebody asked for something."""
    return {
        "requesterIdentity": preview.requester,
        "refusal": preview.refusal,
        "approverTier": preview.tier.value,
        "requiredApprovals": preview.required_approvals,
        "approverGroups": list(preview.approver_groups),
        "notifyGroups": list(preview.notify_groups),
        "channel": preview.channel,
        "approvalNote": preview.approval_note,
        "notified": list(preview.notified),
        "candidates": [_to_candidate(one) for one in preview.candidates],
        "findings": [_to_finding(finding) for finding in preview.findings],
        "notes": list(preview.notes),
    }


def from_preview(fields: Fields) -> Preview:
    """Return what `to_preview` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return Preview(
        requester=fields.text("requesterIdentity"),
        refusal=fields.text_or_none("refusal"),
        tier=fields.one_of("approverTier", Tier),
        required_approvals=fields.integer("requiredApprovals"),
        approver_groups=fields.texts("approverGroups"),
        notify_groups=fields.texts("notifyGroups"),
        channel=fields.text_or_none("channel"),
        approval_note=fields.text("approvalNote", default=""),
        notified=fields.texts("notified"),
        candidates=fields.objects("candidates", _from_candidate),
        findings=fields.objects("findings", _from_finding),
        notes=fields.texts("notes"),
    )


def _to_finding(finding: Finding) -> JsonObject:
    return {
        "code": finding.code,
        "problem": finding.problem,
        "todo": finding.todo,
        "asks": list(finding.asks),
    }


def _from_finding(fields: Fields) -> Finding:
    return Finding(
        code=fields.text("code"),
        problem=fields.text("problem"),
        todo=fields.text("todo"),
        asks=fields.texts("asks"),
    )


def _to_candidate(candidate: Candidate) -> JsonObject:
    return {
        "identity": candidate.email,
        "groups": list(candidate.groups),
        "whyNot": candidate.why_not,
    }


def _from_candidate(fields: Fields) -> Candidate:
    return Candidate(
        email=fields.text("identity"),
        groups=fields.texts("groups"),
        why_not=fields.text_or_none("whyNot"),
    )
