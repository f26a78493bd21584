"""The daily look at approvers: a job that tells what is new and promises the next."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.domain.approvers import CHECK_KEY, FINDINGS, ApproverReport, Finding
from core.domain.job import Job, NewJob
from core.ports import Clock, Store, UnitOfWork
from core.services.doctor import Doctor
from core.services.notices import notice_to_admins
from core.services.signal import Signal
from core.services.transactions import in_transaction
from core.vocabulary import JobKind

EVERY: Final = timedelta(days=1)

AFTER_START: Final = timedelta(minutes=10)
"""By then a server that was just started has reached what it needs."""

_TOLD: Final = "told"
_MOST_TOLD: Final = 8

_log = structlog.get_logger()


class CheckApprovers:
    """Tells the admins once of each thing that nobody could approve any more.

    What was told stands in the next job: so replicas that start or die tell nothing
    twice, and what was mended and breaks again is told again.
    """

    def __init__(
        self, *, store: Store, doctor: Doctor, clock: Clock, signal: Signal
    ) -> None:
        """Keep what looking and telling needs."""
        self._store = store
        self._doctor = doctor
        self._clock = clock
        self._signal = signal
        self._is_promised = False

    async def promise(self) -> None:
        """Promise a first look; a look that waits already is only made sooner.

        Raises:
            DependencyError: it was not promised; call it again.
        """
        if self._is_promised:
            return

        async def work(uow: UnitOfWork) -> None:
            await uow.jobs.add(_look(self._clock.now() + AFTER_START, (), count=0))

        await in_transaction(self._store, work)
        self._is_promised = True

    async def run(self, job: Job) -> None:
        """Look, tell what was not told before, and promise the next look.

        Raises:
            DependencyError: not all could be found out; the job is tried again.
        """
        report = await self._doctor.check()
        told = set(job.payload.get(_TOLD, "").split())
        fresh = [one for one in report.findings if one.digest not in told]

        async def work(uow: UnitOfWork) -> bool:
            if not await uow.jobs.finish(job):
                return False
            due = self._clock.now() + EVERY
            # What an outage hides is not mended: it would be told anew after it.
            kept = set() if report.is_whole else told
            kept |= {one.digest for one in report.findings}
            jobs = [_look(due, kept, count=len(report.findings))]
            if fresh:
                key = "approvers:" + "-".join(sorted(one.digest for one in fresh)[:3])
                jobs.append(notice_to_admins(key, _text(fresh)))
            await uow.jobs.add_all(jobs)
            return True

        if not await in_transaction(self._store, work):
            return
        self._signal.ring()
        _note(report, fresh)


def _look(due: datetime, told: Collection[str], *, count: int) -> NewJob:
    return NewJob(
        kind=JobKind.CHECK_APPROVERS,
        lane=CHECK_KEY,
        key=CHECK_KEY,
        due_at=due,
        payload={
            _TOLD: " ".join(sorted(told)),
            FINDINGS: str(count),
        },
    )


def _text(fresh: list[Finding]) -> str:
    lines = ["Some requests could not be approved:"]
    for one in fresh[:_MOST_TOLD]:
        concerned = one.asks[0] if one.asks else "-"
        more = f" and {len(one.asks) - 1} more" if len(one.asks) > 1 else ""
        lines.append(f"- {one.problem} ({concerned}{more}); {one.todo}.")
    if len(fresh) > _MOST_TOLD:
        lines.append(f"- and {len(fresh) - _MOST_TOLD} more")
    lines.append("`jitsudo policy doctor` shows all.")
    return "\n".join(lines)


def _note(report: ApproverReport, fresh: list[Finding]) -> None:
    _log.info("approvers_checked", asks=report.checked, findings=len(report.findings))
    for one in fresh:
        _log.warning(
            "approvers_missing", finding=one.code, problem=one.problem, asks=one.asks
        )
