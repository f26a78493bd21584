"""Asks for more of what one has: a new request, decided like any other."""

from dataclasses import replace
from datetime import timedelta

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.principal import Actor
from core.domain.request import checked_ask
from core.errors import NotAllowed, NotFound, WrongState
from core.ports import Clock, Store
from core.services.extendable import check_in_force, check_longer
from core.services.people import People
from core.services.reading import read_record
from core.services.submissions import find_same, stored_key
from core.services.submit import Submission, Submit
from core.services.visibility import Visibility
from core.vocabulary import RequestId


class Extend:
    """Submits a request that takes the place of a grant that is in force."""

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        visibility: Visibility,
        submit: Submit,
        clock: Clock,
    ) -> None:
        """Keep what extending needs."""
        self._store = store
        self._people = people
        self._visibility = visibility
        self._submit = submit
        self._clock = clock

    async def extend(
        self,
        actor: Actor,
        request_id: RequestId,
        *,
        duration: timedelta,
        reason: str,
        key: str,
        deadline: Deadline | None,
    ) -> RequestRecord:
        """Ask for the same role again; the old grant ends when the new one runs.

        Args:
            duration: of the new grant, counted from when it is issued.
            reason: empty for the reason of the request that is extended.
            key: as `Submission.key`.

        Raises:
            Invalid: naming the field; or another extension is open.
            NotFound: there is none, or it is not this actor's business.
            NotAllowed: it is somebody else's, or the actor is disabled.
            NotEligible: with policy's reason.
            WrongState: its grant is not in force.
            Conflict: something else was asked for under the same key.
            PolicyUnavailable: nothing was stored.
        """
        await self._people.check_enabled(actor.email, deadline)
        record = await read_record(self._store, request_id, deadline)
        await self._check_own(actor, record, deadline)
        request = record.request
        ask = checked_ask(
            replace(
                request.ask,
                duration=duration,
                reason=reason.strip() or request.ask.reason,
                break_glass=False,
            )
        )
        try:
            check_in_force(request, self._clock.now())
        except WrongState:
            # What was asked for before may be what ended it.
            known = await find_same(
                self._store, stored_key(actor, key), ask, request.id, deadline
            )
            if known is None:
                raise
            return known
        check_longer(request, duration, self._clock.now())
        submission = Submission(ask=ask, key=key, extends=request.id)
        return await self._submit.submit(actor, submission, deadline)

    async def _check_own(
        self, actor: Actor, record: RequestRecord, deadline: Deadline | None
    ) -> None:
        requester = record.request.requester
        if requester == actor.email:
            return
        person = await self._people.principal(actor.email, deadline)
        if await self._visibility.may_see(
            person, record, origin=actor.origin, deadline=deadline
        ):
            raise NotAllowed(reason=f"only {requester} can extend this grant")
        raise NotFound(what="request", name=record.request.id)
