"""What is sent twice under one key is one request."""

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.principal import Actor
from core.domain.request import Ask, ElevationRequest
from core.errors import Conflict
from core.ports import Store
from core.vocabulary import RequestId


def stored_key(actor: Actor, key: str) -> str | None:
    """Return a submission's key as it is stored; None for an empty one.

    One person's key is no other's, and one transport's no other's.
    """
    return f"{actor.email}:{actor.origin}:{key}" if key else None


def same_as(
    known: ElevationRequest, ask: Ask, extends: RequestId | None
) -> ElevationRequest:
    """Return the request that was stored before, if it is for the same.

    Raises:
        Conflict: it is for something else.
    """
    if known.ask != ask or known.extends != extends:
        raise Conflict(what=f"request {known.id}, sent under the same key,")
    return known


async def find_same(
    store: Store,
    key: str | None,
    ask: Ask,
    extends: RequestId | None,
    deadline: Deadline | None,
) -> RequestRecord | None:
    """Return the request that a stored key stands for, as it is now.

    Raises:
        Conflict: it is for something else.
    """
    if key is None:
        return None
    async with store.snapshot(deadline) as uow:
        known = await uow.requests.by_submission(key)
        if known is None:
            return None
        decisions = await uow.decisions.of([known.id])
    request = same_as(known, ask, extends)
    return RequestRecord(request=request, decisions=decisions[known.id])
