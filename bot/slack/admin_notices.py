"""Tells the admins what they should look at: each by a job and a message of their own.

The job of a notice becomes one for each admin in a single transaction, so that a
crash in between tells nobody twice but whom it was about to tell.
"""

from datetime import timedelta
from typing import Final

import structlog

from bot.slack.blocks import Message, plain, section
from bot.slack.channels import Channels
from bot.slack.client import Delivery, SlackClient
from bot.slack.failures import (
    SlackAmbiguous,
    SlackCredential,
    SlackNotSent,
    SlackRefused,
)
from bot.slack.pacing import Urgency
from bot.slack.people import People
from bot.slack.ports import JitsudoPort
from bot.slack.text import FALLBACK_LIMIT, clip, escape, visible
from bot.slack.verdicts import (
    AMBIGUOUS,
    CREDENTIAL_PAUSE,
    PARKED_PAUSE,
    PARKED_TRIES,
)
from core.domain.job import Job, NewJob
from core.domain.principal import ADMINS_GROUP
from core.domain.surface import DEFAULT_CHANNEL
from core.errors import DirectoryUnavailable, SlackFailed
from core.ports import UnitOfWork
from core.services.backoff import pause_after
from core.services.transactions import in_transaction
from core.vocabulary import JobKind

MOST_TOLD: Final = 10
"""Admins who are written to, the first by e-mail."""

PATIENT_TRIES: Final = 8
"""So often a notice waits for somebody to say who the admins are."""

UNREACHED: Final = (
    "something waits for you, and none of you can be reached in Slack. The server's "
    "log has it as `admins_not_told`; `jitsudo audit` and `jitsudo policy doctor` "
    "have what it is about."
)
"""What the channel reads: who is in it may not read what a notice says."""

_TO: Final = "to"
"""In the payload, once it is known: a Slack id; empty for the channel."""

_log = structlog.get_logger()


class AdminNotices:
    """Does the jobs that `core.services.notices` promises."""

    def __init__(
        self,
        *,
        jitsudo: JitsudoPort,
        client: SlackClient,
        channels: Channels,
        people: People,
    ) -> None:
        """Keep what telling needs."""
        self._jitsudo = jitsudo
        self._client = client
        self._channels = channels
        self._people = people

    async def run(self, job: Job) -> None:
        """Tell one admin, or find out whom a notice is for.

        Raises:
            DependencyError: nothing was told; the worker tries again.
        """
        if _TO in job.payload:
            await self._tell(job, job.payload[_TO])
            return
        recipients = await self._recipients(job)

        async def work(uow: UnitOfWork) -> None:
            if not await uow.jobs.finish(job):
                return  # whoever has it now does this
            await uow.jobs.add_all([_for_one(job, to) for to in recipients or [""]])

        await in_transaction(self._jitsudo.store, work)
        self._jitsudo.signal.ring()

    async def _recipients(self, job: Job) -> list[str]:
        """Return the Slack ids of the admins; none where nobody can be found."""
        try:
            members = await self._jitsudo.directory.members_of(ADMINS_GROUP)
        except DirectoryUnavailable:
            if job.attempts <= PATIENT_TRIES:
                raise
            return []
        async with self._jitsudo.store.snapshot() as uow:
            rows = await uow.principals.of(set(members))
        emails = sorted(email for email, row in rows.items() if not row.is_disabled)
        found: list[str] = []
        for email in emails:
            user_id = await self._user_id_of(email, job)
            if user_id is not None and user_id not in found:
                found.append(user_id)
            if len(found) == MOST_TOLD:
                break
        return found

    async def _user_id_of(self, email: str, job: Job) -> str | None:
        """Return the linked account of an admin, or else the one with their e-mail.

        What is told may be that somebody else has that e-mail by now: an account
        that is linked to another one is not theirs.
        """
        async with self._jitsudo.store.snapshot() as uow:
            link = await uow.links.of_email(email)
        if link is not None:
            return link.account.user_id
        try:
            found = await self._people.addressee_of(email)
        except SlackNotSent:
            if job.attempts <= PATIENT_TRIES:
                raise
            return None
        except SlackFailed as error:
            _log.warning("admin_not_found", method=error.method, why=error.why)
            return None
        if found is None:
            return None
        async with self._jitsudo.store.snapshot() as uow:
            is_somebody_elses = await uow.links.of_account(found.account) is not None
        return None if is_somebody_elses else found.user_id

    async def _tell(self, job: Job, to: str) -> None:
        text = job.payload["text"]
        if not to:
            _log.warning("admins_not_told", notice=text, why="none found in Slack")
        try:
            channel = to or await self._channels.admit(DEFAULT_CHANNEL)
            await self._client.post(
                channel,
                to_message(text if to else UNREACHED),
                delivery=Delivery(delivery_id=f"notice-{job.id}", request_id=""),
                urgency=Urgency.SOON,
            )
        except SlackFailed as failure:
            await self._failed(job, to, failure)
        else:
            await self._finish(job)

    async def _finish(self, job: Job, *, instead: NewJob | None = None) -> None:
        async def work(uow: UnitOfWork) -> None:
            if await uow.jobs.finish(job) and instead is not None:
                await uow.jobs.add(instead)

        await in_transaction(self._jitsudo.store, work)
        if instead is not None:
            self._jitsudo.signal.ring()

    async def _failed(self, job: Job, to: str, failure: SlackFailed) -> None:
        """Try again later, tell the channel instead, or leave it at that."""
        _log.warning(
            "admin_not_told", id=job.id, method=failure.method, why=failure.why
        )
        pause = _pause(job, to, failure)
        if pause is None:
            # Whom nobody reached is told of in the channel; who may have read it
            # twice already is not.
            is_lost = bool(to) and isinstance(failure, SlackRefused)
            await self._finish(job, instead=_for_one(job, "") if is_lost else None)
            return
        was_unclear = job.last_error.startswith(AMBIGUOUS)
        is_unclear = was_unclear or isinstance(failure, SlackAmbiguous)
        error = f"{AMBIGUOUS}: {failure}" if is_unclear else str(failure)

        async def work(uow: UnitOfWork) -> None:
            await uow.jobs.retry(job, after=pause, error=error)

        await in_transaction(self._jitsudo.store, work)


def to_message(text: str) -> Message:
    """Return a notice; nothing in it is read as markup."""
    shown = f"⚠️ For the admins of jitsudo: {visible(text)}"
    return Message(
        text=clip(escape(shown), FALLBACK_LIMIT),
        blocks=(section(plain(shown), "notice"),),
    )


def _pause(job: Job, to: str, failure: SlackFailed) -> timedelta | None:
    """Return when to try again; None where that is over."""
    match failure:
        case SlackRefused():
            # The bot may yet be invited to the channel; an account stays gone.
            return None if to or job.attempts >= PARKED_TRIES else PARKED_PAUSE
        case SlackCredential():
            return CREDENTIAL_PAUSE
        case SlackNotSent(retry_after_seconds=float(seconds)):
            return timedelta(seconds=max(seconds, 0.1))
        case SlackAmbiguous() if job.last_error.startswith(AMBIGUOUS):
            return None  # told twice at most
        case _:
            return pause_after(job.attempts)


def _for_one(job: Job, to: str) -> NewJob:
    """Return the job that tells one recipient what `job` is to tell."""
    name = f"{job.key.split('|')[0]}|{job.payload.get('of', str(job.id))}|{to}"
    return NewJob(
        kind=JobKind.TELL_ADMINS,
        lane=name,
        key=name,
        payload={
            "text": job.payload["text"],
            "of": job.payload.get("of", str(job.id)),
            _TO: to,
        },
    )
