"""Who may see a request."""

from dataclasses import replace

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.principal import Principal
from core.errors import PolicyUnavailable
from core.ports import Clock, PolicyEngine
from core.services.people import People
from core.services.questions import question_about
from core.vocabulary import Origin, PolicyAction


def is_involved(person: Principal, record: RequestRecord) -> bool:
    """Tell whether a request is this person's business by what is stored."""
    request = record.request
    return (
        person.is_auditor
        or person.email == request.requester
        or any(decision.approver == person.email for decision in record.decisions)
        or not person.groups.isdisjoint(request.routing.approver_groups)
    )


class Visibility:
    """Decides who may see a request, asking policy where the store does not say."""

    def __init__(self, *, policy: PolicyEngine, people: People, clock: Clock) -> None:
        """Keep whom to ask."""
        self._policy = policy
        self._people = people
        self._clock = clock

    async def may_see(
        self,
        person: Principal,
        record: RequestRecord,
        *,
        origin: Origin,
        deadline: Deadline | None,
    ) -> bool:
        """Tell whether `person` may see a request that they can name.

        Whoever may approve or deny it may; a freeze (`deny`) stops approvals
        only. No clear answer of policy means no.

        Raises:
            DirectoryUnavailable: the groups cannot be read.
            StoreUnavailable: the database does not answer.
        """
        if is_involved(person, record):
            return True
        request = record.request
        requester = await self._people.principal(request.requester, deadline)
        approval = question_about(
            request,
            action=PolicyAction.APPROVE,
            user=person,
            requester=requester,
            origin=origin,
            now=self._clock.now(),
        )
        try:
            if (await self._policy.ask(approval, deadline)).is_allowed:
                return True
            denial = replace(approval, action=PolicyAction.DENY)
            return (await self._policy.ask(denial, deadline)).allow
        except PolicyUnavailable:
            return False
