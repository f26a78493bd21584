"""Whether a grant can be extended: it is in force, and nobody asks already."""

from datetime import datetime, timedelta

from core.domain.request import ElevationRequest
from core.duration import to_text
from core.errors import Invalid, NotFound, WrongState
from core.ports import UnitOfWork
from core.vocabulary import RequestId


def check_in_force(request: ElevationRequest, now: datetime) -> None:
    """Refuse to extend what has ended, is ending or has not begun.

    Raises:
        WrongState: its grant is not in force.
    """
    is_over = request.expires_at is None or now >= request.expires_at
    if request.is_in_force and not is_over:
        return
    raise WrongState(
        request_id=request.id,
        expected="ACTIVE, so that it could be extended",
        actual=f"{request.state.value} ({request.grant_status.value})",
        by=request.ended_by,
        at=request.ended_at,
    )


def check_longer(request: ElevationRequest, duration: timedelta, now: datetime) -> None:
    """Refuse to put a grant that ends sooner in the place of the one there is.

    Args:
        duration: of the new grant, which is issued now at the earliest.

    Raises:
        Invalid: it would end before the old one.
    """
    if request.expires_at is not None and now + duration < request.expires_at:
        left = to_text(request.expires_at - now)
        raise Invalid(
            field="duration",
            why=f"would end before what you have, which has {left} left; it counts "
            "from the new approval",
        )


async def check_extendable(
    uow: UnitOfWork, request_id: RequestId, now: datetime
) -> None:
    """Refuse a second open extension, and one of what has ended meanwhile.

    Raises:
        Invalid: another request asks for more of it already.
        NotFound: there is no such request.
        WrongState: its grant is not in force.
    """
    other = await uow.requests.open_extension_of(request_id)
    if other is not None:
        raise Invalid(
            field="request id",
            why=f"{other.id} already asks for more of it; withdraw that first",
        )
    request = await uow.requests.get(request_id)
    if request is None:
        raise NotFound(what="request", name=request_id)
    check_in_force(request, now)
