"""Reads requests together with their decisions."""

from collections.abc import Mapping

from core.clock import Deadline
from core.domain.decision import RequestRecord
from core.domain.request import ElevationRequest
from core.errors import NotFound
from core.ports import PrincipalRow, Store, UnitOfWork
from core.vocabulary import RequestId


async def read_record(
    store: Store, request_id: RequestId, deadline: Deadline | None
) -> RequestRecord:
    """Return a request with its decisions as they are now.

    Raises:
        NotFound: there is no such request.
        StoreUnavailable: the database does not answer.
    """
    async with store.snapshot(deadline) as uow:
        request = await uow.requests.get(request_id)
        if request is None:
            raise NotFound(what="request", name=request_id)
        decisions = await uow.decisions.of([request_id])
    return RequestRecord(request=request, decisions=decisions[request_id])


async def read_case(
    store: Store, request_id: RequestId, actor: str, deadline: Deadline | None
) -> tuple[RequestRecord, Mapping[str, PrincipalRow]]:
    """Return a request and what is stored of everybody who matters to a verdict.

    Args:
        actor: the e-mail of the acting person.

    Returns:
        The record, and the rows of the actor, the requester and every approver
        by their e-mail; all as of one moment.

    Raises:
        NotFound: there is no such request.
        StoreUnavailable: the database does not answer.
    """
    async with store.snapshot(deadline) as uow:
        request = await uow.requests.get(request_id)
        if request is None:
            raise NotFound(what="request", name=request_id)
        decisions = (await uow.decisions.of([request_id]))[request_id]
        people = {actor, request.requester, *(d.approver for d in decisions)}
        rows = await uow.principals.of(people)
    return RequestRecord(request=request, decisions=decisions), rows


async def lock_request(uow: UnitOfWork, request_id: RequestId) -> ElevationRequest:
    """Return a request, kept from changing until the transaction ends.

    Raises:
        NotFound: there is no such request.
    """
    request = await uow.requests.lock(request_id)
    if request is None:
        raise NotFound(what="request", name=request_id)
    return request
