"""What a change of a request always brings along: audit facts and surfaces."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.domain.audit import AuditFact, Json
from core.domain.job import NewJob
from core.domain.principal import Actor
from core.domain.request import Ask, ElevationRequest
from core.domain.surface import DEFAULT_CHANNEL, Surface
from core.ports import UnitOfWork
from core.vocabulary import (
    AuditAction,
    JobKind,
    Origin,
    Outcome,
    RequestState,
    SurfacePurpose,
)

SYSTEM = Actor(email="system", origin=Origin.SYSTEM)
"""Who acts when time or a worker does."""


def lane_of(request: ElevationRequest) -> str:
    """Return the lane that a request's issue, revoke, expire and lapse share.

    Requests whose grants are one thing to the cloud share one.
    """
    return request.lane or f"request:{request.id}"


def fact_about(
    request: ElevationRequest,
    action: AuditAction,
    *,
    actor: Actor,
    now: datetime,
    outcome: Outcome = Outcome.SUCCESS,
    details: Mapping[str, Json] | None = None,
) -> AuditFact:
    """Return what happened to `request`, with what was asked and the evidence."""
    return AuditFact(
        occurred_at=now,
        actor=actor.email,
        action=action,
        outcome=outcome,
        origin=actor.origin,
        request_id=request.id,
        details={
            "version": request.version,
            "requester": request.requester,
            **asked(request.ask),
            **(details or {}),
            **actor.evidence,
        },
    )


def asked(ask: Ask) -> dict[str, Json]:
    """Return what was asked, as every audit event about it says."""
    return {
        "provider": ask.provider,
        "role": ask.role,
        "resource_scope": ask.resource_scope,
        "duration_seconds": int(ask.duration.total_seconds()),
        "reason": ask.reason,
        **({"break_glass": True} if ask.break_glass else {}),
    }


async def show(
    uow: UnitOfWork,
    request: ElevationRequest,
    *,
    promised: Sequence[NewJob] = (),
    tells_requester: bool = False,
) -> None:
    """Ask every surface of `request` to show its newest version.

    The card goes to the channel policy named, with every duplicate of it; the
    requester gets a DM once there is an outcome; the thread gets one line for
    each version.

    Args:
        promised: the other jobs of this change, added in the same statement.
        tells_requester: whether the requester gets a message of its own for this:
            an edit of the one they have calls nobody.
    """
    known = await uow.surfaces.of(request.id)
    card = request.routing.channel or DEFAULT_CHANNEL
    wanted = {(s.purpose, s.destination) for s in known if _follows(s)}
    wanted.add((SurfacePurpose.CARD, card))
    wanted.add((SurfacePurpose.THREAD, f"v{request.version}"))
    if request.state is not RequestState.PENDING:
        wanted.add((SurfacePurpose.DM, request.requester))
    if tells_requester:
        wanted.add((SurfacePurpose.WARNING, request.requester))
    surfaces = await uow.surfaces.want_all(request.id, wanted, version=request.version)
    renders = (render(surface) for surface in surfaces)
    await uow.jobs.add_all([*promised, *renders])


def _follows(surface: Surface) -> bool:
    """Tell whether a surface shows the newest version, not one moment of it."""
    return surface.purpose not in {SurfacePurpose.THREAD, SurfacePurpose.REMINDER}


def render(surface: Surface) -> NewJob:
    """Return the job that brings a surface up to date."""
    return NewJob(
        kind=JobKind.RENDER,
        lane=f"surface:{surface.id}",
        key=f"surface:{surface.id}",
        payload={"surface_id": str(surface.id)},
    )
