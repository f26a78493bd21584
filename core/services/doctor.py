"""Looks whether what people ask for could be approved by anybody at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from core.clock import Deadline
from core.domain.approvers import ApproverReport, Candidate, Finding, Preview
from core.domain.policy import PolicyAnswer
from core.domain.principal import Principal, normalise_email
from core.domain.request import Ask, ElevationRequest
from core.ports import (
    Clock,
    CredentialProvider,
    Directory,
    Outside,
    PolicyEngine,
    Store,
)
from core.services.approver_findings import findings_of
from core.services.asked_lately import MOST_ASKS, asked_lately
from core.services.drafting import admitted, draft_of, routed
from core.services.people import People
from core.services.questions import question_about
from core.services.rosters import Roster
from core.vocabulary import Origin, PolicyAction, RequestState

MOST_CANDIDATES: Final = 30
"""Most people whom a preview judges one by one."""
SLACK_SECONDS: Final = 8.0
"""How long one look may ask Slack; a caller waits, and a job's lease is 30 s."""

_SOON: Final = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Routed:
    """A draft, whether policy lets it be asked for, and what it says of approvers."""

    draft: ElevationRequest
    person: Principal
    eligibility: PolicyAnswer
    route: PolicyAnswer


class Doctor:
    """Asks policy again about what is asked for, and looks who is there to approve."""

    def __init__(
        self,
        *,
        store: Store,
        policy: PolicyEngine,
        directory: Directory,
        people: People,
        providers: Mapping[str, CredentialProvider],
        outside: Outside,
        clock: Clock,
        needs_link: bool = False,
        most_requesters: int = MOST_ASKS,
    ) -> None:
        """Keep whom to ask.

        Args:
            needs_link: whether who has no linked account in Slack cannot act.
            most_requesters: of how many people asks are looked at in one look.
        """
        self._store = store
        self._policy = policy
        self._directory = directory
        self._people = people
        self._providers = providers
        self._outside = outside
        self._clock = clock
        self._needs_link = needs_link
        self._most_requesters = most_requesters

    async def check(self) -> ApproverReport:
        """Return what could not be approved: pending now, or asked for lately.

        Raises:
            PolicyUnavailable: policy does not answer; nothing was found out.
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        roster = self._roster()
        asked = await asked_lately(
            self._store, self._clock.now(), most_requesters=self._most_requesters
        )
        found: dict[str, Finding] = {}
        for request in asked:
            for finding in await self._of_request(request, roster):
                known = found.get(finding.digest, finding)
                asks = {*known.asks, _shown(request)}
                found[finding.digest] = replace(known, asks=tuple(sorted(asks)))
        return ApproverReport(
            checked=len(asked),
            findings=tuple(
                sorted(found.values(), key=lambda one: (-len(one.asks), one.problem))
            ),
            notes=roster.notes,
            is_whole=roster.is_whole,
        )

    async def preview(
        self, requester: str, ask: Ask, deadline: Deadline | None
    ) -> Preview:
        """Return what would happen if somebody asked for this; nothing is stored.

        Raises:
            Invalid: naming the field.
            PolicyUnavailable: no clear answer.
            DirectoryUnavailable: the groups cannot be read.
        """
        email = normalise_email(requester)
        ask = admitted(ask, self._providers)
        roster = self._roster()
        case = await self._routed(email, ask, roster, deadline)
        routing = routed(case.draft, case.route, now=self._clock.now()).routing
        notified = await _members(roster, routing.notify_groups)
        return Preview(
            requester=email,
            refusal=_refusal(case),
            tier=routing.tier,
            required_approvals=routing.required_approvals,
            approver_groups=routing.approver_groups,
            notify_groups=routing.notify_groups,
            channel=routing.channel,
            approval_note=routing.approval_note,
            notified=tuple(sorted(notified.keys() - {email})),
            candidates=await self._candidates(
                case, routing.approver_groups, roster, deadline
            ),
            findings=tuple(
                await findings_of(
                    routing,
                    requester=email,
                    self_allowed=case.route.allow_self_approval,
                    roster=roster,
                    deadline=deadline,
                )
            ),
            notes=roster.notes,
        )

    def _roster(self) -> Roster:
        return Roster(
            store=self._store,
            directory=self._directory,
            people=self._people,
            outside=self._outside,
            needs_link=self._needs_link,
            seconds=SLACK_SECONDS,
        )

    async def _of_request(
        self, request: ElevationRequest, roster: Roster
    ) -> list[Finding]:
        is_pending = request.state is RequestState.PENDING
        ask = replace(request.ask, break_glass=False)
        case = await self._routed(request.requester, ask, roster, None)
        if not is_pending and _refusal(case) is not None:
            return []  # they could not ask for it any more
        routing = routed(case.draft, case.route, now=self._clock.now()).routing
        if is_pending:
            required = max(routing.required_approvals, request.required_approvals)
            routing = replace(routing, required_approvals=required)
        return await findings_of(
            routing,
            requester=request.requester,
            self_allowed=case.route.allow_self_approval,
            roster=roster,
            deadline=None,
        )

    async def _routed(
        self, email: str, ask: Ask, roster: Roster, deadline: Deadline | None
    ) -> _Routed:
        person = await roster.principal(email, deadline)
        now = self._clock.now()
        draft = draft_of(
            ask,
            requester=email,
            now=now,
            ttl=_SOON,
            lane=None,
            submission_key=None,
            extends=None,
        )
        submit = question_about(
            draft,
            action=PolicyAction.SUBMIT,
            user=person,
            requester=person,
            origin=Origin.SYSTEM,
            now=now,
        )
        route = replace(submit, action=PolicyAction.ROUTE)
        return _Routed(
            draft=draft,
            person=person,
            eligibility=await self._policy.ask(submit, deadline),
            route=await self._policy.ask(route, deadline),
        )

    async def _candidates(
        self,
        case: _Routed,
        groups: tuple[str, ...],
        roster: Roster,
        deadline: Deadline | None,
    ) -> tuple[Candidate, ...]:
        members = await _members(roster, groups)
        return tuple(
            [
                Candidate(
                    email=email,
                    groups=tuple(members[email]),
                    why_not=await self._why_not(case, email, roster, deadline),
                )
                for email in sorted(members)[:MOST_CANDIDATES]
            ]
        )

    async def _why_not(
        self, case: _Routed, email: str, roster: Roster, deadline: Deadline | None
    ) -> str | None:
        """Return why the first approval could not be this person's."""
        why = await roster.why_not(email, deadline)
        if why is not None:
            return why
        question = question_about(
            case.draft,
            action=PolicyAction.APPROVE,
            user=await roster.principal(email, deadline),
            requester=case.person,
            origin=Origin.SYSTEM,
            now=self._clock.now(),
        )
        answer = await self._policy.ask(question, deadline)
        if email == case.person.email and not answer.allow_self_approval:
            return "asks for it"
        return None if answer.is_allowed else f"policy: {answer.refusal}"


async def _members(roster: Roster, groups: tuple[str, ...]) -> dict[str, list[str]]:
    """Return who is in some groups, with the groups of each."""
    members: dict[str, list[str]] = {}
    for group in groups:
        for email in await roster.members(group):
            members.setdefault(email, []).append(group)
    return members


def _refusal(case: _Routed) -> str | None:
    if case.person.is_disabled:
        return f"{case.person.email} is disabled"
    if case.eligibility.is_allowed:
        return None
    return case.person.advised(case.eligibility.refusal)


def _shown(request: ElevationRequest) -> str:
    ask = request.ask
    return (
        f"{ask.role} on {ask.resource_scope} ({ask.provider}) for {request.requester}"
    )
