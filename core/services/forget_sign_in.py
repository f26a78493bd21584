"""Lets an e-mail that has changed hands at the identity provider be used again."""

from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.principal import Actor, normalise_email
from core.errors import NotFound
from core.ports import Clock, Store, UnitOfWork
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome


class ForgetSignIn:
    """Forgets whom an issuer meant by an e-mail; whoever signs in next is the one."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Keep where to write."""
        self._store = store
        self._clock = clock

    async def forget(
        self, actor: Actor, email: str, *, deadline: Deadline | None
    ) -> str:
        """Forget subject and groups of a person; return their e-mail, normalised.

        What was issued until now signs nobody in by it: or else whoever had the
        address before would come first, with what they still have.

        Raises:
            Invalid: the e-mail cannot be.
            NotFound: nobody signed in by it.
        """
        email = normalise_email(email)

        async def work(uow: UnitOfWork) -> None:
            await uow.principals.hold(email)
            known = await uow.memberships.of(email)
            if known is None or known.is_forgotten:
                raise NotFound(what="sign-in of", name=email)
            now = self._clock.now()
            await uow.memberships.put(known.forgotten(at=now))
            await uow.audit.append(
                AuditFact(
                    occurred_at=now,
                    actor=actor.email,
                    action=AuditAction.IDENTITY_UNLINKED,
                    outcome=Outcome.SUCCESS,
                    origin=actor.origin,
                    details={
                        "email": email,
                        "issuer": known.issuer,
                        "subject": known.subject,
                        **actor.evidence,
                    },
                )
            )

        await in_transaction(self._store, work, deadline=deadline)
        return email
