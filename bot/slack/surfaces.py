"""Brings surfaces up to date: one job, at most one post, an edit as often as needed.

Before a post the row says `sending`; whoever finds it so later knows that the
post may or may not have happened. Slack has no key against doubles, so a card is
posted again and either copy works; anything else is told again at most once.
"""

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from bot.slack.attempts import (
    has_no_place,
    is_done,
    is_told_twice,
    sending,
    settled,
)
from bot.slack.blocks import Message
from bot.slack.cards import Ping
from bot.slack.channels import Channels
from bot.slack.client import Delivery, SlackClient
from bot.slack.drafts import IN_THREAD, Draft, read_draft
from bot.slack.failures import INVALID_BLOCKS, SlackNotSent, SlackRefused
from bot.slack.pacing import POST, UPDATE
from bot.slack.payloads import MessageRef
from bot.slack.people import People
from bot.slack.pings import Pings
from bot.slack.ports import JitsudoPort
from bot.slack.verdicts import settle_failure
from core.clock import Deadline
from core.domain.job import Job
from core.domain.surface import Surface
from core.errors import DeadlineExceeded, SlackFailed
from core.ports import UnitOfWork
from core.services.telling import render
from core.services.transactions import in_some_transaction, in_transaction
from core.vocabulary import SurfacePurpose, SurfaceState

LOOKUP: Final = "users.lookupByEmail"

NEXT_TRY_SECONDS: Final = 1.0
"""How soon a job comes again that had no time left to send anything."""

PATIENT_TRIES: Final = 8
"""So often a card waits for Slack to say whom to call; then it goes without."""

BEGIN_SECONDS: Final = 12.0
"""After this a job that still looks for whom and where sends nothing any more.

What it found is remembered, so the next try is quick. Waiting for Slack's pace
and the call itself take 13 seconds more, and the lease is 30.
"""

LOOKUP_SECONDS: Final = 8.0
"""How long finding out whom a card calls may take of that."""

NOTE_SECONDS: Final = 15.0
"""For so long what became of a call is kept for a database that is away.

Forgotten, a post would be an unclear one, and a card would be posted again.
"""

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
        begin_seconds: float = BEGIN_SECONDS,
        lookup_seconds: float = LOOKUP_SECONDS,
    ) -> None:
        """Keep what rendering needs."""
        self._jitsudo = jitsudo
        self._client = client
        self._channels = channels
        self._people = people
        self._pings = pings
        self._begin_seconds = begin_seconds
        self._lookup_seconds = lookup_seconds

    async def run(self, job: Job) -> None:
        """Bring one surface up to date and finish the job, or try it again later.

        Raises:
            DependencyError: the database did not answer; the worker tries again.
        """
        deadline = Deadline(seconds=self._begin_seconds)
        draft = await self._begin(job)
        if draft is None:
            return
        try:
            at = await self._show(draft, deadline, attempts=job.attempts)
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
            if surface is None or is_done(surface):
                await uow.jobs.finish(job)
                return None
            draft = await read_draft(uow, surface, now=now)
            if surface.ts is not None:
                return draft
            if has_no_place(draft):
                await uow.jobs.finish(job)
                return None
            if is_told_twice(surface):
                parked = replace(surface, state=SurfaceState.PARKED)
                await uow.surfaces.save(parked)
                await uow.jobs.finish(job)
                return None
            marked = sending(surface, draft)
            await uow.surfaces.save(marked)
            return replace(draft, surface=marked)

        return await in_transaction(self._jitsudo.store, work)

    async def _show(
        self, draft: Draft, deadline: Deadline, *, attempts: int
    ) -> MessageRef | None:
        """Post or edit; fall back to a plain text that Slack cannot refuse.

        Returns:
            Where the message is; None where there is nothing to tell.
        """
        ping = await self._ping(draft, attempts=attempts) if draft.may_call else None
        message = draft.message(ping)
        if message is None:
            return None
        try:
            return await self._send(draft, message, deadline)
        except SlackRefused as refusal:
            if refusal.error not in INVALID_BLOCKS:
                raise
            _log.error("message_refused", surface=draft.surface.id, why=refusal.why)
            return await self._send(draft, draft.minimal(ping), deadline)

    async def _ping(self, draft: Draft, *, attempts: int) -> Ping:
        """Return whom a first post calls; waits for Slack, but not for ever.

        Raises:
            SlackNotSent: Slack does not say who they are, or takes too long.
        """
        try:
            return await self._looked_up(draft)
        except SlackNotSent:
            if attempts <= PATIENT_TRIES:
                raise
            return Ping(why_nobody="Slack did not say who they are")

    async def _looked_up(self, draft: Draft) -> Ping:
        """Return whom to call.

        Raises:
            SlackNotSent: Slack does not say who they are, or takes too long.
        """
        try:
            async with asyncio.timeout(self._lookup_seconds):
                return await self._pings.of(draft.record.request)
        except TimeoutError as error:
            raise _too_slow(LOOKUP) from error

    async def _send(
        self, draft: Draft, message: Message, deadline: Deadline
    ) -> MessageRef:
        surface = draft.surface
        if surface.ts is not None and surface.channel_id is not None:
            at = MessageRef(channel_id=surface.channel_id, ts=surface.ts)
            _check(deadline, UPDATE)
            await self._client.update(at, message, urgency=draft.urgency)
            return at
        channel, thread_ts = await self._destination(draft)
        _check(deadline, POST)
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

        await in_some_transaction(self._jitsudo.store, work, patience=NOTE_SECONDS)
        self._jitsudo.signal.ring()

    async def _bring_thread(self, uow: UnitOfWork, card: Surface) -> None:
        """Promise the lines that waited for the card to have a thread."""
        for other in await uow.surfaces.of(card.request_id):
            if other.purpose in IN_THREAD and not is_done(other):
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
                await uow.surfaces.save(settled(surface, settlement))

        await in_some_transaction(self._jitsudo.store, work, patience=NOTE_SECONDS)


def _check(deadline: Deadline, method: str) -> None:
    """Begin nothing whose answer may come after the lease has run out."""
    try:
        deadline.remaining()
    except DeadlineExceeded as error:
        raise _too_slow(method) from error


def _too_slow(method: str) -> SlackNotSent:
    return SlackNotSent(
        method=method,
        why="finding out whom and where took too long",
        retry_after_seconds=NEXT_TRY_SECONDS,
    )
