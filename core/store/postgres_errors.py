"""What the errors of asyncpg mean."""

from collections.abc import Callable
from typing import Final

import asyncpg

from core.clock import Deadline
from core.errors import (
    DeadlineExceeded,
    JitsudoError,
    StoreBusy,
    StoreUnavailable,
)
from core.store.rules import broken, failed_before, taken, unstorable, wrong_schema

LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""The connection is gone, or of no use; `OSError` includes `TimeoutError`."""

DRIVER_ERRORS: Final = (asyncpg.PostgresError, *LOST)


_MEANINGS: Final[tuple[tuple[type[Exception], Callable[[], JitsudoError]], ...]] = (
    (asyncpg.SerializationError, StoreBusy),
    (asyncpg.DeadlockDetectedError, StoreBusy),
    (asyncpg.InvalidCachedStatementError, StoreBusy),
    (asyncpg.CharacterNotInRepertoireError, unstorable),
    (asyncpg.DataError, unstorable),
    (asyncpg.UndefinedTableError, wrong_schema),
    (asyncpg.UndefinedColumnError, wrong_schema),
    (asyncpg.InFailedSQLTransactionError, failed_before),
)
"""Errors that mean the same whatever was done."""


def to_error(error: Exception, deadline: Deadline | None) -> JitsudoError:
    """Return our error for one of the driver's."""
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning()
    found: JitsudoError
    match error:
        case TimeoutError() | asyncpg.QueryCanceledError():
            late = StoreUnavailable(why="it did not answer in time")
            found = late if deadline is None else DeadlineExceeded()
        case asyncpg.LockNotAvailableError():
            found = StoreBusy() if deadline is None else DeadlineExceeded()
        case asyncpg.UniqueViolationError():
            found = taken(error.constraint_name or "")
        case asyncpg.IntegrityConstraintViolationError():
            found = broken(error.constraint_name or "")
        case asyncpg.PostgresError() if not isinstance(error, LOST):
            found = StoreUnavailable(why=f"it answered with error {error.sqlstate}")
        case _:
            found = StoreUnavailable(why="the connection was lost")
    return found
