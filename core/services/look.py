"""Shows requests to those who may see them."""

from datetime import timedelta
from typing import Final

from core.approvals import RequestPage, RequestQuery
from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.principal import Actor, Principal, normalise_email
from core.errors import DeadlineExceeded, NotAllowed, NotFound
from core.ports import RequestFilter, Store
from core.services.pages import check_limit
from core.services.people import People
from core.services.reading import read_record
from core.services.signal import Signal
from core.services.visibility import Visibility
from core.vocabulary import RequestId

POLL_SECONDS: Final = 1.0
"""How soon a change by another replica is seen; one's own is seen at once."""


class Look:
    """Reads requests; changes nothing."""

    def __init__(
        self, *, store: Store, people: People, visibility: Visibility, signal: Signal
    ) -> None:
        """Keep what reading needs."""
        self._store = store
        self._people = people
        self._visibility = visibility
        self._signal = signal

    async def get(
        self,
        actor: Actor,
        request_id: RequestId,
        *,
        wait: timedelta | None,
        since_version: int,
        deadline: Deadline | None,
        sees_all: bool = False,
    ) -> RequestRecord:
        """Return a request, waiting for a newer version if asked to.

        Args:
            sees_all: the actor is an operator, who is nobody's principal.

        Raises:
            NotFound: there is none, or the actor may not see it.
            NotAllowed: the actor is disabled.
        """
        mark = self._signal.mark()
        person = None if sees_all else await self._enabled(actor, deadline)
        record = await read_record(self._store, request_id, deadline)
        await self._check_visible(actor, person, record, deadline)
        if wait is None or record.request.version > since_version:
            return record
        patience = Deadline(seconds=wait.total_seconds())
        while record.request.version <= since_version:
            try:
                left = patience.remaining()
            except DeadlineExceeded:
                break
            await self._signal.wait(min(left, POLL_SECONDS), since=mark)
            mark = self._signal.mark()
            record = await read_record(self._store, request_id, None)
        # Whoever waited a minute may have left the group, or been disabled.
        person = None if sees_all else await self._enabled(actor, None)
        await self._check_visible(actor, person, record, None)
        return record

    async def _check_visible(
        self,
        actor: Actor,
        person: Principal | None,
        record: RequestRecord,
        deadline: Deadline | None,
    ) -> None:
        if person is not None and not await self._visibility.may_see(
            person, record, origin=actor.origin, deadline=deadline
        ):
            raise NotFound(what="request", name=record.request.id)

    async def list(
        self,
        actor: Actor,
        query: RequestQuery,
        deadline: Deadline | None,
        *,
        sees_all: bool = False,
    ) -> RequestPage:
        """Return a page of what the actor may see, newest first.

        Args:
            sees_all: the actor is an operator, who is nobody's principal.

        Raises:
            Invalid: the limit or the requester's e-mail cannot be.
            NotAllowed: the actor is disabled.
        """
        check_limit(query.limit)
        person = None if sees_all else await self._enabled(actor, deadline)
        requester = query.requester and normalise_email(query.requester)
        if query.mine and requester not in {None, "", actor.email}:
            return RequestPage(records=())
        wanted = RequestFilter(
            requester=actor.email if query.mine else requester or None,
            states=query.states,
            visible_to=None if person is None or person.is_auditor else person,
            needs_review=query.needs_review,
            before=query.before,
            limit=query.limit + 1,
        )
        async with self._store.snapshot(deadline) as uow:
            found = await uow.requests.find(wanted)
            page = found[: query.limit]
            decisions = await uow.decisions.of([request.id for request in page])
        return RequestPage(
            records=tuple(
                RequestRecord(request=request, decisions=decisions[request.id])
                for request in page
            ),
            next_before=page[-1].id if len(found) > query.limit else None,
        )

    async def _enabled(self, actor: Actor, deadline: Deadline | None) -> Principal:
        person = await self._people.principal(actor.email, deadline)
        if person.is_disabled:
            raise NotAllowed(reason=f"{actor.email} is disabled; ask an admin")
        return person
