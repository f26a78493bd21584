"""Signing in by an ID token: who that is, and which groups are remembered."""

from datetime import timedelta
from typing import Final

import structlog

from core.clock import Deadline
from core.domain.audit import AuditFact, Json
from core.domain.identity import Membership, SignedIn
from core.domain.job import NewJob
from core.domain.principal import Actor
from core.errors import NotAuthenticated
from core.ports import Clock, IdTokens, Store, UnitOfWork
from core.services.notices import notice_to_admins
from core.services.refusals import Refusals
from core.services.signal import Signal
from core.services.tokens import Bearer
from core.services.transactions import in_transaction
from core.vocabulary import (
    AuditAction,
    Origin,
    Outcome,
    SignInMethod,
    TokenScope,
)

REMEMBER_AFTER: Final = timedelta(hours=1)
"""The same groups are written down again after so long, and not sooner.

Where groups count for less than twice as long, after half of that: else who signs
in again because theirs are too old would stay without them.
"""

CONFLICT: Final = "identity_conflict"

_log = structlog.get_logger()


class SignInByToken:
    """Takes a verified ID token for its person, and remembers their groups.

    An e-mail belongs to the subject that came with it first. Another subject of
    the same issuer is refused until an admin says that the address has changed
    hands: otherwise whoever is given a colleague's old address has their power.
    """

    def __init__(
        self,
        *,
        store: Store,
        id_tokens: IdTokens,
        refusals: Refusals,
        clock: Clock,
        signal: Signal,
        groups_max_age: timedelta,
    ) -> None:
        """Keep whom to ask and where to write.

        Args:
            groups_max_age: how long the groups of a sign-in count.
        """
        self._store = store
        self._id_tokens = id_tokens
        self._refusals = refusals
        self._clock = clock
        self._signal = signal
        self._remember_after = min(REMEMBER_AFTER, groups_max_age / 2)

    async def authenticate(
        self, token: str, *, origin: Origin, deadline: Deadline | None = None
    ) -> Bearer:
        """Return the person of an ID token, who may do all they are allowed to.

        Raises:
            NotAuthenticated: the token is not to be believed, the person is
                disabled, or the e-mail is somebody else's.
            IssuerUnavailable: nobody can tell now.
        """
        said = await self._id_tokens.verify(token, deadline)
        async with self._store.snapshot(deadline) as uow:
            person = await uow.principals.get(said.email)
            known = await uow.memberships.of(said.email)
        if person.is_disabled:
            raise NotAuthenticated(why=f"{said.email} is disabled; ask an admin")
        if _is_somebody_else(known, said):
            await self._refuse(said, origin, deadline)
        _check_not_forgotten(known, said)
        if self._is_news(known, said):
            await self._remember(said, origin, deadline)
        return Bearer(
            email=said.email,
            scopes=frozenset(TokenScope),
            expires_at=said.expires_at,
            method=SignInMethod.OIDC,
        )

    async def _remember(
        self, said: SignedIn, origin: Origin, deadline: Deadline | None
    ) -> None:
        """Write down what the token says, unless somebody was faster.

        Raises:
            NotAuthenticated: the person was disabled, or the e-mail became
                somebody else's, meanwhile.
        """

        async def work(uow: UnitOfWork) -> bool:
            person = await uow.principals.hold(said.email)
            known = await uow.memberships.of(said.email)
            if person.is_disabled:
                raise NotAuthenticated(why=f"{said.email} is disabled; ask an admin")
            if _is_somebody_else(known, said):
                return False
            _check_not_forgotten(known, said)
            if self._is_news(known, said):
                await uow.memberships.put(_membership(said))
                await uow.audit.append(self._told(said, known, origin))
            return True

        if not await in_transaction(self._store, work, deadline=deadline):
            await self._refuse(said, origin, deadline)
        if said.groups_note:
            _log.warning("signed_in_without_groups", why=said.groups_note)

    def _is_news(self, known: Membership | None, said: SignedIn) -> bool:
        """Tell whether a token says something later than what is remembered.

        An older one says nothing: it would bring back groups that were taken away.
        """
        if known is None or known.is_forgotten or known.issuer != said.issuer:
            return True
        is_same = known.groups == said.groups
        wait = self._remember_after if is_same else timedelta(0)
        return said.issued_at > known.signed_in_at + wait

    def _told(
        self, said: SignedIn, known: Membership | None, origin: Origin
    ) -> AuditFact:
        before = frozenset[str]() if known is None else known.groups
        details: dict[str, Json] = {
            "issuer": said.issuer,
            "subject": said.subject,
            "groups": sorted(said.groups),
        }
        if gone := sorted(before - said.groups):
            details["groups_gone"] = gone
        if said.groups_note:
            details["groups_note"] = said.groups_note
        if known is not None and known.issuer != said.issuer:
            details["issuer_before"] = known.issuer
            details["subject_before"] = known.subject
        return AuditFact(
            occurred_at=self._clock.now(),
            actor=said.email,
            action=AuditAction.PRINCIPAL_SIGNED_IN,
            outcome=Outcome.SUCCESS,
            origin=origin,
            details=details,
        )

    async def _refuse(
        self, said: SignedIn, origin: Origin, deadline: Deadline | None
    ) -> None:
        """Audit and tell the admins that an e-mail has come with another subject.

        Raises:
            NotAuthenticated: always.
        """
        why = (
            f"{said.email} is known here as somebody else of the same identity "
            "provider; an admin has to look into it"
        )
        await self._refusals.record(
            Actor(email=said.email, origin=origin),
            request_id=None,
            verdict=None,
            code=CONFLICT,
            why=why,
            details={"issuer": said.issuer, "subject": said.subject},
            action=AuditAction.IDENTITY_CONFLICT,
            deadline=deadline,
            promised=[_notice(said)],
        )
        self._signal.ring()
        raise NotAuthenticated(why=why)


def _notice(said: SignedIn) -> NewJob:
    return notice_to_admins(
        f"sign_in:{said.email}",
        f"Somebody signed in as {said.email} who is not the person of that "
        f"name until now: the subject at {said.issuer} is another one. They "
        "were refused. If the address has changed hands, or the account was "
        f"made anew: jitsudo principal forget-sign-in {said.email}",
    )


def _is_somebody_else(known: Membership | None, said: SignedIn) -> bool:
    """Tell whether the same issuer meant another person by this e-mail before.

    Another issuer is another matter: the operator has changed the settings.
    """
    return (
        known is not None
        and not known.is_forgotten
        and known.issuer == said.issuer
        and known.subject != said.subject
    )


def _check_not_forgotten(known: Membership | None, said: SignedIn) -> None:
    """Take nothing from before an e-mail changed hands, whoever's it is.

    Raises:
        NotAuthenticated: it was issued before.
    """
    if known is None or not known.is_forgotten or known.issuer != said.issuer:
        return
    # An issuer tells whole seconds.
    if said.issued_at < known.signed_in_at.replace(microsecond=0):
        raise NotAuthenticated(
            why=f"an admin let {said.email} change hands after this sign-in; sign in "
            "again with `jitsudo login`"
        )


def _membership(said: SignedIn) -> Membership:
    return Membership(
        email=said.email,
        issuer=said.issuer,
        subject=said.subject,
        signed_in_at=said.issued_at,
        groups=said.groups,
    )
