"""Shuts somebody out: nothing new from now on, and what they have is ended."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Final

from core.approvals import Departure
from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.job import Job, NewJob
from core.domain.principal import Actor, normalise_email, vouchers
from core.domain.request import ElevationRequest
from core.domain.text import checked_prose
from core.domain.token import Token
from core.errors import Invalid
from core.ports import Clock, RequestFilter, Store, UnitOfWork
from core.services.notices import notice_to_admins
from core.services.reading import lock_request
from core.services.revoke import start_revoking
from core.services.signal import Signal
from core.services.tokens import Tokens
from core.services.transactions import in_transaction
from core.services.withdraw import withdraw_locked
from core.vocabulary import (
    AuditAction,
    JobKind,
    Origin,
    Outcome,
    RequestId,
    RequestState,
)

_OPEN: Final = frozenset(
    {RequestState.PENDING, RequestState.APPROVED, RequestState.ACTIVE}
)
_PAGE: Final = 100

_MOST_NAMED: Final = 20
"""Tokens that one notice names."""

_EVIDENCE: Final = "evidence."
"""Before the name of each piece of the actor's evidence, in the job's payload."""


class Offboard:
    """Disables people in one transaction, and ends what is theirs in a job.

    From that transaction on no request of theirs is stored, nothing they decide
    counts and no token of theirs is valid; the job only cleans up.
    """

    def __init__(
        self, *, store: Store, tokens: Tokens, clock: Clock, signal: Signal
    ) -> None:
        """Keep what shutting out needs."""
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._signal = signal

    async def disable(
        self, actor: Actor, email: str, *, reason: str, deadline: Deadline | None
    ) -> Departure:
        """Shut a person out; again answers with what is still open.

        Raises:
            Invalid: the e-mail or the reason cannot be, or it is the actor.
        """
        email = normalise_email(email)
        reason = checked_prose("reason", reason, required=True)
        if email == actor.email:
            raise Invalid(field="e-mail", why="is your own; ask another admin")

        async def work(uow: UnitOfWork) -> Departure:
            row = await uow.principals.hold(email)
            now = self._clock.now()
            departure = Departure(
                email=email,
                is_disabled=True,
                requests=await self._all_open(uow, email),
                tokens=len(await uow.tokens.valid_of(email, at=now)),
            )
            if not row.is_disabled:
                await uow.principals.put(replace(row, is_disabled=True))
                await uow.jobs.add(_clean_up(actor, email, reason))
                told = _left_behind(email, await uow.tokens.valid_for_others(at=now))
                if told is not None:
                    await uow.jobs.add(told)
                await uow.audit.append(
                    self._fact(actor, AuditAction.PRINCIPAL_DISABLED, email, reason)
                )
            return departure

        departure = await in_transaction(self._store, work, deadline=deadline)
        self._signal.ring()
        return departure

    async def enable(
        self, actor: Actor, email: str, *, deadline: Deadline | None
    ) -> Departure:
        """Let a person in again; what was ended stays ended.

        Raises:
            Invalid: the e-mail cannot be.
        """
        email = normalise_email(email)

        async def work(uow: UnitOfWork) -> None:
            row = await uow.principals.hold(email)
            if not row.is_disabled:
                return
            await uow.principals.put(replace(row, is_disabled=False))
            await uow.audit.append(
                self._fact(actor, AuditAction.PRINCIPAL_ENABLED, email, "")
            )

        await in_transaction(self._store, work, deadline=deadline)
        return Departure(email=email, is_disabled=False)

    async def run(self, job: Job) -> None:
        """End what a disabled person has, one transaction for each thing.

        Raises:
            DependencyError: the store failed; the job is tried again and goes on.
        """
        told = job.payload
        actor = Actor(
            email=told["by"],
            origin=Origin(told["origin"]),
            evidence={
                name.removeprefix(_EVIDENCE): value
                for name, value in told.items()
                if name.startswith(_EVIDENCE)
            },
        )
        email, why = told["email"], f"{told['email']} is disabled: {told['reason']}"
        async with self._store.snapshot() as uow:
            is_still_out = (await uow.principals.get(email)).is_disabled
            now = self._clock.now()
            tokens = await uow.tokens.valid_of(email, at=now) if is_still_out else []
        for token in tokens:
            await self._tokens.revoke(actor, token.id, owner=email)
        await self._each_open(email, self._ending(actor, why))

        async def done(uow: UnitOfWork) -> None:
            await uow.jobs.finish(job)

        await in_transaction(self._store, done)
        self._signal.ring()

    async def _each_open(
        self, email: str, end: Callable[[RequestId], Awaitable[None]]
    ) -> None:
        """Call `end` with every open request of a person."""
        before: RequestId | None = None
        while True:
            async with self._store.snapshot() as uow:
                if not (await uow.principals.get(email)).is_disabled:
                    return  # let in again: what is open now is not meant
                page = await self._open(uow, email, before)
            for request in page:
                await end(request.id)
            if len(page) < _PAGE:
                return
            before = page[-1].id

    def _ending(self, actor: Actor, why: str) -> Callable[[RequestId], Awaitable[None]]:
        async def end(request_id: RequestId) -> None:
            async def work(uow: UnitOfWork) -> None:
                request = await lock_request(uow, request_id)
                now = self._clock.now()
                if request.state is RequestState.PENDING:
                    await withdraw_locked(
                        uow, request, actor=actor, reason=why, now=now
                    )
                elif request.state in _OPEN and not request.is_ending:
                    await start_revoking(uow, request, actor=actor, reason=why, now=now)

            await in_transaction(self._store, work)
            self._signal.ring()

        return end

    async def _all_open(self, uow: UnitOfWork, email: str) -> tuple[RequestId, ...]:
        found: list[RequestId] = []
        while True:
            page = await self._open(uow, email, found[-1] if found else None)
            found += [request.id for request in page]
            if len(page) < _PAGE:
                return tuple(found)

    async def _open(
        self, uow: UnitOfWork, email: str, before: RequestId | None
    ) -> list[ElevationRequest]:
        wanted = RequestFilter(
            requester=email, states=_OPEN, before=before, limit=_PAGE
        )
        return await uow.requests.find(wanted)

    def _fact(
        self, actor: Actor, action: AuditAction, email: str, reason: str
    ) -> AuditFact:
        return AuditFact(
            occurred_at=self._clock.now(),
            actor=actor.email,
            action=action,
            outcome=Outcome.SUCCESS,
            origin=actor.origin,
            details={"email": email, "why": reason, **actor.evidence},
        )


def lane_of_person(email: str) -> str:
    """Return the lane of the job that ends everything of one person."""
    return f"principal:{email}"


def _left_behind(issuer: str, tokens: Iterable[Token]) -> NewJob | None:
    """Return what the admins are told of tokens whose secrets somebody saw who left.

    Args:
        tokens: all that are valid and were made for others.

    Returns:
        None if none of them is theirs.
    """
    theirs = [
        f"{token.id} ({token.email})"
        for token in tokens
        if issuer in vouchers(token.created_by) and token.email != issuer
    ]
    if not theirs:
        return None
    more = len(theirs) - _MOST_NAMED
    shown = ", ".join(theirs[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return notice_to_admins(
        f"tokens_of:{issuer}",
        f"{issuer} is disabled, and has seen the secrets of tokens that they issued "
        f"for others: {shown}. None of them approves or administers any more. Issue "
        "new ones in their place, and end each with `jitsudo token revoke`",
    )


def _clean_up(actor: Actor, email: str, reason: str) -> NewJob:
    return NewJob(
        kind=JobKind.OFFBOARD,
        lane=lane_of_person(email),
        key=f"offboard:{email}",
        payload={
            "email": email,
            "reason": reason,
            "by": actor.email,
            "origin": actor.origin.value,
            **{_EVIDENCE + name: value for name, value in actor.evidence.items()},
        },
    )
