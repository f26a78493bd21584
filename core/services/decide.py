"""Decides requests: the one path of every button, command and call."""

from dataclasses import dataclass, replace

from core.clock import Deadline
from core.domain.decision import Decision, RequestRecord, given_by
from core.domain.principal import Actor, Principal
from core.domain.request import ElevationRequest
from core.domain.text import checked_prose
from core.errors import Conflict, NotAllowed, NotFound, RefusedError
from core.ports import Clock, Store, UnitOfWork
from core.services.issue import issue_now
from core.services.judging import Case, Judge, Judgement
from core.services.limits import Act, Limits
from core.services.people import People
from core.services.reading import lock_request, read_case
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.telling import asked, fact_about, show
from core.services.transactions import in_transaction
from core.services.verdicts import (
    action_of,
    after,
    closed,
    counts_the_same,
    lapsed,
    refused,
    said_in,
)
from core.services.visibility import Visibility
from core.vocabulary import (
    RequestId,
    RequestState,
    Verdict,
)

ROUNDS = 3
"""How often a request may change between being judged and being locked."""


class _MovedError(Exception):
    """The request or the actor changed after it was judged; judge it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """What somebody wants to say, before the request is looked at."""

    actor: Actor
    request_id: RequestId
    verdict: Verdict
    text: str
    deadline: Deadline | None


class Decide:
    """Records verdicts that policy allows; each once, whatever happens at once."""

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        judge: Judge,
        visibility: Visibility,
        refusals: Refusals,
        limits: Limits,
        clock: Clock,
        signal: Signal,
    ) -> None:
        """Keep what a decision needs."""
        self._store = store
        self._people = people
        self._judge = judge
        self._visibility = visibility
        self._refusals = refusals
        self._limits = limits
        self._clock = clock
        self._signal = signal

    async def approve(
        self,
        actor: Actor,
        request_id: RequestId,
        *,
        comment: str,
        deadline: Deadline | None,
    ) -> RequestRecord:
        """Approve; see `core.approvals.Approvals.approve` for the errors."""
        text = checked_prose("comment", comment, required=False)
        return await self._decide(
            _Wish(
                actor=actor,
                request_id=request_id,
                verdict=Verdict.APPROVE,
                text=text,
                deadline=deadline,
            )
        )

    async def deny(
        self,
        actor: Actor,
        request_id: RequestId,
        *,
        reason: str,
        deadline: Deadline | None,
    ) -> RequestRecord:
        """Deny; see `core.approvals.Approvals.deny` for the errors."""
        text = checked_prose("reason", reason, required=True)
        return await self._decide(
            _Wish(
                actor=actor,
                request_id=request_id,
                verdict=Verdict.DENY,
                text=text,
                deadline=deadline,
            )
        )

    async def _decide(self, wish: _Wish) -> RequestRecord:
        async with self._limits.counting_refusals(
            Act.DECISION,
            wish.actor,
            request_id=wish.request_id,
            verdict=wish.verdict,
            deadline=wish.deadline,
        ):
            return await self._judged_and_recorded(wish)

    async def _judged_and_recorded(self, wish: _Wish) -> RequestRecord:
        for _ in range(ROUNDS):
            record, rows = await read_case(
                self._store, wish.request_id, wish.actor.email, wish.deadline
            )
            if not rows[wish.actor.email].is_disabled and self._stands(record, wish):
                return record
            self._limits.check(Act.DECISION, wish.actor.email)
            people = await self._people.with_groups(rows)
            approver = people[wish.actor.email]
            await self._check_open(wish, record, approver)
            case = Case(
                record=record,
                people=people,
                approver=approver,
                verdict=wish.verdict,
                text=wish.text,
                origin=wish.actor.origin,
                now=self._clock.now(),
            )
            judgement = await self._judge.judge(case, wish.deadline)
            refusal = judgement.refusal or _vouched(wish, record)
            if refusal is not None:
                await self._refuse(case, wish, refusal, judgement)
                raise refusal
            try:
                return await self._record(wish, case, judgement)
            except _MovedError:
                continue
        raise Conflict(what=f"request {wish.request_id}")

    async def _check_open(
        self, wish: _Wish, record: RequestRecord, approver: Principal
    ) -> None:
        """Refuse what nobody can decide any more, to those who may know of it.

        Somebody disabled is not told even that; they are refused for what they are.

        Raises:
            WrongState: it is decided, ended or lapsed.
            NotFound: so it is, and this person may not see it.
        """
        request = record.request
        refusal = closed(request, wish.verdict, has_lapsed=self._has_lapsed(request))
        if refusal is None or approver.is_disabled:
            return
        if await self._visibility.may_see(
            approver, record, origin=wish.actor.origin, deadline=wish.deadline
        ):
            raise refusal
        raise NotFound(what="request", name=wish.request_id)

    def _stands(self, record: RequestRecord, wish: _Wish) -> bool:
        """Tell whether this person already gave this verdict and it still holds.

        Where an approval did not count at the newest decision, whoever approves
        again is judged again: it may be theirs, and may count by now.
        """
        request = record.request
        if given_by(wish.actor.email, wish.verdict, record) is None:
            return False
        if wish.verdict is Verdict.DENY:
            return request.state is RequestState.REJECTED
        if request.state is RequestState.PENDING:
            all_count = request.counted_approvals == len(record.approvals)
            return all_count and not self._has_lapsed(request)
        is_decided = request.decided_by is not None
        return is_decided and request.state is not RequestState.REJECTED

    def _has_lapsed(self, request: ElevationRequest) -> bool:
        return request.has_lapsed(self._clock.now())

    async def _refuse(
        self, case: Case, wish: _Wish, refusal: RefusedError, judgement: Judgement
    ) -> None:
        await self._refusals.record(
            wish.actor,
            request_id=wish.request_id,
            verdict=wish.verdict,
            code=refusal.code,
            why=str(refusal),
            details={**asked(case.record.request.ask), **refused(case, judgement)},
            deadline=wish.deadline,
        )

    async def _record(
        self, wish: _Wish, case: Case, judgement: Judgement
    ) -> RequestRecord:
        """Write the verdict, its consequences and its audit event together.

        An approval that is given again is not a second one: its event says so,
        and nothing is written where it changes nothing.
        """
        earlier = given_by(case.approver.email, case.verdict, case.record)

        async def work(uow: UnitOfWork) -> RequestRecord:
            # Held until the end: nobody is disabled between this look and the commit.
            held = await uow.principals.hold(wish.actor.email, is_alone=False)
            request = await lock_request(uow, wish.request_id)
            if held.is_disabled or request.version != case.record.request.version:
                raise _MovedError
            now = self._clock.now()
            if request.has_lapsed(now):
                raise lapsed(request)
            decision = Decision(
                request_id=request.id,
                requester=request.requester,
                approver=case.approver.email,
                verdict=case.verdict,
                text=case.text or (earlier.text if earlier else ""),
                origin=case.origin,
                self_allowed=judgement.answer.allow_self_approval,
                decided_at=now,
            )
            decided = after(request, decision, judgement)
            decisions = case.record.decisions
            if earlier is None:
                await uow.decisions.add(decision)
                decisions = (*decisions, decision)
            elif counts_the_same(request, decided):
                return replace(case.record, notes=judgement.notes)
            await uow.requests.save(decided)
            is_approved = decided.state is RequestState.APPROVED
            promised = [issue_now(decided)] if is_approved else []
            await show(uow, decided, promised=promised)
            # Held until the commit: late, so that others hardly wait for it.
            await self._limits.count(uow, Act.DECISION, wish.actor.email)
            await uow.audit.append(
                fact_about(
                    decided,
                    action_of(decided, case.verdict),
                    actor=wish.actor,
                    now=now,
                    details={
                        **said_in(decision, decided, judgement),
                        **({"given_again": True} if earlier else {}),
                    },
                )
            )
            return RequestRecord(
                request=decided, decisions=decisions, notes=judgement.notes
            )

        record = await in_transaction(self._store, work, deadline=wish.deadline)
        self._signal.ring()
        return record


def _vouched(wish: _Wish, record: RequestRecord) -> NotAllowed | None:
    """Return why this may be the requester's own yes; None if it is not."""
    if wish.verdict is Verdict.APPROVE:
        try:
            request = record.request
            wish.actor.check_own_eyes(request.requester, asked_by=request.vouched_by)
        except NotAllowed as refusal:
            return refusal
    return None
