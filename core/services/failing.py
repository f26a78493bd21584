"""Says that a provider did not do what was asked, and when it is tried again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.domain.job import Job
from core.domain.request import ElevationRequest
from core.errors import ProviderFailed
from core.ports import UnitOfWork
from core.services.backoff import is_news
from core.services.telling import SYSTEM, fact_about, show
from core.vocabulary import AuditAction, GrantStatus, Outcome, RequestId

_AUDITED: Final = {
    GrantStatus.FAILED: AuditAction.GRANT_FAILED,
    GrantStatus.REVOKE_FAILED: AuditAction.GRANT_REVOKE_FAILED,
}

_log = structlog.get_logger()


def log_failure(
    request_id: RequestId, status: GrantStatus, error: ProviderFailed, job: Job
) -> None:
    """Log a failed call, each time: an alert on it goes on while it fails."""
    _log.warning(
        "grant_not_issued" if status is GrantStatus.FAILED else "grant_not_ended",
        request=request_id,
        provider=error.provider,
        why=error.why,
        attempts=job.attempts,
    )


async def tell_failure(
    uow: UnitOfWork,
    request: ElevationRequest,
    status: GrantStatus,
    *,
    error: ProviderFailed,
    job: Job,
    after: timedelta,
    now: datetime,
) -> None:
    """Write on a locked request what failed; in the audit log where that is news.

    Args:
        status: `FAILED` of an issue, `REVOKE_FAILED` of an end.
        after: when it is tried again, from now.
    """
    failed = replace(
        request,
        grant_status=status,
        version=request.version + 1,
        updated_at=now,
        grant_error=error.why,
        next_try_at=now + after,
    )
    await uow.requests.save(failed)
    await show(uow, failed)
    if error.why == request.grant_error and not is_news(job.attempts):
        return
    await uow.audit.append(
        fact_about(
            failed,
            _AUDITED[status],
            actor=SYSTEM,
            now=now,
            outcome=Outcome.FAILURE,
            details={"why": error.why, "attempts": job.attempts},
        )
    )
