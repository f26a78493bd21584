"""Builds policy questions from a request and the people around it."""

from datetime import datetime

from core.domain.policy import PolicyPerson, PolicyQuestion
from core.domain.principal import Principal
from core.domain.request import ElevationRequest
from core.vocabulary import Origin, PolicyAction


def question_about(
    request: ElevationRequest,
    *,
    action: PolicyAction,
    user: Principal,
    requester: Principal,
    approvals: tuple[Principal, ...] = (),
    origin: Origin,
    now: datetime,
) -> PolicyQuestion:
    """Return what to ask about `request`.

    Args:
        user: the acting person; at `submit` and `route`, the requester.
        approvals: whose approvals count so far, oldest first.
        origin: the transport of the act that made us ask.
    """
    ask = request.ask
    return PolicyQuestion(
        action=action,
        user=to_person(user),
        requester=to_person(requester),
        request_id=request.id,
        provider=ask.provider,
        role=ask.role,
        resource_scope=ask.resource_scope,
        duration_seconds=int(ask.duration.total_seconds()),
        reason=ask.reason,
        break_glass=ask.break_glass,
        metadata=ask.metadata,
        approvals=tuple(to_person(principal) for principal in approvals),
        required_approvals=request.required_approvals,
        trust_tier=user.trust_tier,
        origin=origin,
        time=now,
        extends=request.extends,
    )


def to_person(principal: Principal) -> PolicyPerson:
    """Return a principal as policy sees one."""
    return PolicyPerson(email=principal.email, groups=tuple(sorted(principal.groups)))
