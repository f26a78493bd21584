"""Takes an ask: eligibility, routing, and for tier `auto` the approval itself."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from ulid import ULID

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.job import NewJob
from core.domain.policy import PolicyAnswer
from core.domain.principal import Actor, Principal
from core.domain.request import Ask, ElevationRequest, Routing, checked_ask
from core.errors import (
    Invalid,
    NotAllowed,
    NotEligible,
    OutcomeUnknown,
    RefusedError,
)
from core.ports import Clock, CredentialProvider, PolicyEngine, Store, UnitOfWork
from core.services.issue import issue_now
from core.services.people import People
from core.services.questions import question_about
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.telling import asked, fact_about, lane_of, show
from core.services.transactions import in_transaction
from core.vocabulary import (
    AuditAction,
    GrantStatus,
    JobKind,
    Origin,
    PolicyAction,
    RequestId,
    RequestState,
    Tier,
)

AUTO_APPROVER = "policy"
"""Who approved where policy itself did; no decision is inserted for it."""


class Submit:
    """Turns an ask into a request, if policy lets the requester ask."""

    def __init__(
        self,
        *,
        store: Store,
        policy: PolicyEngine,
        people: People,
        providers: Mapping[str, CredentialProvider],
        refusals: Refusals,
        clock: Clock,
        signal: Signal,
        request_ttl: timedelta,
    ) -> None:
        """Keep what a submission needs.

        Args:
            request_ttl: how long a request waits for a decision.
        """
        self._store = store
        self._policy = policy
        self._people = people
        self._providers = providers
        self._refusals = refusals
        self._clock = clock
        self._signal = signal
        self._request_ttl = request_ttl

    async def submit(
        self, actor: Actor, ask: Ask, deadline: Deadline | None
    ) -> RequestRecord:
        """Store a request of `actor`, already approved where policy does so.

        Raises:
            Invalid: naming the field.
            NotAllowed: the actor is disabled.
            NotEligible: with policy's reason.
            PolicyUnavailable: nothing was stored.
        """
        ask = self._checked(ask)
        requester = await self._people.principal(actor.email, deadline)
        if requester.is_disabled:
            banned = NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
            await self._refuse(actor, ask, banned, {}, deadline)
            raise banned
        draft = self._draft(actor, ask)
        ask_policy = partial(self._ask, draft, requester, actor.origin, deadline)
        eligibility = await ask_policy(PolicyAction.SUBMIT)
        if not eligibility.is_allowed:
            refusal = NotEligible(reason=eligibility.refusal)
            await self._refuse(actor, ask, refusal, eligibility.to_audit(), deadline)
            raise refusal
        route = await ask_policy(PolicyAction.ROUTE)
        request = _routed(draft, route, now=self._clock.now())

        async def work(uow: UnitOfWork) -> None:
            await self._store_new(uow, request, actor, eligibility, route)

        try:
            await in_transaction(self._store, work, deadline=deadline)
        except OutcomeUnknown as error:  # a second ask would be a second request
            raise OutcomeUnknown(look_with="jitsudo status --mine") from error
        self._signal.ring()
        return RequestRecord(request=request)

    def _checked(self, ask: Ask) -> Ask:
        ask = checked_ask(ask)
        if ask.break_glass:
            raise Invalid(
                field="break-glass", why="is not available yet; ask without it"
            )
        provider = self._providers.get(ask.provider)
        if provider is None:
            known = ", ".join(sorted(self._providers)) or "none is configured"
            raise Invalid(
                field="provider", why=f"{ask.provider!r} is not one of: {known}"
            )
        provider.validate(ask)
        return ask

    def _draft(self, actor: Actor, ask: Ask) -> ElevationRequest:
        now = self._clock.now()
        return ElevationRequest(
            id=RequestId(f"req_{ULID.from_datetime(now)}"),
            requester=actor.email,
            ask=ask,
            routing=Routing(),
            state=RequestState.PENDING,
            grant_status=GrantStatus.NONE,
            version=1,
            created_at=now,
            updated_at=now,
            lapses_at=now + self._request_ttl,
        )

    async def _ask(
        self,
        draft: ElevationRequest,
        requester: Principal,
        origin: Origin,
        deadline: Deadline | None,
        action: PolicyAction,
    ) -> PolicyAnswer:
        question = question_about(
            draft,
            action=action,
            user=requester,
            requester=requester,
            origin=origin,
            now=self._clock.now(),
        )
        return await self._policy.ask(question, deadline)

    async def _refuse(
        self,
        actor: Actor,
        ask: Ask,
        refusal: RefusedError,
        policy: Mapping[str, str],
        deadline: Deadline | None,
    ) -> None:
        await self._refusals.record(
            actor,
            request_id=None,
            verdict=None,
            code=refusal.code,
            why=str(refusal),
            details={**asked(ask), **policy},
            deadline=deadline,
        )

    async def _store_new(
        self,
        uow: UnitOfWork,
        request: ElevationRequest,
        actor: Actor,
        eligibility: PolicyAnswer,
        route: PolicyAnswer,
    ) -> None:
        now = request.created_at
        await uow.requests.add(request)
        is_approved = request.state is RequestState.APPROVED
        next_job = issue_now(request) if is_approved else _lapse(request)
        await show(uow, request, promised=[next_job])
        await uow.audit.append(
            fact_about(
                request,
                AuditAction.REQUEST_CREATED,
                actor=actor,
                now=now,
                details={
                    "tier": request.routing.tier.value,
                    "required": request.required_approvals,
                    **eligibility.to_audit(),
                },
            )
        )
        if request.state is RequestState.APPROVED:
            await uow.audit.append(
                fact_about(
                    request,
                    AuditAction.REQUEST_AUTO_APPROVED,
                    actor=Actor(email=AUTO_APPROVER, origin=Origin.POLICY),
                    now=now,
                    details=route.to_audit(),
                )
            )


def _routed(
    draft: ElevationRequest, route: PolicyAnswer, *, now: datetime
) -> ElevationRequest:
    """Return the draft with policy's routing, approved where the tier is `auto`."""
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
    if tier is not Tier.AUTO:
        return request
    return replace(
        request,
        state=RequestState.APPROVED,
        grant_status=GrantStatus.ISSUING,
        decided_by=AUTO_APPROVER,
        decided_at=now,
    )


def _lapse(request: ElevationRequest) -> NewJob:
    return NewJob(
        kind=JobKind.LAPSE,
        lane=lane_of(request),
        key=f"lapse:{request.id}",
        due_at=request.lapses_at,
        payload={"request_id": request.id},
    )
