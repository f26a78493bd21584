"""Takes an ask: eligibility, routing, and for tier `auto` the approval itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.policy import PolicyAnswer
from core.domain.principal import Actor, Principal
from core.domain.request import Ask, ElevationRequest
from core.errors import (
    NotAllowed,
    NotEligible,
    OutcomeUnknown,
    RefusedError,
    TooMany,
)
from core.ports import Clock, CredentialProvider, PolicyEngine, Store, UnitOfWork
from core.services.drafting import (
    AUTO_APPROVER,
    BREAK_GLASS_APPROVER,
    admitted,
    draft_of,
    promises_of,
    routed,
)
from core.services.extendable import check_extendable
from core.services.limits import Limits, act_of
from core.services.people import People
from core.services.questions import question_about
from core.services.reading import read_record
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.submissions import find_same, same_as, stored_key
from core.services.telling import asked, fact_about, show
from core.services.transactions import in_transaction
from core.vocabulary import (
    AuditAction,
    Origin,
    PolicyAction,
    RequestId,
    RequestState,
)

_APPROVED_BY: Mapping[str, AuditAction] = {
    AUTO_APPROVER: AuditAction.REQUEST_AUTO_APPROVED,
    BREAK_GLASS_APPROVER: AuditAction.REQUEST_BREAK_GLASS,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """An ask, and how it came.

    Attributes:
        key: the same for what is the same ask sent twice; empty if nobody says.
        extends: the request whose grant this one's is to take the place of.
    """

    ask: Ask
    key: str = ""
    extends: RequestId | None = None


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
        limits: Limits,
        clock: Clock,
        signal: Signal,
        request_ttl: timedelta,
        remind_after: timedelta,
    ) -> None:
        """Keep what a submission needs.

        Args:
            request_ttl: how long a request waits for a decision.
            remind_after: when an open review is reminded of.
        """
        self._store = store
        self._policy = policy
        self._people = people
        self._providers = providers
        self._refusals = refusals
        self._limits = limits
        self._clock = clock
        self._signal = signal
        self._request_ttl = request_ttl
        self._remind_after = remind_after

    async def submit(
        self, actor: Actor, submission: Submission, deadline: Deadline | None
    ) -> RequestRecord:
        """Store a request of `actor`, already approved where policy does so.

        Raises:
            Invalid: naming the field.
            NotAllowed: the actor is disabled.
            NotEligible: with policy's reason.
            Conflict: something else was asked for under the same key.
            TooMany: within a minute, or waiting at once.
            PolicyUnavailable: nothing was stored.
        """
        ask = admitted(submission.ask, self._providers)
        act = act_of(ask)
        try:
            self._limits.check(act, actor.email)
        except TooMany:
            # Whose answer was lost asks for it again; that is nothing new.
            await self._people.check_enabled(actor.email, deadline)
            key, extends = stored_key(actor, submission.key), submission.extends
            known = await find_same(self._store, key, ask, extends, deadline)
            if known is None:
                raise
            return known
        async with self._limits.counting_refusals(act, actor, deadline=deadline):
            return await self._submit(actor, ask, submission, deadline)

    async def _submit(
        self, actor: Actor, ask: Ask, submission: Submission, deadline: Deadline | None
    ) -> RequestRecord:
        requester = await self._people.principal(actor.email, deadline)
        if requester.is_disabled:
            banned = _banned(actor)
            await self._refuse(actor, ask, banned, {}, deadline)
            raise banned
        draft = self._draft(actor, ask, submission)
        ask_policy = partial(self._ask, draft, requester, actor.origin, deadline)
        eligibility = await ask_policy(PolicyAction.SUBMIT)
        refusal = _refusal(ask, requester, eligibility)
        if refusal is not None:
            await self._refuse(actor, ask, refusal, eligibility.to_audit(), deadline)
            raise refusal
        route = await ask_policy(PolicyAction.ROUTE)
        request = routed(draft, route, now=self._clock.now())

        async def work(uow: UnitOfWork) -> ElevationRequest:
            return await self._store_once(uow, request, actor, eligibility, route)

        try:
            stored = await in_transaction(self._store, work, deadline=deadline)
        except NotAllowed as banned:
            await self._refuse(actor, ask, banned, {}, deadline)
            raise
        except OutcomeUnknown as error:  # a second ask would be a second request
            raise OutcomeUnknown(look_with="jitsudo status --mine") from error
        self._signal.ring()
        if stored.id != request.id:  # it was sent before, and may be decided by now
            return await read_record(self._store, stored.id, deadline)
        return RequestRecord(request=stored)

    def _draft(
        self, actor: Actor, ask: Ask, submission: Submission
    ) -> ElevationRequest:
        draft = draft_of(
            ask,
            requester=actor.email,
            now=self._clock.now(),
            ttl=self._request_ttl,
            lane=self._providers[ask.provider].lane(actor.email, ask),
            submission_key=stored_key(actor, submission.key),
            extends=submission.extends,
        )
        return replace(draft, vouched_by=actor.vouched_by)

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

    async def _store_once(
        self,
        uow: UnitOfWork,
        request: ElevationRequest,
        actor: Actor,
        eligibility: PolicyAnswer,
        route: PolicyAnswer,
    ) -> ElevationRequest:
        """Store the request, or return the one that its key stands for already.

        Raises:
            NotAllowed: the requester was disabled meanwhile.
            Conflict: another ask has the key.
            Invalid: another request asks for more of the same grant.
            WrongState: the grant to be extended has begun to end meanwhile.
            TooMany: within a minute, or waiting at once.
        """
        # Held until the end: nobody is disabled between this look and the commit.
        if (await uow.principals.hold(request.requester)).is_disabled:
            raise _banned(actor)
        if request.submission_key is not None:
            known = await uow.requests.by_submission(request.submission_key)
            if known is not None:
                return same_as(known, request.ask, request.extends)
        await self._limits.count(uow, act_of(request.ask), request.requester)
        if request.state is RequestState.PENDING:
            await self._limits.check_pending(uow, request.requester)
        if request.extends is not None:
            await check_extendable(uow, request.extends, self._clock.now())
        await self._store_new(uow, request, actor, eligibility, route)
        return request

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
        promised = promises_of(request, remind_after=self._remind_after)
        await show(uow, request, promised=promised)
        await uow.audit.append(
            fact_about(
                request,
                AuditAction.REQUEST_CREATED,
                actor=actor,
                now=now,
                details={
                    "tier": request.routing.tier.value,
                    "required": request.required_approvals,
                    **({"extends": request.extends} if request.extends else {}),
                    **eligibility.to_audit(),
                },
            )
        )
        if request.state is RequestState.APPROVED:
            approver = request.decided_by or AUTO_APPROVER
            await uow.audit.append(
                fact_about(
                    request,
                    _APPROVED_BY[approver],
                    actor=Actor(email=approver, origin=Origin.POLICY),
                    now=now,
                    details=route.to_audit(),
                )
            )


def _refusal(
    ask: Ask, requester: Principal, eligibility: PolicyAnswer
) -> NotEligible | None:
    """Return why the ask is refused; breaking the glass takes a yes of its own."""
    if not eligibility.is_allowed:
        return NotEligible(reason=requester.advised(eligibility.refusal))
    if ask.break_glass and not eligibility.allow_break_glass:
        return NotEligible(
            reason="policy does not let you break the glass for this; "
            "ask for it without"
        )
    return None


def _banned(actor: Actor) -> NotAllowed:
    return NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
