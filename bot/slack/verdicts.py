"""What follows from a call that failed: the surface's state, and the next try."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.slack.drafts import Draft
from bot.slack.failures import (
    MESSAGE_LOST,
    SlackAmbiguous,
    SlackCredential,
    SlackNotSent,
    SlackRefused,
)
from core.errors import SlackFailed
from core.services.backoff import pause_after
from core.vocabulary import SurfacePurpose, SurfaceState

AMBIGUOUS: Final = "ambiguous"
"""How the error of a surface begins that may or may not have been posted."""

ONCE_MORE: Final = "sent again"
"""How it begins once it was posted again because of that."""

PARKED_PAUSE: Final = timedelta(minutes=10)
"""How soon a parked card is tried again: the bot may have been invited."""

PARKED_TRIES: Final = 150
"""About a day of that; then only a change of the request tries it again."""

CREDENTIAL_PAUSE: Final = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How a surface goes on.

    Attributes:
        retry_after: None ends the job.
    """

    state: SurfaceState
    error: str
    retry_after: timedelta | None
    log_level: int = logging.WARNING


def settle_failure(draft: Draft, failure: SlackFailed, *, tries: int) -> Settlement:
    """Return what follows from `failure`.

    Args:
        tries: how often the job was claimed, this time included.
    """
    match failure:
        case SlackRefused():
            return _refused(draft, failure, tries)
        case SlackCredential():
            return _unsent(draft, CREDENTIAL_PAUSE, level=logging.ERROR)
        case SlackNotSent(retry_after_seconds=None):
            return _unsent(draft, pause_after(tries))
        case SlackNotSent(retry_after_seconds=float(seconds)):
            pause = timedelta(seconds=max(seconds, 0.1))
            return _unsent(draft, pause, level=logging.INFO)
        case SlackAmbiguous():
            return _unclear(draft, failure, tries)
        case _:
            return _unsent(draft, pause_after(tries))


def _unsent(
    draft: Draft, pause: timedelta, *, level: int = logging.WARNING
) -> Settlement:
    """Return what was known before, since nothing happened."""
    surface = draft.surface
    if surface.ts is not None:
        state = SurfaceState.POSTED
    elif surface.error.startswith((AMBIGUOUS, ONCE_MORE)):
        state = SurfaceState.AMBIGUOUS
    else:
        state = SurfaceState.PENDING
    error = surface.error.removeprefix(f"{ONCE_MORE}, after ")
    return Settlement(state=state, error=error, retry_after=pause, log_level=level)


def _unclear(draft: Draft, failure: SlackFailed, tries: int) -> Settlement:
    """Return what follows when nobody knows; an edit is safe to repeat."""
    surface = draft.surface
    pause = pause_after(tries)
    if surface.ts is not None:
        return Settlement(
            state=SurfaceState.POSTED, error=surface.error, retry_after=pause
        )
    is_second = surface.error.startswith(ONCE_MORE)
    if is_second and surface.purpose is not SurfacePurpose.CARD:
        error = f"{ONCE_MORE}: {failure.why}"
        return Settlement(state=SurfaceState.PARKED, error=error, retry_after=None)
    error = f"{AMBIGUOUS}: {failure.why}"
    return Settlement(state=SurfaceState.AMBIGUOUS, error=error, retry_after=pause)


def _refused(draft: Draft, failure: SlackRefused, tries: int) -> Settlement:
    """Return what follows from a no: posted anew if it was deleted, else parked."""
    if failure.error in MESSAGE_LOST and draft.surface.ts is not None:
        again = timedelta(0) if draft.is_awaited else None
        return Settlement(state=SurfaceState.GONE, error=failure.why, retry_after=again)
    is_card = draft.surface.purpose is SurfacePurpose.CARD
    again = PARKED_PAUSE if is_card and tries < PARKED_TRIES else None
    if draft.is_over and draft.surface.ts is None:
        again = None
    return Settlement(
        state=SurfaceState.PARKED,
        error=failure.why,
        retry_after=again,
        log_level=logging.ERROR,
    )
