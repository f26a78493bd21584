"""Writes refusals into the chain: the first at once, repeats as one event later."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

import structlog

from core.clock import Deadline
from core.domain.audit import AuditFact, Json
from core.domain.job import Job, NewJob
from core.domain.principal import Actor
from core.errors import DependencyError, OutcomeUnknown, RefusedError
from core.ports import Clock, RefusalKey, Store, UnitOfWork
from core.services.telling import SYSTEM
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, JobKind, Outcome, RequestId, Verdict

WINDOW: Final = timedelta(seconds=60)
"""Within this time the same refusal is counted, not written again."""

_log = structlog.get_logger()


class _LeaseLostError(Exception):
    """Another worker has the job; what this one did is undone."""


class Refusals:
    """Tells the audit log who was refused what, and why."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Keep where to write."""
        self._store = store
        self._clock = clock
        self._not_audited = 0

    @property
    def not_audited(self) -> int:
        """Return how many refusals this process could not write."""
        return self._not_audited

    async def record(
        self,
        actor: Actor,
        *,
        request_id: RequestId | None,
        verdict: Verdict | None,
        code: str,
        why: str,
        details: Mapping[str, Json],
        action: AuditAction | None = None,
        about: str = "",
        promised: Sequence[NewJob] = (),
        deadline: Deadline | None = None,
    ) -> None:
        """Write a refusal; one that cannot be written is logged and counted.

        It stands either way.

        Args:
            request_id: what they named; if they are known and it does not exist,
                nothing is written.
            verdict: what the actor wanted to say; None if it was no decision.
            code: the refusal's stable code.
            why: what the actor was told.
            details: what was asked, and policy's revision.
            action: what the log calls it; by default a decision's refusal or,
                without a verdict, a submission's.
            about: the act, in our own words, where that is not all that is known
                of it; each is counted for itself.
            promised: jobs of the first refusal within a window, not of repeats.
            deadline: the refused act's own; the answer does not wait for more.
        """
        action = action or _action(verdict)
        key = _key(
            actor.email,
            # Nobody checked that what a stranger named exists: whoever makes up
            # an id each time would make each time a first one.
            "" if actor.is_stranger else request_id or "",
            verdict,
            action,
            _counted(code, about),
        )
        fact = AuditFact(
            occurred_at=self._clock.now(),
            actor=actor.email,
            action=action,
            outcome=Outcome.FAILURE,
            origin=actor.origin,
            request_id=request_id,
            details={
                **details,
                **actor.evidence,
                "code": code,
                "why": why,
                **({"verdict": verdict.value} if verdict else {}),
                **({"act": about} if about else {}),
            },
        )

        async def work(uow: UnitOfWork) -> None:
            if (
                key.request_id
                and await uow.requests.get(RequestId(key.request_id)) is None
            ):
                return
            if await uow.refusals.note(key, at=fact.occurred_at, window=WINDOW):
                for job in (_close_later(key, fact, code, about), *promised):
                    await uow.jobs.add(job)
                await uow.audit.append(fact)

        try:
            await in_transaction(self._store, work, deadline=deadline)
        except (DependencyError, OutcomeUnknown, RefusedError) as error:
            self._not_audited += 1
            _log.exception("refusal_not_audited", refusal=code, error=error.code)

    async def tell_repeats(self, job: Job) -> None:
        """Close a window; write one event if anything was repeated in it.

        Raises:
            DependencyError: nothing was written; the job is tried again.
        """
        told = job.payload
        verdict = Verdict(told["verdict"]) if told["verdict"] else None
        action = AuditAction(told["action"])
        about = told.get("about", "")  # the version before did not say
        counted = _counted(told["code"], about)
        key = _key(told["actor"], told["request_id"], verdict, action, counted)

        async def work(uow: UnitOfWork) -> None:
            repeats = await uow.refusals.close(key)
            if not await uow.jobs.finish(job):
                raise _LeaseLostError  # whoever has it now tells of them
            if repeats:
                await uow.audit.append(
                    AuditFact(
                        occurred_at=self._clock.now(),
                        actor=key.actor,
                        action=action,
                        outcome=Outcome.FAILURE,
                        origin=SYSTEM.origin,
                        request_id=RequestId(key.request_id) or None,
                        details={
                            "code": told["code"],
                            "repeated": repeats,
                            **({"verdict": verdict.value} if verdict else {}),
                            **({"act": about} if about else {}),
                        },
                    )
                )

        try:
            await in_transaction(self._store, work)
        except _LeaseLostError:
            _log.info("refusals_told_by_another_worker", id=job.id)


def _action(verdict: Verdict | None) -> AuditAction:
    if verdict is None:
        return AuditAction.REQUEST_ELIGIBILITY_REFUSED
    return AuditAction.REQUEST_DECISION_REFUSED


def _key(
    actor: str, request_id: str, verdict: Verdict | None, action: AuditAction, code: str
) -> RefusalKey:
    """Return what makes refusals the same one; the action counts as well."""
    return RefusalKey(
        actor=actor,
        request_id=request_id,
        verdict=verdict,
        code=f"{action.value}:{code}",
    )


def _counted(code: str, about: str) -> str:
    return f"{code}:{about}" if about else code


def _close_later(key: RefusalKey, fact: AuditFact, code: str, about: str) -> NewJob:
    spelled = "\n".join(
        (key.actor, key.request_id, key.verdict.value if key.verdict else "", key.code)
    )
    name = f"refusals:{sha256(spelled.encode()).hexdigest()[:32]}"
    return NewJob(
        kind=JobKind.TELL_REFUSALS,
        lane=name,
        key=name,
        due_at=fact.occurred_at + WINDOW,
        payload={
            "actor": key.actor,
            "request_id": key.request_id,
            "verdict": key.verdict.value if key.verdict else "",
            "action": fact.action.value,
            "code": code,
            "about": about,
        },
    )
