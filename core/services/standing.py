"""Who may end a grant, or have what failed tried again."""

from dataclasses import dataclass

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.policy import PolicyAnswer
from core.domain.principal import Actor, Principal
from core.errors import NotAllowed
from core.ports import Clock, PolicyEngine, Store
from core.services.people import People
from core.services.questions import question_about
from core.services.reading import read_case
from core.vocabulary import PolicyAction, RequestId


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """What somebody may do about a request.

    Attributes:
        refusal: None if they may.
        answer: what policy said, if it was asked.
    """

    record: RequestRecord
    person: Principal
    refusal: NotAllowed | None = None
    answer: PolicyAnswer | None = None


class Standing:
    """Finds out whether a request is somebody's to end, retry or review."""

    def __init__(
        self, *, store: Store, policy: PolicyEngine, people: People, clock: Clock
    ) -> None:
        """Keep whom to ask."""
        self._store = store
        self._policy = policy
        self._people = people
        self._clock = clock

    async def of(
        self,
        actor: Actor,
        request_id: RequestId,
        action: PolicyAction,
        deadline: Deadline | None,
    ) -> Say:
        """Return what the actor may do.

        The requester and admins may; of everybody else policy is asked. As with
        denials, `deny` does not count: a freeze never keeps access alive.

        Raises:
            NotFound: there is no such request.
            PolicyUnavailable: no clear answer.
        """
        record, rows = await read_case(self._store, request_id, actor.email, deadline)
        people = await self._people.with_groups(rows)
        person = people[actor.email]
        if person.is_disabled:
            banned = NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
            return Say(record=record, person=person, refusal=banned)
        if person.is_admin or person.email == record.request.requester:
            return Say(record=record, person=person)
        question = question_about(
            record.request,
            action=action,
            user=person,
            requester=people[record.request.requester],
            origin=actor.origin,
            now=self._clock.now(),
        )
        answer = await self._policy.ask(question, deadline)
        reason = person.advised(answer.reason)
        refusal = None if answer.allow else NotAllowed(reason=reason)
        return Say(record=record, person=person, refusal=refusal, answer=answer)
