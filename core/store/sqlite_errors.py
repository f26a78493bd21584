"""What the errors of SQLite mean."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from core.clock import Deadline
from core.errors import (
    DeadlineExceeded,
    JitsudoError,
    StoreBusy,
    StoreUnavailable,
)
from core.store.rules import (
    REVIEW_BY_ANOTHER,
    broken,
    no_file,
    taken,
    unstorable,
    wrong_schema,
)

_UNIQUE: Final[Mapping[str, str]] = {
    "decisions.request_id, decisions.approver, decisions.verdict": "one_verdict_each",
    "jobs.key": "one_waiting_job_per_key",
    "requests.submission_key": "one_request_per_submission",
    "jobs.lane": "one_job_in_flight_per_lane",
}
"""SQLite names the columns of a uniqueness constraint where others name the rule."""

DRIVER_ERRORS: Final = (sqlite3.Error, ValueError)
"""aiosqlite says `ValueError` when a connection is closed."""


def to_error(error: Exception, deadline: Deadline | None) -> JitsudoError:
    """Return our error for one of the driver's."""
    text = str(error)
    found: JitsudoError
    match primary_code(error):
        case _ if isinstance(error, UnicodeEncodeError):
            found = unstorable()
        case sqlite3.SQLITE_CONSTRAINT:
            found = _refused(text)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            found = _late_or_busy(deadline)
        case sqlite3.SQLITE_CANTOPEN:
            found = no_file()
        case _ if text.startswith(("no such table", "no such column")):
            found = wrong_schema()
        case _:
            name = getattr(error, "sqlite_errorname", "SQLITE_MISUSE")
            found = StoreUnavailable(why=f"it answered with error {name}")
    return found


def _refused(text: str) -> JitsudoError:
    if text == REVIEW_BY_ANOTHER:
        return broken(text)
    what, _, which = text.partition(" constraint failed: ")
    if what == "UNIQUE":
        return taken(_UNIQUE.get(which, which))
    return broken(which if what == "CHECK" else what)


def primary_code(error: Exception) -> int:
    """Return SQLite's code without its details; 0 if the driver made the error."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _late_or_busy(deadline: Deadline | None) -> JitsudoError:
    if deadline is None:
        return StoreBusy()
    try:
        deadline.remaining()
    except DeadlineExceeded as late:
        return late
    return StoreBusy()
