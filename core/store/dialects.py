"""What PostgreSQL and SQLite spell differently: types, the clock, lists."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Moment: Final = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
"""A time: TIMESTAMPTZ; on SQLite, which has none, whole microseconds since 1970."""

Number: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A key that counts itself; SQLite does that for INTEGER alone."""

Code: Final = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
"""Text that is sorted or compared byte by byte, such as an id."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970.

    Raises:
        TypeError: the time knows no time zone.
    """
    return (moment - EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Return the aware time in UTC."""
    return EPOCH + count * _MICROSECOND


class now(FunctionElement[Any]):  # noqa: N801 - it is written like an SQL function
    """The database's own clock, moving on within a transaction.

    The subselect makes PostgreSQL read the clock once per statement, so that an
    index can be used; `clock_timestamp()` alone may differ from row to row.
    """

    type = Moment
    inherit_cache = True


@compiles(now, "postgresql")
def _now_postgresql(_element: now, _compiler: SQLCompiler, **_: Any) -> str:
    return "(SELECT clock_timestamp())"


@compiles(now, "sqlite")
def _now_sqlite(_element: now, _compiler: SQLCompiler, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


class later(FunctionElement[Any]):  # noqa: N801 - the same
    """The database's clock plus a parameter that is a `timedelta`."""

    type = Moment
    inherit_cache = True

    def __init__(self, parameter: str) -> None:
        """Name the parameter."""
        super().__init__(sa.bindparam(parameter, type_=sa.Interval()))


@compiles(later, "postgresql")
def _later_postgresql(element: later, compiler: SQLCompiler, **kw: Any) -> str:
    return f"clock_timestamp() + {compiler.process(element.clauses, **kw)}"


@compiles(later, "sqlite")
def _later_sqlite(element: later, compiler: SQLCompiler, **kw: Any) -> str:
    clock = compiler.process(now(), **kw)
    return f"{clock} + {compiler.process(element.clauses, **kw)}"


class larger(FunctionElement[Any]):  # noqa: N801 - the same
    """The larger of the arguments in one row."""

    type = Moment
    inherit_cache = True


class smaller(FunctionElement[Any]):  # noqa: N801 - the same
    """The smaller of the arguments in one row."""

    type = Moment
    inherit_cache = True


@compiles(larger, "postgresql")
def _larger_postgresql(element: larger, compiler: SQLCompiler, **kw: Any) -> str:
    return f"greatest({compiler.process(element.clauses, **kw)})"


@compiles(larger, "sqlite")
def _larger_sqlite(element: larger, compiler: SQLCompiler, **kw: Any) -> str:
    return f"max({compiler.process(element.clauses, **kw)})"


@compiles(smaller, "postgresql")
def _smaller_postgresql(element: smaller, compiler: SQLCompiler, **kw: Any) -> str:
    return f"least({compiler.process(element.clauses, **kw)})"


@compiles(smaller, "sqlite")
def _smaller_sqlite(element: smaller, compiler: SQLCompiler, **kw: Any) -> str:
    return f"min({compiler.process(element.clauses, **kw)})"


class among(FunctionElement[Any]):  # noqa: N801 - the same
    """Whether a text column is one of a parameter that is a list of strings."""

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: sa.Column[str], parameter: str) -> None:
        """Name the column and the parameter."""
        listed = sa.bindparam(parameter, type_=sa.ARRAY(sa.Text()))
        super().__init__(column, listed)


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: SQLCompiler, **kw: Any) -> str:
    column, listed = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} = ANY ({listed})"


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **kw: Any) -> str:
    column, listed = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - compiled, no values


class provider_in(FunctionElement[Any]):  # noqa: N801 - the same
    """The provider that a canonical audit record names, if it names one.

    It is read from the record that was hashed; a column of its own could differ.
    """

    type = sa.Text()
    inherit_cache = True


@compiles(provider_in, "postgresql")
def _provider_postgresql(element: provider_in, compiler: SQLCompiler, **kw: Any) -> str:
    record = compiler.process(element.clauses, **kw)
    return f"CAST({record} AS JSON) #>> '{{details,provider}}'"


@compiles(provider_in, "sqlite")
def _provider_sqlite(element: provider_in, compiler: SQLCompiler, **kw: Any) -> str:
    record = compiler.process(element.clauses, **kw)
    return f"json_extract({record}, '$.details.provider')"
