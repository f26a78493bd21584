"""Counts of what is stored."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

import sqlalchemy as sa
from typing_extensions import override

from core.domain.approvers import CHECK_KEY, FINDINGS
from core.ports.figures import Backlog, FigureStore, Totals
from core.store.link import Link
from core.store.rows import to_pairs
from core.store.schema import decisions, jobs, requests
from core.store.statements import Statement
from core.vocabulary import JobKind, RequestState, Verdict

E = TypeVar("E", bound=StrEnum)


def _counting(
    column: sa.ColumnElement[str], only: sa.ColumnElement[bool] | None = None
) -> Statement:
    counted = sa.select(column.label("word"), sa.func.count().label("count"))
    if only is not None:
        counted = counted.where(only)
    return Statement(counted.group_by(column))


_REQUESTS: Final = _counting(requests.c.state)
_DECISIONS: Final = _counting(decisions.c.verdict)
_WAITING: Final = _counting(jobs.c.kind)
_FAILING: Final = _counting(jobs.c.kind, jobs.c.last_error != sa.literal_column("''"))


# While a look is running there are two: it, and the next one if it was promised.
_CHECKS: Final = Statement(
    sa.select(jobs.c.payload).where(jobs.c.key == sa.bindparam("check", type_=sa.Text))
)


class SqlFigureStore(FigureStore):
    """Counts in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def totals(self) -> Totals:
        return Totals(
            requests=await self._by(RequestState, _REQUESTS),
            decisions=await self._by(Verdict, _DECISIONS),
        )

    @override
    async def backlog(self) -> Backlog:
        return Backlog(
            waiting=await self._by(JobKind, _WAITING),
            failing=await self._by(JobKind, _FAILING),
            approver_findings=await self._approver_findings(),
        )

    async def _approver_findings(self) -> int:
        rows = await self._link.rows(_CHECKS, check=CHECK_KEY)
        told = [to_pairs(row["payload"]).get(FINDINGS, "0") for row in rows]
        return max((int(count) for count in told), default=0)

    async def _by(self, kind: type[E], statement: Statement) -> Mapping[E, int]:
        rows = await self._link.rows(statement)
        counts = {row["word"]: int(row["count"]) for row in rows}
        return {member: counts.get(member.value, 0) for member in kind}
