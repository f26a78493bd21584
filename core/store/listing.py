"""Which requests a person may see: statements that read few rows of many.

What is visible is an *or* over three tables, and planners answer that by reading
one of them whole. So the two questions that are asked all day have a statement
each: one state is read in order, looking each request up until the page is full;
every state is read from one index per way to see a request, a page of each.
"""

from collections.abc import Mapping
from functools import cache

import sqlalchemy as sa

from core.domain.principal import Principal
from core.ports import RequestFilter
from core.store.dialects import among
from core.store.schema import TO_REVIEW, decisions, request_groups, requests
from core.store.statements import Statement
from core.vocabulary import RequestState

_MOST = sa.bindparam("most", type_=sa.Integer)
_PERSON = sa.bindparam("person", type_=sa.Text)


def listing(wanted: RequestFilter) -> tuple[Statement, Mapping[str, object]]:
    """Return the statement for a filter, and the values of its parameters."""
    person = wanted.visible_to
    if person is not None and person.is_auditor:
        person = None
    values: dict[str, object] = {
        "by": wanted.requester,
        "before": wanted.before,
        "most": wanted.limit,
    }
    is_paged = wanted.before is not None
    is_narrow = wanted.states or wanted.requester is not None or wanted.needs_review
    if person is None or is_narrow:
        if person is not None:
            values |= {"person": person.email, "groups": sorted(person.groups)}
        return _filtered(
            is_by=wanted.requester is not None,
            states=wanted.states,
            is_visible=person is not None,
            is_paged=is_paged,
            needs_review=wanted.needs_review,
        ), values
    groups = _padded(person)
    values |= {"person": person.email}
    values |= {f"group_{number}": group for number, group in enumerate(groups)}
    return _everything_visible(groups=len(groups), is_paged=is_paged), values


def _padded(person: Principal) -> list[str]:
    """Return the groups, filled up with none to a power of two.

    So that there are few different statements, whatever numbers of groups
    people have.
    """
    groups = sorted(person.groups)
    size = 1 << max(len(groups) - 1, 0).bit_length()
    return groups + [""] * (size - len(groups))


@cache
def _filtered(
    *,
    is_by: bool,
    states: frozenset[RequestState],
    is_visible: bool,
    is_paged: bool,
    needs_review: bool,
) -> Statement:
    """Return the statement that reads requests in order and looks each one up.

    States are written out rather than passed: a plan that is made once for every
    state cannot use what is known of this one.
    """
    found = sa.select(requests)
    if is_by:
        found = found.where(requests.c.requester == sa.bindparam("by"))
    if is_paged:
        found = found.where(requests.c.id < sa.bindparam("before"))
    if states:
        words: list[sa.ColumnElement[str]] = [
            sa.literal_column(f"'{state.value}'") for state in sorted(states)
        ]
        found = found.where(
            requests.c.state == words[0]
            if len(words) == 1
            else requests.c.state.in_(words)
        )
    if needs_review:
        found = found.where(TO_REVIEW)
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


@cache
def _everything_visible(*, groups: int, is_paged: bool) -> Statement:
    """Return the statement that merges a page of each way to see a request."""
    ways = [
        _page(requests.c.id, requests.c.requester == _PERSON, is_paged=is_paged),
        _page(
            decisions.c.request_id,
            decisions.c.approver == _PERSON,
            is_paged=is_paged,
        ),
        *(
            _page(
                request_groups.c.request_id,
                request_groups.c.group_name == sa.bindparam(f"group_{number}"),
                is_paged=is_paged,
            )
            for number in range(groups)
        ),
    ]
    return Statement(
        sa.select(requests)
        .where(requests.c.id.in_(sa.union(*ways)))
        .order_by(requests.c.id.desc())
        .limit(_MOST)
    )


def _page(
    column: sa.ColumnElement[str], condition: sa.ColumnElement[bool], *, is_paged: bool
) -> sa.Select[tuple[str]]:
    # DISTINCT, because one person may have approved and then denied.
    page = sa.select(column.label("id")).distinct().where(condition)
    if is_paged:
        page = page.where(column < sa.bindparam("before"))
    page = page.order_by(column.desc()).limit(_MOST)
    # SQLite allows ORDER BY inside a UNION only within a subselect.
    within = page.subquery()
    return sa.select(within.c.id)
