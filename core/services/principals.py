"""What is known of one principal, and how far an admin says to trust them."""

from dataclasses import replace
from datetime import datetime

from core.approvals import PrincipalFacts
from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.identity import GroupsFrom
from core.domain.principal import HIGHEST_TIER, Actor, normalise_email, vouchers
from core.domain.text import checked_prose
from core.errors import Invalid, NotFound
from core.ports import AuditFilter, Clock, Directory, PrincipalRow, Store, UnitOfWork
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome


class Principals:
    """Tells what the store and every source of groups say, and sets trust tiers."""

    def __init__(self, *, store: Store, directory: Directory, clock: Clock) -> None:
        """Keep whom to ask."""
        self._store = store
        self._directory = directory
        self._clock = clock

    async def show(self, email: str, deadline: Deadline | None) -> PrincipalFacts:
        """Return everything that is known of a principal.

        Raises:
            Invalid: the e-mail cannot be.
            NotFound: no source has them, and jitsudo never met them.
            DirectoryUnavailable: the groups cannot be read.
        """
        email = normalise_email(email)
        explained = await self._directory.explain(email)
        return await self._facts(email, explained, deadline)

    async def _facts(
        self,
        email: str,
        explained: tuple[GroupsFrom, ...],
        deadline: Deadline | None,
    ) -> PrincipalFacts:
        async with self._store.snapshot(deadline) as uow:
            row = await uow.principals.get(email)
            link = await uow.links.of_email(email)
            last_seen_at = await _last_seen(uow, email)
        is_known = row != PrincipalRow(email=email) or link is not None
        is_there = any(
            each.groups or each.advice or each.has_person for each in explained
        )
        if not is_known and not is_there and last_seen_at is None:
            raise NotFound(what="principal", name=email)
        return PrincipalFacts(
            email=email,
            trust_tier=row.trust_tier,
            is_disabled=row.is_disabled,
            notes=row.notes,
            enrolled_by=row.enrolled_by,
            enrolled_at=row.enrolled_at,
            last_seen_at=last_seen_at,
            sources=explained,
            link=link,
        )

    async def trust(
        self,
        actor: Actor,
        email: str,
        *,
        tier: int,
        notes: str,
        deadline: Deadline | None,
    ) -> PrincipalFacts:
        """Set a principal's trust tier; the same again changes nothing.

        Nobody sets their own: an admin who could would need no second pair of eyes
        where policy asks for trust.

        Raises:
            Invalid: the e-mail, tier or notes cannot be, or it is the actor.
            NotFound: nobody knows them, and there is nothing to set.
            DirectoryUnavailable: the groups cannot be read; nothing was set.
        """
        email = normalise_email(email)
        if not 0 <= tier <= HIGHEST_TIER:
            raise Invalid(field="trustTier", why=f"is {tier}, not 0 to {HIGHEST_TIER}")
        notes = checked_prose("notes", notes, required=False)
        if email in vouchers(actor.word):
            raise Invalid(field="e-mail", why="is your own; ask another admin")
        # Before it is written, so that whoever reads of a failure has set nothing.
        explained = await self._directory.explain(email)

        async def work(uow: UnitOfWork) -> None:
            row = await uow.principals.hold(email)
            if (row.trust_tier, row.notes) == (tier, notes):
                return
            now = self._clock.now()
            await uow.principals.put(
                replace(
                    row,
                    trust_tier=tier,
                    notes=notes,
                    enrolled_by=actor.email,
                    enrolled_at=now,
                )
            )
            await uow.audit.append(_fact(actor, row, tier=tier, notes=notes, now=now))

        await in_transaction(self._store, work, deadline=deadline)
        return await self._facts(email, explained, deadline)


async def _last_seen(uow: UnitOfWork, email: str) -> datetime | None:
    """Return when somebody last acted, used a token or signed in."""
    events = await uow.audit.find(AuditFilter(actor=email, limit=1))
    membership = await uow.memberships.of(email)
    last_use = await uow.tokens.last_use(email)
    moments = [event.fact.occurred_at for event in events]
    if last_use is not None:
        moments.append(last_use)
    if membership is not None and not membership.is_forgotten:
        moments.append(membership.signed_in_at)
    return max(moments, default=None)


def _fact(
    actor: Actor, row: PrincipalRow, *, tier: int, notes: str, now: datetime
) -> AuditFact:
    return AuditFact(
        occurred_at=now,
        actor=actor.email,
        action=AuditAction.PRINCIPAL_TRUST_CHANGED,
        outcome=Outcome.SUCCESS,
        origin=actor.origin,
        details={
            "email": row.email,
            "old_tier": row.trust_tier,
            "new_tier": tier,
            "old_notes": row.notes,
            "notes": notes,
            **actor.evidence,
        },
    )
