"""Brings surfaces up to date: one job, at most one post, an edit as often as needed.

Before a post the row says `sending`; whoever finds it so later knows that the
post may or may not have happened. Slack has no key against doubles, so a card is
posted again and either copy works; anything else is told again at most once.
"""

import uuid
from dataclasses import replace
from typing import Final

import structlog

from bot.slack.blocks import Message
from bot.slack.cards import Ping
from bot.slack.channels import Channels
from bot.slack.client import Delivery, SlackClient
from bot.slack.drafts import IN_THREAD, Draft, read_draft
from bot.slack.failures import INVALID_BLOCKS, SlackNotSent, SlackRefused
from bot.slack.payloads import MessageRef
from bot.slack.people import People
from bot.slack.pings import Pings
from bot.slack.ports import JitsudoPort
from bot.slack.verdicts import AMBIGUOUS, ONCE_MORE, Settlement, settle_failure
from core.domain.job import Job
from core.domain.surface import Surface
from core.errors import SlackFailed
from core.ports import UnitOfWork
from core.services.telling import render
from core.services.transactions import in_transaction
from core.vocabulary import SurfacePurpose, SurfaceState

PATIENT_TRIES: Final = 8
"""So often a card waits for Slack to say whom to call; then it goes without."""

_log = structlog.get_logger()


class SurfaceRenderer:
    """Does render jobs."""

    def __init__(
        self,
        *,
        jitsudo: JitsudoPort,
        client: SlackClient,
        channels: Channels,
        people: People,
        pings: Pings,
    ) -> None:
        """Keep what rendering needs."""
        self._jitsudo = jitsudo
        self._client = client
        self._channels = channels
        self._people = people
        self._pings = pings

    async def run(self, job: Job) -> None:
        """Bring one surface up to date and finish the job, or try it again later.

        Raises:
            DependencyError: the database did not answer; the worker tries again.
        """
        draft = await self._begin(job)
        if draft is None:
            return
        try:
            at = await self._show(draft, attempts=job.attempts)
        except SlackFailed as failure:
            await self._failed(job, draft, failure)
        else:
            await self._shown(job, draft, at)

    async def _begin(self, job: Job) -> Draft | None:
        """Read what to show and, before a post, note that it is being sent.

        Returns:
            None where there is nothing to do; then the job is finished.
        """
        now = self._jitsudo.clock.now()

        async def work(uow: UnitOfWork) -> Draft | None:
            surface = await uow.surfaces.lock(int(job.payload["surface_id"]))
            if surface is None or _is_done(surface):
                await uow.jobs.finish(job)
                return None
            draft = await read_draft(uow, surface, now=now)
            if surface.ts is not None:
                return draft
            if _has_no_place(draft):
                await uow.jobs.finish(job)
                return None
            if _is_told_twice(surface):
                parked = replace(surface, state=SurfaceState.PARKED)
                await uow.surfaces.save(parked)
                await uow.jobs.finish(job)
                return None
            sending = _sending(surface, draft)
            await uow.surfaces.save(sending)
            return replace(draft, surface=sending)

        return await in_transaction(self._jitsudo.store, work)

    async def _show(self, draft: Draft, *, attempts: int) -> MessageRef | None:
        """Post or edit; fall back to a plain text that Slack cannot refuse.

        Returns:
            Where the message is; None where there is nothing to tell.
        """
        ping = await self._ping(draft, attempts=attempts) if draft.may_call else None
        message = draft.message(ping)
        if message is None:
            return None
        try:
            return await self._send(draft, message)
        except SlackRefused as refusal:
            if refusal.error not in INVALID_BLOCKS:
                raise
            _log.error("message_refused", surface=draft.surface.id, why=refusal.why)
            return await self._send(draft, draft.minimal(ping))

    async def _ping(self, draft: Draft, *, attempts: int) -> Ping:
        """Return whom a first post calls; waits for Slack, but not for ever.

        Raises:
            SlackNotSent: Slack does not say who they are just now.
        """
        try:
            return await self._pings.of(draft.record.request)
        except SlackNotSent:
            if attempts <= PATIENT_TRIES:
                raise
            return Ping(why_nobody="Slack did not say who they are")

    async def _send(self, draft: Draft, message: Message) -> MessageRef:
        surface = draft.surface
        if surface.ts is not None and surface.channel_id is not None:
            at = MessageRef(channel_id=surface.channel_id, ts=surface.ts)
            await self._client.update(at, message, urgency=draft.urgency)
            return at
        channel, thread_ts = await self._destination(draft)
        return await self._client.post(
            channel,
            message,
            delivery=Delivery(
                delivery_id=surface.delivery_id or "", request_id=surface.request_id
            ),
            urgency=draft.urgency,
            thread_ts=thread_ts,
        )

    async def _destination(self, draft: Draft) -> tuple[str, str | None]:
        """Return the channel to post in, and the thread."""
        surface = draft.surface
        if surface.purpose is SurfacePurpose.CARD:
            return await self._channels.admit(surface.destination), None
        if surface.purpose in IN_THREAD and draft.card is not None:
            return draft.card.channel_id, draft.card.ts
        user_id = await self._people.user_id_of(surface.destination)
        if user_id is None:
            raise SlackRefused(method="users.lookupByEmail", error="users_not_found")
        return user_id, None

    async def _shown(self, job: Job, draft: Draft, at: MessageRef | None) -> None:
        """Note what is shown now, and where."""

        async def work(uow: UnitOfWork) -> None:
            surface = await uow.surfaces.lock(draft.surface.id)
            if surface is None:
                await uow.jobs.finish(job)
                return
            is_first = at is not None and surface.ts is None
            is_behind = surface.desired_version > max(
                surface.rendered_version, draft.version
            )
            settle = uow.jobs.release if is_behind else uow.jobs.finish
            if not await settle(job) and not is_first:
                # Another worker has it: it knows better how the surface is, but
                # not where this one posted, if nobody had posted before.
                _log.warning("surface_shown_without_lease", surface=surface.id)
                return
            shown = replace(
                surface,
                state=SurfaceState.POSTED,
                rendered_version=max(surface.rendered_version, draft.version),
                channel_id=at.channel_id if at else surface.channel_id,
                ts=at.ts if at else surface.ts,
                attempts=0,
                error="",
            )
            await uow.surfaces.save(shown)
            if is_first and surface.purpose is SurfacePurpose.CARD:
                await self._bring_thread(uow, shown)

        await in_transaction(self._jitsudo.store, work)
        self._jitsudo.signal.ring()

    async def _bring_thread(self, uow: UnitOfWork, card: Surface) -> None:
        """Promise the lines that waited for the card to have a thread."""
        for other in await uow.surfaces.of(card.request_id):
            if other.purpose in IN_THREAD and not _is_done(other):
                await uow.jobs.add(render(other))

    async def _failed(self, job: Job, draft: Draft, failure: SlackFailed) -> None:
        """Note what became of the call, and whether and when to try again."""
        settlement = settle_failure(draft, failure, tries=job.attempts)
        _log.log(
            settlement.log_level,
            "surface_not_shown",
            surface=draft.surface.id,
            purpose=draft.surface.purpose,
            method=failure.method,
            why=failure.why,
            state=settlement.state,
        )

        async def work(uow: UnitOfWork) -> None:
            surface = await uow.surfaces.lock(draft.surface.id)
            if settlement.retry_after is None:
                is_ours = await uow.jobs.finish(job)
            else:
                is_ours = await uow.jobs.retry(
                    job, after=settlement.retry_after, error=str(failure)
                )
            # Without the lease another worker knows better how the surface is.
            if is_ours and surface is not None:
                await uow.surfaces.save(_settled(surface, settlement))

        await in_transaction(self._jitsudo.store, work)


def _is_done(surface: Surface) -> bool:
    """Tell whether what is wanted is shown already, or was found to be nothing."""
    return (
        surface.state is SurfaceState.POSTED
        and surface.rendered_version >= surface.desired_version
    )


def _has_no_place(draft: Draft) -> bool:
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


def _is_told_twice(surface: Surface) -> bool:
    """Tell whether a message may have been posted twice already."""
    return (
        surface.purpose is not SurfacePurpose.CARD
        and surface.state is SurfaceState.SENDING
        and surface.error.startswith(ONCE_MORE)
    )


def _sending(surface: Surface, draft: Draft) -> Surface:
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


def _settled(surface: Surface, settlement: Settlement) -> Surface:
    is_lost = settlement.state is SurfaceState.GONE
    return replace(
        surface,
        state=settlement.state,
        error=settlement.error,
        channel_id=None if is_lost else surface.channel_id,
        ts=None if is_lost else surface.ts,
    )
