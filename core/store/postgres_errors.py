"""What the errors of asyncpg mean."""

from typing import Final

import asyncpg

from core.clock import Deadline
from core.errors import (
    DeadlineExceeded,
    JitsudoError,
    StoreBusy,
    StoreUnavailable,
)
from core.store.rules import broken, taken, unstorable, wrong_schema

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


def to_error(error: Exception, deadline: Deadline | None) -> JitsudoError:
    """Return our error for one of the driver's."""
    found: JitsudoError
    match error:
        case TimeoutError() | asyncpg.QueryCanceledError() if deadline is not None:
            found = DeadlineExceeded()
        case TimeoutError() | asyncpg.QueryCanceledError():
            found = StoreUnavailable(why="it did not answer in time")
        case asyncpg.LockNotAvailableError():
            found = StoreBusy() if deadline is None else DeadlineExceeded()
        case (
            asyncpg.SerializationError()
            | asyncpg.DeadlockDetectedError()
            | asyncpg.InvalidCachedStatementError()
        ):
            found = StoreBusy()
        case asyncpg.UniqueViolationError():
            found = taken(error.constraint_name or "")
        case asyncpg.IntegrityConstraintViolationError():
            found = broken(error.constraint_name or "")
        case asyncpg.CharacterNotInRepertoireError() | asyncpg.DataError():
            found = unstorable()
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            found = wrong_schema()
        case asyncpg.PostgresError() if not isinstance(error, LOST):
            found = StoreUnavailable(why=f"it answered with error {error.sqlstate}")
        case _:
            found = StoreUnavailable(why="the connection was lost")
    return found
