"""Judges a verdict by policy, now: the actor, the requester, earlier approvals."""

from dataclasses import dataclass
from datetime import datetime

from core.clock import Deadline
from core.domain.decision import Decision, RequestRecord
from core.domain.policy import PolicyAnswer
from core.domain.principal import Principal
from core.domain.text import has_visible_text
from core.errors import Invalid, NotAllowed, NotEligible, SelfApproval
from core.ports import PolicyEngine
from core.services.people import People
from core.services.questions import question_about
from core.vocabulary import Origin, PolicyAction, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One person's verdict on one request, not judged yet."""

    record: RequestRecord
    approver: Principal
    verdict: Verdict
    text: str
    origin: Origin
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Policy's yes to a case.

    Attributes:
        answer: what policy said about the actor.
        counted: who else's approvals count, oldest first.
        notes: which earlier approvals do not count any more, and why.
    """

    answer: PolicyAnswer
    counted: tuple[Principal, ...] = ()
    notes: tuple[str, ...] = ()


class Judge:
    """Asks policy everything that a verdict needs; outside any transaction."""

    def __init__(self, *, policy: PolicyEngine, people: People) -> None:
        """Keep whom to ask."""
        self._policy = policy
        self._people = people

    async def judge(self, case: Case, deadline: Deadline | None) -> Judgement:
        """Return the judgement, if policy allows the verdict.

        Raises:
            NotAllowed: with policy's reason.
            NotEligible: the requester may not have it any more.
            SelfApproval: policy does not lift the four-eyes rule.
            Invalid: policy requires a comment and there is none.
            PolicyUnavailable: no clear answer.
        """
        if case.approver.is_disabled:
            raise NotAllowed(reason=f"{case.approver.email} is disabled; ask an admin")
        request = case.record.request
        earlier = _earlier(case)
        people = await self._people.principals(
            [request.requester, *(decision.approver for decision in earlier)], deadline
        )
        requester = people[request.requester]
        if case.verdict is Verdict.DENY:
            answer = await self._ask(
                case, PolicyAction.DENY, case.approver, requester, deadline=deadline
            )
            if not answer.allow:  # a freeze (`deny`) never blocks denials
                raise NotAllowed(reason=answer.reason)
            return Judgement(answer=answer)
        counted, notes = await self._recount(case, earlier, people, deadline)
        answer = await self._ask(
            case,
            PolicyAction.APPROVE,
            case.approver,
            requester,
            approvals=counted,
            deadline=deadline,
        )
        _check_approver(case, answer)
        await self._check_requester(case, requester, deadline)
        return Judgement(answer=answer, counted=counted, notes=notes)

    async def _recount(
        self,
        case: Case,
        earlier: tuple[Decision, ...],
        people: dict[str, Principal],
        deadline: Deadline | None,
    ) -> tuple[tuple[Principal, ...], tuple[str, ...]]:
        """Return whose earlier approvals count now, and notes on the others."""
        counted: list[Principal] = []
        notes: list[str] = []
        requester = people[case.record.request.requester]
        for decision in earlier:
            approver = people[decision.approver]
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
            elif is_own and not answer.allow_self_approval:
                why = "it was their own request"
            elif not answer.is_allowed:
                why = answer.refusal
            else:
                counted.append(approver)
                continue
            notes.append(f"{approver.email}'s approval does not count any more: {why}")
        return tuple(counted), tuple(notes)

    async def _check_requester(
        self, case: Case, requester: Principal, deadline: Deadline | None
    ) -> None:
        if requester.is_disabled:
            raise NotEligible(reason=f"{requester.email} is disabled")
        answer = await self._ask(
            case, PolicyAction.SUBMIT, requester, requester, deadline=deadline
        )
        if not answer.is_allowed:
            raise NotEligible(reason=answer.refusal)

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


def _check_approver(case: Case, answer: PolicyAnswer) -> None:
    request = case.record.request
    if case.approver.email == request.requester and not answer.allow_self_approval:
        raise SelfApproval
    if not answer.is_allowed:
        raise NotAllowed(reason=answer.refusal)
    needs_comment = answer.require_comment or request.routing.require_comment
    if needs_comment and not has_visible_text(case.text):
        raise Invalid(
            field="comment", why="policy requires one; say why you approve this"
        )
