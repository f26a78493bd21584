"""What a surface's row says of attempts to show it: before, during and after."""

import uuid
from dataclasses import replace

from bot.slack.drafts import IN_THREAD, Draft
from bot.slack.verdicts import AMBIGUOUS, ONCE_MORE, Settlement
from core.domain.surface import Surface
from core.vocabulary import SurfacePurpose, SurfaceState


def is_done(surface: Surface) -> bool:
    """Tell whether what is wanted is shown already, or was found to be nothing."""
    return (
        surface.state is SurfaceState.POSTED
        and surface.rendered_version >= surface.desired_version
    )


def has_no_place(draft: Draft) -> bool:
    """Tell whether there is nowhere to post, now or for good.

    A line in the thread waits until the card's first post brings its job back; a
    message that was deleted is posted anew only while there is something to
    do on it, and a second copy never.
    """
    surface = draft.surface
    if surface.purpose in IN_THREAD:
        return draft.card is None
    is_copy = ":" in surface.destination
    return surface.state is SurfaceState.GONE and (is_copy or not draft.is_awaited)


def is_told_twice(surface: Surface) -> bool:
    """Tell whether a message may have been posted twice already."""
    return (
        surface.purpose is not SurfacePurpose.CARD
        and surface.state is SurfaceState.SENDING
        and surface.error.startswith(ONCE_MORE)
    )


def sending(surface: Surface, draft: Draft) -> Surface:
    """Return the surface as it is stored before a post."""
    error = surface.error
    if surface.state is SurfaceState.SENDING:  # whoever was sending stopped there
        error = f"{AMBIGUOUS}: stopped while sending"
    if error.startswith(AMBIGUOUS):
        error = f"{ONCE_MORE}, after {error}"
    return replace(
        surface,
        state=SurfaceState.SENDING,
        delivery_id=str(uuid.uuid4()),
        attempts=surface.attempts + 1,
        attempted_at=draft.now,
        error=error,
    )


def settled(surface: Surface, settlement: Settlement) -> Surface:
    """Return the surface as it is stored after an attempt that failed."""
    is_lost = settlement.state is SurfaceState.GONE
    return replace(
        surface,
        state=settlement.state,
        error=settlement.error,
        channel_id=None if is_lost else surface.channel_id,
        ts=None if is_lost else surface.ts,
    )
