"""PostgreSQL by asyncpg: connections, transactions, and what its errors mean."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from typing_extensions import override

from core.clock import Deadline
from core.errors import (
    ConfigurationError,
    OutcomeUnknown,
    StoreUnavailable,
)
from core.store.link import Database, Link, Row, see_through
from core.store.pool import Pool
from core.store.postgres_errors import DRIVER_ERRORS, LOST, to_error
from core.store.rules import failed_before
from core.store.statements import Statement

STATEMENT_SECONDS: Final = 30.0
"""How long a statement may take when there is no deadline."""

LOCK_SECONDS: Final = 5.0
"""How long a lock is waited for when there is no deadline."""

ABANDONED_SECONDS: Final = 15
"""When the server ends a transaction whose client went silent with locks held."""

ROLLBACK_SECONDS: Final = 1.0
"""How long a ROLLBACK may take before the connection is dropped instead."""

COMMIT_SECONDS: Final = 10.0
"""When the answer to a COMMIT is given up; it was sent, so it is not known."""

_OPTIONS: Final = frozenset(
    {"host", "port", "user", "password", "database", "ssl", "passfile"}
)

# SQLAlchemy left this class without types.
DIALECT: Final[Dialect] = asyncpg_dialect()  # type: ignore[no-untyped-call]

_VERSION: Final = Statement(
    sa.text("SELECT current_setting('server_version') AS server_version")
)


class PostgresDatabase(Database):
    """Transactions on a PostgreSQL server."""

    def __init__(self, url: sa.URL, *, pool_size: int) -> None:
        """Connect to nothing yet.

        Raises:
            ConfigurationError: the URL has a parameter that asyncpg does not.
        """
        self._options: Final = connect_options(url)
        self._pool: Final[Pool[Any]] = Pool(
            size=pool_size,
            connect=self._connect,
            disconnect=_disconnect,
            abandon=_abandon,
            is_closed=_is_closed,
        )

    @override
    @asynccontextmanager
    async def link(
        self, *, writes: bool, deadline: Deadline | None
    ) -> AsyncIterator[Link]:
        connection = await self._begin(writes=writes, deadline=deadline)
        link = PostgresLink(connection, deadline)
        try:
            yield link
        finally:
            if link.is_over:
                await self._pool.give_back(connection)
            else:
                await see_through(self._undo(connection))

    @override
    async def version(self) -> str:
        async with self.link(writes=False, deadline=None) as link:
            row = await link.row(_VERSION)
        return f"PostgreSQL {row['server_version'].split()[0] if row else ''}"

    @override
    async def close(self) -> None:
        await self._pool.close()

    async def _connect(self, seconds: float) -> Any:
        try:
            return await asyncpg.connect(
                **self._options,
                timeout=seconds,
                statement_cache_size=256,
                max_cached_statement_lifetime=0,
                server_settings={"application_name": "jitsudo", "timezone": "UTC"},
            )
        except (asyncpg.InvalidAuthorizationSpecificationError, ValueError) as error:
            raise StoreUnavailable(why="it refuses the user or the password") from error
        except asyncpg.InvalidCatalogNameError as error:
            raise StoreUnavailable(why="there is no such database") from error
        except TimeoutError as error:
            raise StoreUnavailable(why="it did not answer in time") from error
        except DRIVER_ERRORS as error:
            raise StoreUnavailable(why="cannot connect") from error

    async def _begin(self, *, writes: bool, deadline: Deadline | None) -> Any:
        """Open a transaction and say how long it may wait, in one round trip.

        A connection that waited in the pool may be dead without our knowing. It
        has half the time to answer; then all that wait are dropped and a new one
        is opened, which is safe because nothing was done yet.
        """
        connection, is_used = await self._pool.take(deadline)
        try:
            try:
                await connection.execute(
                    _opening(writes=writes, deadline=deadline),
                    timeout=_seconds(deadline) / (2 if is_used else 1),
                )
            except LOST:
                if not is_used:
                    raise
                _abandon(connection)
                self._pool.forget_idle()
                connection = await self._pool.fresh(deadline)
                await connection.execute(
                    _opening(writes=writes, deadline=deadline),
                    timeout=_seconds(deadline),
                )
        except DRIVER_ERRORS as error:
            self._pool.discard(connection)
            raise to_error(error, deadline) from error
        except BaseException:
            self._pool.discard(connection)
            raise
        return connection

    async def _undo(self, connection: Any) -> None:
        try:
            await connection.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
        except DRIVER_ERRORS:
            # It is dropped, and with it the transaction; nothing was kept.
            self._pool.discard(connection)
        else:
            await self._pool.give_back(connection)


class PostgresLink(Link):
    """A transaction on one asyncpg connection."""

    def __init__(self, connection: Any, deadline: Deadline | None) -> None:
        """Take over a connection on which BEGIN was answered."""
        self._connection: Final = connection
        self._deadline: Final = deadline
        self.is_over = False

    @override
    async def rows(self, statement: Statement, **values: object) -> Sequence[Row]:
        compiled = statement.compiled(DIALECT)
        try:
            rows: Sequence[Row] = await self._connection.fetch(
                compiled.sql,
                *compiled.arguments(values),
                timeout=_seconds(self._deadline),
            )
        except DRIVER_ERRORS as error:
            raise to_error(error, self._deadline) from error
        return rows

    @override
    async def row(self, statement: Statement, **values: object) -> Row | None:
        found = await self.rows(statement, **values)
        return found[0] if found else None

    @override
    async def commit(self) -> None:
        if self._deadline is not None:
            self._deadline.remaining()
        if self._connection.is_closed():
            raise StoreUnavailable(why="the connection was lost")
        await see_through(self._commit())

    async def _commit(self) -> None:
        give_up = asyncio.get_running_loop().call_later(
            COMMIT_SECONDS, self._connection.terminate
        )
        try:
            answer = await self._connection.execute("COMMIT")
        except LOST as error:
            raise OutcomeUnknown from error
        except asyncpg.PostgresError as error:
            if self._connection.is_closed():
                raise OutcomeUnknown from error
            raise to_error(error, self._deadline) from error
        finally:
            give_up.cancel()
        self.is_over = True
        if answer != "COMMIT":
            raise failed_before()


def connect_options(url: sa.URL) -> dict[str, Any]:
    """Return asyncpg's arguments for a URL.

    Raises:
        ConfigurationError: naming a parameter that cannot be.
    """
    options = dict(DIALECT.create_connect_args(url)[1])
    if "sslmode" in options:
        options["ssl"] = options.pop("sslmode")
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            setting="JITSUDO_DATABASE_URL",
            why=f"does not know the parameter {unknown[0]}; remove it",
        )
    return options


def _opening(*, writes: bool, deadline: Deadline | None) -> str:
    statement = int(_seconds(deadline) * 1000) + 1
    lock = statement if deadline is not None else int(LOCK_SECONDS * 1000)
    kind = "" if writes else " ISOLATION LEVEL REPEATABLE READ READ ONLY"
    return (
        f"BEGIN{kind};"
        f"SET LOCAL statement_timeout={statement};"
        f"SET LOCAL lock_timeout={lock};"
        f"SET LOCAL idle_in_transaction_session_timeout='{ABANDONED_SECONDS}s'"
    )


def _seconds(deadline: Deadline | None) -> float:
    return STATEMENT_SECONDS if deadline is None else deadline.remaining()


def _is_closed(connection: Any) -> bool:
    return bool(connection.is_closed())


def _abandon(connection: Any) -> None:
    connection.terminate()


async def _disconnect(connection: Any) -> None:
    try:
        await connection.close(timeout=ROLLBACK_SECONDS)
    except DRIVER_ERRORS:
        connection.terminate()
