"""Which requests a person may see: statements that read few rows of many.

What is visible is an *or* over three tables, and planners answer that by reading
one of them whole, or by looking every request up until a page is full, which for
somebody who may see almost none is all of them. So each way to see a request is
an index of its own, in the order of ids, and a list merges a page of each: of one
state or of several, of one requester or of all. No more is read than fills a page
of every way, whatever there is.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeAlias

import sqlalchemy as sa

from core.domain.principal import Principal
from core.ports import RequestFilter
from core.store.dialects import among
from core.store.schema import TO_REVIEW, decisions, request_groups, requests
from core.store.statements import Statement
from core.vocabulary import RequestState

_Condition: TypeAlias = sa.ColumnElement[bool] | sa.TextClause

_MOST = sa.bindparam("most", type_=sa.Integer)
_PERSON = sa.bindparam("person", type_=sa.Text)
_BY = sa.bindparam("by", type_=sa.Text)
_BEFORE = sa.bindparam("before", type_=sa.Text)


def listing(wanted: RequestFilter) -> tuple[Statement, Mapping[str, object]]:
    """Return the statement for a filter, and the values of its parameters."""
    person = wanted.visible_to
    if person is not None and (person.is_auditor or person.email == wanted.requester):
        person = None  # sees all that can be found
    values: dict[str, object] = {
        "by": wanted.requester,
        "before": wanted.before,
        "most": wanted.limit,
    }
    is_by, is_paged = wanted.requester is not None, wanted.before is not None
    if wanted.needs_review:
        if person is not None:
            values |= {"person": person.email, "groups": sorted(person.groups)}
        return _to_review(
            is_by=is_by,
            states=wanted.states,
            is_visible=person is not None,
            is_paged=is_paged,
        ), values
    if person is None:
        return _merged(
            is_by=is_by, states=wanted.states, groups=None, is_paged=is_paged
        ), values
    groups = _padded(person)
    values |= {"person": person.email}
    values |= {f"group_{number}": group for number, group in enumerate(groups)}
    return _merged(
        is_by=is_by,
        # Of one requester there is no index but by state.
        states=wanted.states or frozenset(RequestState if is_by else ()),
        groups=len(groups),
        is_paged=is_paged,
    ), values


def _padded(person: Principal) -> list[str]:
    """Return the groups, filled up with none to a power of two.

    So that there are few different statements, whatever numbers of groups
    people have.
    """
    groups = sorted(person.groups)
    size = 1 << max(len(groups) - 1, 0).bit_length()
    return groups + [""] * (size - len(groups))


@cache
def _merged(
    *,
    is_by: bool,
    states: frozenset[RequestState],
    groups: int | None,
    is_paged: bool,
) -> Statement:
    """Return the statement that merges a page of each way to see a request.

    States are written out rather than passed: a plan that is made once for every
    state cannot use what is known of this one.

    Args:
        is_by: only of one requester, who is not the one who sees.
        groups: of how many the person is a member; None for who sees everything.
    """
    each: list[RequestState | None] = [*sorted(states)] or [None]
    ways = [
        _Way(table, condition, is_by=is_by, state=state, is_paged=is_paged)
        for table, condition in _ways(is_by=is_by, groups=groups)
        for state in each
    ]
    found = (
        sa.select(requests).where(*ways[0].conditions)
        if groups is None and len(ways) == 1
        else sa.select(requests).where(
            requests.c.id.in_(sa.union(*(way.page() for way in ways)))
        )
    )
    return Statement(found.order_by(requests.c.id.desc()).limit(_MOST))


def _ways(
    *, is_by: bool, groups: int | None
) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool] | None]]:
    """Yield each table that shows requests to a person, and which rows of it do."""
    if groups is None:
        yield requests, None
        return
    if not is_by:
        yield requests, requests.c.requester == _PERSON
    yield decisions, decisions.c.approver == _PERSON
    for number in range(groups):
        group = sa.bindparam(f"group_{number}", type_=sa.Text)
        yield request_groups, request_groups.c.group_name == group


class _Way:
    """One way to see requests; every table of them has state and requester."""

    def __init__(
        self,
        table: sa.Table,
        condition: _Condition | None,
        *,
        is_by: bool,
        state: RequestState | None,
        is_paged: bool,
    ) -> None:
        self._id = table.c.id if table is requests else table.c.request_id
        self.conditions: list[_Condition] = [] if condition is None else [condition]
        if is_by:
            self.conditions.append(table.c.requester == _BY)
        if state is not None:
            word: sa.ColumnElement[str] = sa.literal_column(f"'{state.value}'")
            self.conditions.append(table.c.state == word)
        if is_paged:
            self.conditions.append(self._id < _BEFORE)

    def page(self) -> sa.Select[tuple[str]]:
        """Return the ids of the newest page."""
        # DISTINCT, because one person may have approved and then denied.
        page = (
            sa.select(self._id.label("id"))
            .distinct()
            .where(*self.conditions)
            .order_by(self._id.desc())
            .limit(_MOST)
        )
        # SQLite allows ORDER BY inside a UNION only within a subselect.
        within = page.subquery()
        return sa.select(within.c.id)


@cache
def _to_review(
    *,
    is_by: bool,
    states: frozenset[RequestState],
    is_visible: bool,
    is_paged: bool,
) -> Statement:
    """Return the statement that reads open reviews in order and looks each one up.

    They have an index of their own, and are few: each is told of until somebody
    closes it.
    """
    way = _Way(requests, TO_REVIEW, is_by=is_by, state=None, is_paged=is_paged)
    found = sa.select(requests).where(*way.conditions)
    if states:
        words: list[sa.ColumnElement[str]] = [
            sa.literal_column(f"'{state.value}'") for state in sorted(states)
        ]
        found = found.where(requests.c.state.in_(words))
    if is_visible:
        found = found.where(_is_visible())
    return Statement(found.order_by(requests.c.id.desc()).limit(_MOST))


def _is_visible() -> sa.ColumnElement[bool]:
    """Return whether the person may see a request, by looking it up.

    It is no EXISTS: PostgreSQL would answer that one by reading every group of
    every request into a hash first (100 ms at 100,000 requests, measured).
    """
    one: sa.ColumnClause[int] = sa.literal_column("1")
    in_a_group = sa.select(one).where(
        request_groups.c.request_id == requests.c.id,
        among(request_groups.c.group_name, "groups"),
    )
    has_decided = sa.select(one).where(
        decisions.c.request_id == requests.c.id, decisions.c.approver == _PERSON
    )
    return sa.or_(
        requests.c.requester == _PERSON,
        in_a_group.limit(one).scalar_subquery().is_not(None),
        has_decided.limit(one).scalar_subquery().is_not(None),
    )
