"""Statements, compiled once per dialect and sent to the driver as they are.

SQLAlchemy's own way to execute costs more than the statement itself (0.27 ms
against 0.13 ms on asyncpg, 0.79 ms against 0.20 ms on aiosqlite, measured), and a
decision is about ten statements; so its expression language writes the SQL, and
the driver runs it. See `docs/adr/0003-one-schema-two-databases.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL as one driver wants it.

    Attributes:
        names: parameters in the order in which the driver takes them.
        fixed: the values of those that the statement itself brings.
    """

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the driver's arguments.

        Raises:
            KeyError: a parameter has no value.
        """
        fixed = self.fixed
        return [values[name] if name in values else fixed[name] for name in self.names]


class Statement:
    """One statement of a store, for every dialect."""

    def __init__(self, clause: ClauseElement, *, columns: tuple[str, ...] = ()) -> None:
        """Keep the clause; it is compiled when it is first used.

        Args:
            columns: of an INSERT or UPDATE, the columns whose values are
                parameters of the same names.
        """
        self._clause: Final = clause
        self._columns: Final = columns
        self._compiled: Final[dict[str, Compiled]] = {}

    def compiled(self, dialect: Dialect) -> Compiled:
        """Return the SQL of one dialect."""
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = self._compile(dialect)
        return known

    def _compile(self, dialect: Dialect) -> Compiled:
        compiled = (
            self._clause.compile(dialect=dialect, column_keys=list(self._columns))
            if self._columns
            else self._clause.compile(dialect=dialect)
        )
        if not isinstance(compiled, SQLCompiler):  # a DDL element, a mistake here
            raise TypeError(type(compiled).__name__)
        names = tuple(compiled.positiontup or ())
        fixed = {
            name: parameter.value
            for name, parameter in compiled.binds.items()
            if not parameter.required and parameter.value is not None
        }
        return Compiled(sql=compiled.string, names=names, fixed=fixed)
