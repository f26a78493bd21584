"""Judges a verdict by policy, now: the actor, the requester, earlier approvals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import Deadline
from core.domain.decision import Decision, RequestRecord
from core.domain.policy import PolicyAnswer
from core.domain.principal import Principal
from core.domain.text import has_visible_text
from core.errors import (
    Invalid,
    NotAllowed,
    NotEligible,
    RefusedError,
    SelfApproval,
)
from core.ports import PolicyEngine
from core.services.questions import question_about
from core.vocabulary import Origin, PolicyAction, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One person's verdict on one request, not judged yet.

    Attributes:
        people: the requester and every approver so far, by e-mail, as known now.
    """

    record: RequestRecord
    people: Mapping[str, Principal]
    approver: Principal
    verdict: Verdict
    text: str
    origin: Origin
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What policy makes of a case: a yes, unless there is a refusal.

    Attributes:
        answer: what policy said about the actor; what it said about the requester
            where that is why it refuses.
        refusal: what to tell the actor; None if the verdict is allowed.
        counted: who else's approvals count, oldest first.
        notes: which earlier approvals do not count any more, and why.
    """

    answer: PolicyAnswer
    refusal: RefusedError | None = None
    counted: tuple[Principal, ...] = ()
    notes: tuple[str, ...] = ()


class Judge:
    """Asks policy everything that a verdict needs; outside any transaction."""

    def __init__(self, *, policy: PolicyEngine) -> None:
        """Keep whom to ask."""
        self._policy = policy

    async def judge(self, case: Case, deadline: Deadline | None) -> Judgement:
        """Return policy's yes or no to the verdict.

        A refusal is `NotAllowed` with policy's reason, `NotEligible` where the
        requester may not have it any more, or `SelfApproval`.

        Raises:
            Invalid: policy requires a comment and there is none.
            PolicyUnavailable: no clear answer.
        """
        if case.approver.is_disabled:
            banned = NotAllowed(
                reason=f"{case.approver.email} is disabled; ask an admin"
            )
            return Judgement(answer=PolicyAnswer(), refusal=banned)
        request = case.record.request
        earlier = _earlier(case)
        requester = case.people[request.requester]
        if case.verdict is Verdict.DENY:
            answer = await self._ask(
                case, PolicyAction.DENY, case.approver, requester, deadline=deadline
            )
            # A freeze (`deny`) never blocks denials.
            reason = case.approver.advised(answer.reason)
            no = None if answer.allow else NotAllowed(reason=reason)
            return Judgement(answer=answer, refusal=no)
        counted, notes = await self._recount(case, earlier, deadline)
        answer = await self._ask(
            case,
            PolicyAction.APPROVE,
            case.approver,
            requester,
            approvals=counted,
            deadline=deadline,
        )
        refusal = _refusal_of_approver(case, answer)
        if refusal is not None:
            return Judgement(answer=answer, refusal=refusal)
        _check_comment(case, answer)
        eligibility = await self._eligibility(case, requester, deadline)
        if not eligibility.is_allowed:
            reason = eligibility.refusal
            if requester.advice:
                reason = f"{reason}; {requester.email} reads: {requester.advice}"
            return Judgement(answer=eligibility, refusal=NotEligible(reason=reason))
        return Judgement(answer=answer, counted=counted, notes=notes)

    async def _recount(
        self,
        case: Case,
        earlier: tuple[Decision, ...],
        deadline: Deadline | None,
    ) -> tuple[tuple[Principal, ...], tuple[str, ...]]:
        """Return whose earlier approvals count now, and notes on the others."""
        counted: list[Principal] = []
        notes: list[str] = []
        requester = case.people[case.record.request.requester]
        for decision in earlier:
            approver = case.people[decision.approver]
            answer = await self._ask(
                case,
                PolicyAction.APPROVE,
                approver,
                requester,
                approvals=tuple(counted),
                deadline=deadline,
            )
            is_own = approver.email == requester.email
            if approver.is_disabled:
                why = "they are disabled"
            elif not approver.is_known:
                why = "they are in no group any more"
            elif is_own and not answer.allow_self_approval:
                why = "it was their own request"
            elif not answer.is_allowed:
                why = answer.refusal
            else:
                counted.append(approver)
                continue
            notes.append(f"{approver.email}'s approval does not count any more: {why}")
        return tuple(counted), tuple(notes)

    async def _eligibility(
        self, case: Case, requester: Principal, deadline: Deadline | None
    ) -> PolicyAnswer:
        if requester.is_disabled:
            return PolicyAnswer(reason=f"{requester.email} is disabled")
        return await self._ask(
            case, PolicyAction.SUBMIT, requester, requester, deadline=deadline
        )

    async def _ask(
        self,
        case: Case,
        action: PolicyAction,
        user: Principal,
        requester: Principal,
        *,
        approvals: tuple[Principal, ...] = (),
        deadline: Deadline | None,
    ) -> PolicyAnswer:
        question = question_about(
            case.record.request,
            action=action,
            user=user,
            requester=requester,
            approvals=approvals,
            origin=case.origin,
            now=case.now,
        )
        return await self._policy.ask(question, deadline)


def _earlier(case: Case) -> tuple[Decision, ...]:
    return tuple(
        decision
        for decision in case.record.approvals
        if decision.approver != case.approver.email
    )


def _refusal_of_approver(case: Case, answer: PolicyAnswer) -> RefusedError | None:
    is_own = case.approver.email == case.record.request.requester
    if is_own and not answer.allow_self_approval:
        return SelfApproval()
    if not answer.is_allowed:
        return NotAllowed(reason=case.approver.advised(answer.refusal))
    return None


def _check_comment(case: Case, answer: PolicyAnswer) -> None:
    routing = case.record.request.routing
    needs_comment = answer.require_comment or routing.require_comment
    if needs_comment and not has_visible_text(case.text):
        raise Invalid(
            field="comment", why="policy requires one; say why you approve this"
        )
