"""What the tables are put together from."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData(naming_convention={"pk": "%(table_name)s_pk"})


def partial_index(name: str, *columns: str, where: str) -> sa.Index:
    """Return the index of the rows of which a condition holds."""
    rows = sa.text(where)
    return sa.Index(name, *columns, postgresql_where=rows, sqlite_where=rows)


def index_by(table: str, *columns: str) -> sa.Index:
    """Return the index of some columns of a table, named after them."""
    return sa.Index(f"{table}_by_{'_'.join(columns)}", *columns)


def one_of(column: str, words: Iterable[StrEnum], *, name: str) -> sa.CheckConstraint:
    """Return the constraint that a column holds one of some words."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=name)
