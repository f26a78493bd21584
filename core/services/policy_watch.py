"""Writes into the audit log which policy came into force, and when."""

from core.domain.audit import AuditFact
from core.domain.policy import PolicyHealth
from core.ports import AuditFilter, Clock, PolicyEngine, Store, UnitOfWork
from core.services.telling import SYSTEM
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome


class PolicyWatch:
    """Notices that another policy answers, and audits it once for all replicas."""

    def __init__(self, *, store: Store, policy: PolicyEngine, clock: Clock) -> None:
        """Know no policy yet; the first look compares with the audit log."""
        self._store = store
        self._policy = policy
        self._clock = clock
        self._seen = ""

    async def look(self) -> None:
        """Write `policy.reloaded`, if a policy is in force that is new to the log.

        An engine that does not answer, or does not say a revision, is no news.

        Raises:
            DependencyError: the event was not written; the next look writes it.
        """
        health = await self._policy.health()
        if not health.revision or health.revision == self._seen:
            return

        async def work(uow: UnitOfWork) -> None:
            # Two replicas that read first would both find nothing and write.
            await uow.audit.hold()
            last = await uow.audit.find(
                AuditFilter(action=AuditAction.POLICY_RELOADED, limit=1)
            )
            if last and last[0].fact.details.get("policy_revision") == health.revision:
                return
            await uow.audit.append(self._fact(health))

        await in_transaction(self._store, work)
        self._seen = health.revision

    def _fact(self, health: PolicyHealth) -> AuditFact:
        return AuditFact(
            occurred_at=self._clock.now(),
            actor=SYSTEM.email,
            action=AuditAction.POLICY_RELOADED,
            outcome=Outcome.SUCCESS,
            origin=SYSTEM.origin,
            details={
                "policy_revision": health.revision,
                "files": list(health.files),
            },
        )
