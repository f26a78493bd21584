"""What an ask becomes: a request with policy's routing, not stored yet."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ulid import ULID

from core.domain.job import NewJob
from core.domain.policy import PolicyAnswer
from core.domain.request import Ask, ElevationRequest, Routing, checked_ask
from core.errors import Invalid
from core.ports import CredentialProvider
from core.services.issue import issue_now
from core.services.remind import first_reminder
from core.services.telling import lane_of
from core.vocabulary import (
    GrantStatus,
    JobKind,
    RequestId,
    RequestState,
    Tier,
)

AUTO_APPROVER = "policy"
"""Who approved where policy itself did; no decision is inserted for it."""

BREAK_GLASS_APPROVER = "break-glass"
"""Who approved where somebody broke the glass; no decision either."""


def admitted(ask: Ask, providers: Mapping[str, CredentialProvider]) -> Ask:
    """Return an ask trimmed, if its provider is there and could grant it.

    Raises:
        Invalid: naming the field.
    """
    ask = checked_ask(ask)
    provider = providers.get(ask.provider)
    if provider is None:
        known = ", ".join(sorted(providers)) or "none is configured"
        raise Invalid(field="provider", why=f"{ask.provider!r} is not one of: {known}")
    provider.validate(ask)
    return ask


def draft_of(
    ask: Ask,
    *,
    requester: str,
    now: datetime,
    ttl: timedelta,
    lane: str | None,
    submission_key: str | None,
    extends: RequestId | None,
) -> ElevationRequest:
    """Return a request that policy has not seen.

    Args:
        ttl: how long it waits for a decision.
        lane: the provider's name for what its grant shares with others'.
    """
    return ElevationRequest(
        id=RequestId(f"req_{ULID.from_datetime(now)}"),
        requester=requester,
        ask=ask,
        routing=Routing(),
        state=RequestState.PENDING,
        grant_status=GrantStatus.NONE,
        version=1,
        created_at=now,
        updated_at=now,
        lapses_at=now + ttl,
        lane=None if lane is None else f"{ask.provider}:{lane}",
        submission_key=submission_key,
        extends=extends,
    )


def routed(
    draft: ElevationRequest, route: PolicyAnswer, *, now: datetime
) -> ElevationRequest:
    """Return the draft with policy's routing.

    It is approved already where the tier is `auto`, and where it breaks the
    glass; whether that is allowed was asked before.
    """
    may_be_auto = route.required_approvals == 1 and not route.deny
    tier = route.tier if route.tier is not Tier.AUTO or may_be_auto else Tier.HUMAN
    notify = route.notify_groups
    request = replace(
        draft,
        required_approvals=route.required_approvals,
        routing=Routing(
            tier=tier,
            required_approvals=route.required_approvals,
            approver_groups=route.approver_groups,
            notify_groups=route.approver_groups if notify is None else notify,
            channel=route.channel,
            require_comment=route.require_comment,
            approval_note=route.approval_note,
        ),
    )
    if draft.ask.break_glass:
        return _approved(request, by=BREAK_GLASS_APPROVER, now=now)
    if tier is Tier.AUTO:
        return _approved(request, by=AUTO_APPROVER, now=now)
    return request


def _approved(request: ElevationRequest, *, by: str, now: datetime) -> ElevationRequest:
    return replace(
        request,
        state=RequestState.APPROVED,
        grant_status=GrantStatus.ISSUING,
        decided_by=by,
        decided_at=now,
    )


def promises_of(request: ElevationRequest, *, remind_after: timedelta) -> list[NewJob]:
    """Return the jobs that a new request brings along.

    Args:
        remind_after: when an open review is reminded of.
    """
    if request.state is not RequestState.APPROVED:
        return [_lapse(request)]
    jobs = [issue_now(request)]
    if request.needs_review:
        jobs.append(first_reminder(request, after=remind_after))
    return jobs


def _lapse(request: ElevationRequest) -> NewJob:
    return NewJob(
        kind=JobKind.LAPSE,
        lane=lane_of(request),
        key=f"lapse:{request.id}",
        due_at=request.lapses_at,
        payload={"request_id": request.id},
    )
