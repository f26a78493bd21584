"""What people ask for: a request for each different ask, what is pending first."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from core.domain.request import ElevationRequest
from core.ports import RequestFilter, Store
from core.vocabulary import RequestState

LOOK_BACK: Final = timedelta(days=30)
MOST_READ: Final = 2_000
"""Most requests that are read to find what is asked for."""
MOST_ASKS: Final = 200
"""Most different asks."""

_PAGE: Final = 500


async def asked_lately(
    store: Store, now: datetime, *, most_requesters: int
) -> list[ElevationRequest]:
    """Return a request for each different (requester, provider, role, scope).

    Args:
        most_requesters: of how many people, what is pending and new first.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    since = now - LOOK_BACK
    pending = RequestFilter(states=frozenset({RequestState.PENDING}), limit=_PAGE)
    async with store.snapshot() as uow:
        found = await uow.requests.find(pending)
    last = None
    while len(found) < MOST_READ:
        # One short transaction for each page.
        async with store.snapshot() as uow:
            page = await uow.requests.find(RequestFilter(before=last, limit=_PAGE))
        found += [request for request in page if request.created_at >= since]
        if len(page) < _PAGE or page[-1].created_at < since:
            break
        last = page[-1].id
    different = {_what(request): request for request in reversed(found)}
    requests = _pending_first(different.values())
    people = list(dict.fromkeys(request.requester for request in requests))
    few = frozenset(people[:most_requesters])
    return [one for one in requests if one.requester in few][:MOST_ASKS]


def _what(request: ElevationRequest) -> tuple[str, str, str, str]:
    ask = request.ask
    return (request.requester, ask.provider, ask.role, ask.resource_scope)


def _pending_first(requests: Iterable[ElevationRequest]) -> list[ElevationRequest]:
    newest = sorted(requests, key=lambda request: request.id, reverse=True)
    return sorted(newest, key=lambda one: one.state is not RequestState.PENDING)
