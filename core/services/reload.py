"""Has the engine look for a newer policy at once, because an admin asks for it."""

from collections.abc import Mapping

from core.approvals import PolicyReload
from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.principal import Actor
from core.errors import PolicyUnavailable
from core.ports import Clock, PolicyEngine, Store, UnitOfWork
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome


class Reload:
    """Reloads the policy of this process; every other one looks by itself."""

    def __init__(self, *, store: Store, policy: PolicyEngine, clock: Clock) -> None:
        """Keep what reloading needs."""
        self._store = store
        self._policy = policy
        self._clock = clock

    async def reload(self, actor: Actor, deadline: Deadline | None) -> PolicyReload:
        """Look for a newer policy, and say what is in force; audited either way.

        Raises:
            PolicyUnavailable: what is there cannot be loaded.
        """
        try:
            health = await self._policy.reload()
        except PolicyUnavailable as error:
            # The revision in force, so that nobody takes the event for a change.
            revision = (await self._policy.health()).revision
            facts = {"policy_revision": revision, "why": error.why}
            await self._record(actor, Outcome.FAILURE, facts, deadline)
            raise
        facts = {"policy_revision": health.revision, "asked_for": "reload"}
        await self._record(actor, Outcome.SUCCESS, facts, deadline, files=health.files)
        return PolicyReload(
            loaded=len(health.files), revision=health.revision, detail=health.detail
        )

    async def _record(
        self,
        actor: Actor,
        outcome: Outcome,
        facts: Mapping[str, str],
        deadline: Deadline | None,
        *,
        files: tuple[str, ...] = (),
    ) -> None:
        async def work(uow: UnitOfWork) -> None:
            await uow.audit.append(
                AuditFact(
                    occurred_at=self._clock.now(),
                    actor=actor.email,
                    action=AuditAction.POLICY_RELOADED,
                    outcome=outcome,
                    origin=actor.origin,
                    details={**facts, "files": list(files), **actor.evidence},
                )
            )

        await in_transaction(self._store, work, deadline=deadline)
