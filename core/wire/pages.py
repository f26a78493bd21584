"""Which requests to list, as a query string, and pages of them."""

from typing import Final, TypeAlias

from core.approvals import RequestPage, RequestQuery
from core.domain.request import parse_request_id
from core.errors import Invalid
from core.vocabulary import RequestId, RequestState
from core.wire.fields import Fields
from core.wire.requests import STATE_PREFIX, JsonObject, from_request, to_request

Parameters: TypeAlias = list[tuple[str, str]]
"""A query string, not yet encoded; a name may come more than once."""

DEFAULT_PAGE: Final = 100

REPEATED: Final = frozenset({"state"})
"""Parameters that may come more than once."""


def to_query(query: RequestQuery) -> Parameters:
    """Return the query string of a list."""
    wanted = [("pageSize", str(query.limit))]
    if query.mine:
        wanted.append(("mine", "true"))
    if query.requester is not None:
        wanted.append(("requesterIdentity", query.requester))
    if query.needs_review:
        wanted.append(("needsReview", "true"))
    if query.before is not None:
        wanted.append(("pageToken", query.before))
    wanted += [("state", STATE_PREFIX + s.value) for s in sorted(query.states)]
    return wanted


def from_query(fields: Fields) -> RequestQuery:
    """Return which requests to list; `pending` is short for that state.

    Raises:
        Invalid: naming the parameter.
    """
    states = fields.members("state", RequestState, prefix=STATE_PREFIX)
    if fields.boolean("pending"):
        states |= {RequestState.PENDING}
    token = fields.text_or_none("pageToken")
    return RequestQuery(
        mine=fields.boolean("mine"),
        requester=fields.text_or_none("requesterIdentity"),
        states=states,
        needs_review=fields.boolean("needsReview"),
        before=None if token is None else _page_token(token),
        limit=fields.integer("pageSize", default=DEFAULT_PAGE),
    )


def to_page(page: RequestPage) -> JsonObject:
    """Return a page of requests."""
    return {
        "requests": [to_request(record) for record in page.records],
        "nextPageToken": page.next_before or "",
    }


def from_page(fields: Fields) -> RequestPage:
    """Return the page that `to_page` wrote.

    Raises:
        Invalid: it did not write this.
    """
    token = fields.text_or_none("nextPageToken")
    return RequestPage(
        records=fields.objects("requests", from_request),
        next_before=None if token is None else _page_token(token),
    )


def _page_token(token: str) -> RequestId:
    try:
        return parse_request_id(token)
    except Invalid as error:
        raise Invalid(
            field="pageToken", why="is not one that a page before named"
        ) from error
