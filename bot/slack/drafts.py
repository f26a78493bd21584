"""What a surface should show now, read from the database in one go."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.slack.alerts import ending_soon, review_due
from bot.slack.blocks import Message
from bot.slack.cards import (
    CardFacts,
    Ping,
    is_awaited,
    minimal_card,
    request_card,
)
from bot.slack.notes import direct_message, thread_line
from bot.slack.pacing import Urgency
from bot.slack.payloads import MessageRef
from bot.slack.standing import is_open
from core.domain.audit import AuditEvent
from core.domain.decision import RequestRecord
from core.domain.lifecycle import FINAL_STATES
from core.domain.surface import Surface
from core.ports import AuditFilter, UnitOfWork
from core.vocabulary import SurfacePurpose

WEEK: Final = timedelta(days=7)
EVENTS_READ: Final = 500

IN_THREAD: Final = frozenset({SurfacePurpose.THREAD, SurfacePurpose.REMINDER})
"""What stands below the request's card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A surface with the facts that its message is made of.

    Attributes:
        card: where the request's card is; None before it is posted.
        events: the audit events of the request, for a line in the thread.
    """

    surface: Surface
    record: RequestRecord
    now: datetime
    requests_this_week: int = 0
    card: MessageRef | None = None
    events: tuple[AuditEvent, ...] = ()

    @property
    def version(self) -> int:
        """Return the version that this draft shows."""
        if self.surface.purpose is SurfacePurpose.THREAD:
            return self.surface.desired_version
        return self.record.request.version

    @property
    def is_open(self) -> bool:
        """Tell whether the request can still be decided."""
        return is_open(self.record.request, self.now)

    @property
    def is_awaited(self) -> bool:
        """Tell whether somebody acts by this very message: decides, or reviews."""
        is_card = self.surface.purpose is SurfacePurpose.CARD
        return is_card and is_awaited(self.record.request, self.now)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing will change any more."""
        request = self.record.request
        return request.state in FINAL_STATES and not request.needs_review

    @property
    def may_call(self) -> bool:
        """Tell whether this is a first post that calls people; an edit never does."""
        if self.surface.ts is not None or self.surface.rendered_version:
            return False
        if self.surface.purpose is SurfacePurpose.REMINDER:
            return self.record.request.needs_review
        return self.is_awaited

    @property
    def urgency(self) -> Urgency:
        """Return how soon this has to be shown; final states go first."""
        match self.surface.purpose:
            case SurfacePurpose.CARD if self.surface.ts is None or not self.is_open:
                return Urgency.FIRST
            case SurfacePurpose.DM | SurfacePurpose.WARNING:
                return Urgency.SOON
            case SurfacePurpose.CARD | SurfacePurpose.THREAD | SurfacePurpose.REMINDER:
                return Urgency.LATER

    def message(self, ping: Ping | None) -> Message | None:
        """Return the message; None where there is nothing to tell.

        Args:
            ping: whom a first post calls; None for anything else.
        """
        match self.surface.purpose:
            case SurfacePurpose.CARD:
                return request_card(self._facts(ping))
            case SurfacePurpose.DM:
                return direct_message(self.record, self.now)
            case SurfacePurpose.THREAD:
                return thread_line(self.record.request, self.version, self.events)
            case SurfacePurpose.WARNING:
                return ending_soon(self.record.request)
            case SurfacePurpose.REMINDER:
                return review_due(self.record.request, ping)

    def minimal(self, ping: Ping | None) -> Message:
        """Return what is shown where Slack found fault with the real message.

        Args:
            ping: as for `message`.
        """
        return minimal_card(self._facts(ping))

    def _facts(self, ping: Ping | None) -> CardFacts:
        return CardFacts(
            record=self.record,
            now=self.now,
            requests_this_week=self.requests_this_week,
            ping=ping,
        )


async def read_draft(uow: UnitOfWork, surface: Surface, *, now: datetime) -> Draft:
    """Read what `surface` should show.

    Raises:
        LookupError: its request is gone, which the database does not allow.
    """
    request = await uow.requests.get(surface.request_id)
    if request is None:
        raise LookupError(surface.request_id)
    decisions = await uow.decisions.of([request.id])
    record = RequestRecord(request=request, decisions=decisions[request.id])
    count = 0
    card: MessageRef | None = None
    events: list[AuditEvent] = []
    if surface.purpose is SurfacePurpose.CARD:
        asked = request.created_at  # later ones would change what was shown
        count = await uow.requests.count_by(
            request.requester, since=asked - WEEK, until=asked
        )
    if surface.purpose in IN_THREAD:
        card = card_among(await uow.surfaces.of(request.id))
    if surface.purpose is SurfacePurpose.THREAD:
        wanted = AuditFilter(request_id=request.id, limit=EVENTS_READ)
        events = await uow.audit.find(wanted)
    return Draft(
        surface=surface,
        record=record,
        now=now,
        requests_this_week=count,
        card=card,
        events=tuple(events),
    )


def card_among(surfaces: list[Surface]) -> MessageRef | None:
    """Return where the first posted card of a request is."""
    for surface in surfaces:
        if surface.purpose is SurfacePurpose.CARD and surface.channel_id and surface.ts:
            return MessageRef(channel_id=surface.channel_id, ts=surface.ts)
    return None
