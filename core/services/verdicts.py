"""What a verdict that policy allowed does to its request."""

from dataclasses import replace

from core.domain.audit import Json
from core.domain.decision import Decision, has_quorum
from core.domain.lifecycle import next_state, wrong_state
from core.domain.request import ElevationRequest
from core.errors import WrongState
from core.services.judging import Case, Judgement
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    RequestEvent,
    RequestState,
    Verdict,
)

_EVENTS = {Verdict.APPROVE: RequestEvent.APPROVE, Verdict.DENY: RequestEvent.DENY}


def after(
    request: ElevationRequest, decision: Decision, judgement: Judgement
) -> ElevationRequest:
    """Return `request` after `decision`, one version on."""
    changed = replace(
        request, version=request.version + 1, updated_at=decision.decided_at
    )
    if decision.verdict is Verdict.DENY:
        rejected = next_state(request, RequestEvent.DENY)
        return _resolved(replace(changed, state=rejected), decision)
    counted = len(judgement.counted) + 1
    required = max(
        request.routing.required_approvals, judgement.answer.required_approvals
    )
    changed = replace(changed, counted_approvals=counted, required_approvals=required)
    if not has_quorum(
        counted=counted,
        required_then=request.routing.required_approvals,
        required_now=required,
    ):
        return changed
    approved = next_state(request, RequestEvent.APPROVE)
    changed = replace(changed, state=approved, grant_status=GrantStatus.ISSUING)
    return _resolved(changed, decision)


def counts_the_same(request: ElevationRequest, decided: ElevationRequest) -> bool:
    """Tell whether a verdict leaves the request as far from approval as it was."""
    return (decided.state, decided.counted_approvals, decided.required_approvals) == (
        request.state,
        request.counted_approvals,
        request.required_approvals,
    )


def _resolved(request: ElevationRequest, decision: Decision) -> ElevationRequest:
    """Return `request` with the decision that settled it."""
    return replace(
        request,
        decided_by=decision.approver,
        decided_at=decision.decided_at,
        decision_text=decision.text,
    )


def action_of(decided: ElevationRequest, verdict: Verdict) -> AuditAction:
    """Return what the audit log calls a verdict that left `decided` behind."""
    if verdict is Verdict.DENY:
        return AuditAction.REQUEST_DENIED
    if decided.state is RequestState.APPROVED:
        return AuditAction.REQUEST_APPROVED
    return AuditAction.REQUEST_APPROVAL_RECORDED


def said_in(
    decision: Decision, decided: ElevationRequest, judgement: Judgement
) -> dict[str, Json]:
    """Return what the audit event keeps of the verdict itself."""
    policy = judgement.answer.to_audit()
    if decision.verdict is Verdict.DENY:
        return {"denial_reason": decision.text, **policy}
    return {
        "comment": decision.text,
        "counted": decided.counted_approvals,
        "required": decided.required_approvals,
        "approvers": [
            *(principal.email for principal in judgement.counted),
            decision.approver,
        ],
        "not_counted": list(judgement.notes),
        **policy,
    }


def refused(case: Case, judgement: Judgement) -> dict[str, Json]:
    """Return what the audit event keeps of a verdict that was refused."""
    name = "denial_reason" if case.verdict is Verdict.DENY else "comment"
    return {name: case.text, **judgement.answer.to_audit()}


def closed(
    request: ElevationRequest, verdict: Verdict, *, has_lapsed: bool
) -> WrongState | None:
    """Return why nobody can decide `request` any more; None while it is open."""
    if request.state is not RequestState.PENDING:
        return wrong_state(request, _EVENTS[verdict])
    return lapsed(request) if has_lapsed else None


def lapsed(request: ElevationRequest) -> WrongState:
    """Return that nobody decided in time, whether or not a job has said so."""
    return WrongState(
        request_id=request.id,
        expected=RequestState.PENDING.value,
        actual=RequestState.EXPIRED.value,
        by="system",
        at=request.lapses_at,
    )
