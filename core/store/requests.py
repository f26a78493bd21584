"""Requests, with the groups that may see them in a table of their own."""

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from typing_extensions import override

from core.domain.request import Ask, ElevationRequest, Routing
from core.errors import Conflict
from core.ports import RequestFilter, RequestStore
from core.store.dialects import Moment
from core.store.link import Link, Row
from core.store.listing import listing
from core.store.rows import (
    from_pairs,
    from_strings,
    names,
    to_moment,
    to_moment_or_none,
    to_pairs,
    to_strings,
)
from core.store.schema import IS_PENDING, request_groups, requests
from core.store.statements import Statement
from core.vocabulary import GrantStatus, RequestId, RequestState, Tier

_CHANGING: Final = (
    "state",
    "grant_status",
    "version",
    "updated_at",
    "lapses_at",
    "required_approvals",
    "counted_approvals",
    "decided_by",
    "decided_at",
    "decision_text",
    "ended_by",
    "ended_at",
    "end_reason",
    "issued_at",
    "expires_at",
    "grant_error",
    "next_try_at",
    "reviewed_by",
    "reviewed_at",
    "review_note",
)
"""What `save` writes; everything else stays as it was submitted."""

_ADD: Final = Statement(sa.insert(requests), columns=names(requests.c))

_ADD_GROUP: Final = Statement(
    sa.insert(request_groups), columns=("request_id", "group_name")
)

_GET: Final = Statement(
    sa.select(requests).where(requests.c.id == sa.bindparam("request_id"))
)

_LOCK: Final = Statement(
    sa.select(requests)
    .where(requests.c.id == sa.bindparam("request_id"))
    .with_for_update(key_share=True)
)

_SAVE: Final = Statement(
    sa.update(requests)
    .where(
        requests.c.id == sa.bindparam("request_id"),
        requests.c.version.between(
            sa.bindparam("oldest_version", type_=sa.BigInteger),
            sa.bindparam("newest_version", type_=sa.BigInteger),
        ),
    )
    .returning(requests.c.id),
    columns=_CHANGING,
)

_COUNT_BY: Final = Statement(
    sa.select(sa.func.count().label("count"))
    .select_from(requests)
    .where(
        requests.c.requester == sa.bindparam("by"),
        requests.c.created_at >= sa.bindparam("since", type_=Moment),
        requests.c.created_at <= sa.bindparam("until", type_=Moment),
    )
)

_COUNT_PENDING: Final = Statement(
    sa.select(sa.func.count().label("count"))
    .select_from(requests)
    .where(
        requests.c.requester == sa.bindparam("by"),
        IS_PENDING,
        requests.c.lapses_at > sa.bindparam("at", type_=Moment),
    )
)

_BY_SUBMISSION: Final = Statement(
    sa.select(requests).where(
        requests.c.submission_key == sa.bindparam("submission", type_=sa.Text)
    )
)

_ONE: Final[sa.ColumnClause[int]] = sa.literal_column("1")

_SHARES: Final = Statement(
    sa.select(_ONE.label("found"))
    .select_from(requests)
    .where(
        requests.c.lane == sa.bindparam("shared", type_=sa.Text),
        requests.c.id != sa.bindparam("request_id", type_=sa.Text),
        requests.c.state == RequestState.ACTIVE.value,
        requests.c.grant_status == GrantStatus.ACTIVE.value,
    )
    .limit(_ONE)
)

_EXTENSION_OF: Final = Statement(
    sa.select(requests)
    .where(
        requests.c.extends == sa.bindparam("extended", type_=sa.Text),
        requests.c.state.in_(
            [
                sa.literal_column(f"'{state.value}'")
                for state in (RequestState.PENDING, RequestState.APPROVED)
            ]
        ),
    )
    .limit(_ONE)
)


class SqlRequestStore(RequestStore):
    """Requests in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def add(self, request: ElevationRequest) -> None:
        ask, routing = request.ask, request.routing
        await self._link.rows(
            _ADD,
            id=request.id,
            requester=request.requester,
            provider=ask.provider,
            role=ask.role,
            resource_scope=ask.resource_scope,
            duration_seconds=ask.duration // timedelta(seconds=1),
            reason=ask.reason,
            break_glass=ask.break_glass,
            metadata=from_pairs(ask.metadata),
            tier=routing.tier.value,
            routed_approvals=routing.required_approvals,
            approver_groups=from_strings(routing.approver_groups),
            notify_groups=from_strings(routing.notify_groups),
            channel=routing.channel,
            require_comment=routing.require_comment,
            approval_note=routing.approval_note,
            created_at=request.created_at,
            lane=request.lane,
            submission_key=request.submission_key,
            extends=request.extends,
            vouched_by=request.vouched_by,
            **_changing(request),
        )
        for group in sorted(set(routing.approver_groups)):
            await self._link.rows(_ADD_GROUP, request_id=request.id, group_name=group)

    @override
    async def get(self, request_id: RequestId) -> ElevationRequest | None:
        row = await self._link.row(_GET, request_id=request_id)
        return None if row is None else _to_request(row)

    @override
    async def lock(self, request_id: RequestId) -> ElevationRequest | None:
        row = await self._link.row(_LOCK, request_id=request_id)
        return None if row is None else _to_request(row)

    @override
    async def by_submission(self, key: str) -> ElevationRequest | None:
        row = await self._link.row(_BY_SUBMISSION, submission=key)
        return None if row is None else _to_request(row)

    @override
    async def shares_lane(self, request: ElevationRequest) -> bool:
        if request.lane is None:
            return False
        row = await self._link.row(_SHARES, shared=request.lane, request_id=request.id)
        return row is not None

    @override
    async def open_extension_of(self, request_id: RequestId) -> ElevationRequest | None:
        row = await self._link.row(_EXTENSION_OF, extended=request_id)
        return None if row is None else _to_request(row)

    @override
    async def save(self, request: ElevationRequest) -> None:
        saved = await self._link.row(
            _SAVE,
            request_id=request.id,
            oldest_version=request.version - 1,
            newest_version=request.version,
            **_changing(request),
        )
        if saved is None:
            raise Conflict(what=f"request {request.id}")

    @override
    async def find(self, wanted: RequestFilter) -> list[ElevationRequest]:
        statement, values = listing(wanted)
        rows = await self._link.rows(statement, **values)
        return [_to_request(row) for row in rows]

    @override
    async def count_by(
        self, requester: str, *, since: datetime, until: datetime
    ) -> int:
        row = await self._link.row(_COUNT_BY, by=requester, since=since, until=until)
        return 0 if row is None else int(row["count"])

    @override
    async def count_pending(self, requester: str, *, at: datetime) -> int:
        row = await self._link.row(_COUNT_PENDING, by=requester, at=at)
        return 0 if row is None else int(row["count"])


def _changing(request: ElevationRequest) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in _CHANGING}
    values["state"] = request.state.value
    values["grant_status"] = request.grant_status.value
    return values


def _to_request(row: Row) -> ElevationRequest:
    return ElevationRequest(
        id=RequestId(row["id"]),
        requester=row["requester"],
        ask=Ask(
            provider=row["provider"],
            role=row["role"],
            resource_scope=row["resource_scope"],
            duration=timedelta(seconds=row["duration_seconds"]),
            reason=row["reason"],
            break_glass=bool(row["break_glass"]),
            metadata=to_pairs(row["metadata"]),
        ),
        routing=Routing(
            tier=Tier(row["tier"]),
            required_approvals=row["routed_approvals"],
            approver_groups=to_strings(row["approver_groups"]),
            notify_groups=to_strings(row["notify_groups"]),
            channel=row["channel"],
            require_comment=bool(row["require_comment"]),
            approval_note=row["approval_note"],
        ),
        state=RequestState(row["state"]),
        grant_status=GrantStatus(row["grant_status"]),
        version=row["version"],
        created_at=to_moment(row["created_at"]),
        updated_at=to_moment(row["updated_at"]),
        lapses_at=to_moment(row["lapses_at"]),
        required_approvals=row["required_approvals"],
        counted_approvals=row["counted_approvals"],
        decided_by=row["decided_by"],
        decided_at=to_moment_or_none(row["decided_at"]),
        decision_text=row["decision_text"],
        ended_by=row["ended_by"],
        ended_at=to_moment_or_none(row["ended_at"]),
        end_reason=row["end_reason"],
        issued_at=to_moment_or_none(row["issued_at"]),
        expires_at=to_moment_or_none(row["expires_at"]),
        grant_error=row["grant_error"],
        next_try_at=to_moment_or_none(row["next_try_at"]),
        lane=row["lane"],
        submission_key=row["submission_key"],
        extends=RequestId(row["extends"]) if row["extends"] is not None else None,
        vouched_by=row["vouched_by"],
        reviewed_by=row["reviewed_by"],
        reviewed_at=to_moment_or_none(row["reviewed_at"]),
        review_note=row["review_note"] or "",
    )
