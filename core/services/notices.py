"""What the admins should look at: told by a job, wherever they are reached."""

from typing import Final

from core.domain.job import NewJob
from core.vocabulary import JobKind

TEXT_LIMIT: Final = 2_000
"""Characters; what is longer is cut, the audit log and the log have it whole."""


def notice_to_admins(key: str, text: str) -> NewJob:
    """Return the job that tells the admins; added by the transaction it is about.

    Args:
        key: the same for what need not be told twice while it waits to be told.
        text: plain text for people: what happened, to whom, and what to do. No
            secret, and nothing that only the people concerned may read.
    """
    return NewJob(
        kind=JobKind.TELL_ADMINS,
        lane=f"tell_admins:{key}",
        key=f"tell_admins:{key}",
        payload={"text": text[:TEXT_LIMIT]},
    )
