"""The audit chain: one head, locked last, and behind it every event."""

import json
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from typing_extensions import override

from core.domain.audit import (
    AuditEvent,
    AuditFact,
    StoredEvent,
    from_timestamp,
    seal,
    to_timestamp,
)
from core.errors import AuditChainBroken, StoreUnavailable
from core.ports import AuditFilter, AuditStore
from core.store.dialects import provider_in
from core.store.link import Link, Row
from core.store.rows import names
from core.store.schema import audit_events, audit_head
from core.store.statements import Statement
from core.vocabulary import AuditAction, Origin, Outcome, RequestId

BATCH: Final = 4000
"""Events per batch of `stream`; some megabytes."""

_LOCK_HEAD: Final = Statement(sa.select(audit_head).with_for_update())

_HEAD: Final = Statement(sa.select(audit_head))

# A trigger checks that it follows the head, and moves the head.
_APPEND: Final = Statement(sa.insert(audit_events), columns=names(audit_events.c))

_AFTER: Final = Statement(
    sa.select(audit_events)
    .where(audit_events.c.seq > sa.bindparam("after", type_=sa.BigInteger))
    .order_by(audit_events.c.seq)
    .limit(sa.literal_column(str(BATCH)))
)


class SqlAuditStore(AuditStore):
    """The chain in one transaction."""

    def __init__(self, link: Link) -> None:
        """Work in the transaction of `link`."""
        self._link: Final = link

    @override
    async def append(self, fact: AuditFact) -> AuditEvent:
        seq, last_hash = _to_head(await self._link.row(_LOCK_HEAD))
        event = seal(fact, seq=seq + 1, prev_hash=last_hash)
        await self._link.rows(
            _APPEND,
            seq=event.seq,
            prev_hash=event.prev_hash,
            hash=event.hash,
            record=event.record,
            occurred_at=to_timestamp(fact.occurred_at),
            actor=fact.actor,
            action=fact.action.value,
            outcome=fact.outcome.value,
            request_id=fact.request_id or "",
        )
        return event

    @override
    async def hold(self) -> None:
        await self._link.row(_LOCK_HEAD)

    @override
    async def find(self, wanted: AuditFilter) -> list[AuditEvent]:
        values: dict[str, Any] = {
            "actor": wanted.actor,
            "request_id": wanted.request_id,
            "action": wanted.action and wanted.action.value,
            "outcome": wanted.outcome and wanted.outcome.value,
            "provider": wanted.provider,
            "since": wanted.since and to_timestamp(wanted.since),
            "until": wanted.until and to_timestamp(wanted.until),
            "before_seq": wanted.before_seq,
        }
        given = {name: value for name, value in values.items() if value is not None}
        rows = await self._link.rows(
            _finding(frozenset(given)), **given, most=wanted.limit
        )
        return [_to_event(row) for row in rows]

    @override
    async def stream(self) -> AsyncIterator[list[StoredEvent]]:
        after = 0
        while rows := await self._link.rows(_AFTER, after=after):
            yield [_to_stored(row) for row in rows]
            after = rows[-1]["seq"]

    @override
    async def head(self) -> tuple[int, str]:
        return _to_head(await self._link.row(_HEAD))


@cache
def _finding(given: frozenset[str]) -> Statement:
    """Return the statement for one shape of filter."""
    columns = audit_events.c
    conditions: dict[str, sa.ColumnElement[bool]] = {
        "actor": columns.actor == sa.bindparam("actor"),
        "request_id": columns.request_id == sa.bindparam("request_id"),
        "action": columns.action == sa.bindparam("action"),
        "outcome": columns.outcome == sa.bindparam("outcome"),
        "provider": provider_in(columns.record)
        == sa.bindparam("provider", type_=sa.Text),
        "since": columns.occurred_at >= sa.bindparam("since"),
        "until": columns.occurred_at < sa.bindparam("until"),
        "before_seq": columns.seq < sa.bindparam("before_seq"),
    }
    return Statement(
        sa.select(audit_events)
        .where(*(conditions[name] for name in sorted(given)))
        .order_by(columns.seq.desc())
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


def _to_head(row: Row | None) -> tuple[int, str]:
    if row is None:
        raise StoreUnavailable(
            why="the head of the audit chain is missing; restore it from a backup"
        )
    return row["seq"], row["hash"]


def _to_event(row: Row) -> AuditEvent:
    record = row["record"]
    try:
        fields = json.loads(record)
        fact = AuditFact(
            occurred_at=from_timestamp(fields["occurred_at"]),
            actor=fields["actor"],
            action=AuditAction(fields["action"]),
            outcome=Outcome(fields["outcome"]),
            origin=Origin(fields["origin"]),
            request_id=RequestId(fields["request_id"]) or None,
            details=fields["details"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AuditChainBroken(
            seq=row["seq"], why="its record cannot be read"
        ) from error
    return AuditEvent(
        seq=row["seq"],
        fact=fact,
        prev_hash=row["prev_hash"],
        record=record,
        hash=row["hash"],
    )


def _to_stored(row: Row) -> StoredEvent:
    # By position and not by name: it is done for every event there is.
    seq, prev_hash, digest, record, occurred_at, actor, action, outcome, of = row
    return StoredEvent(
        seq=seq,
        prev_hash=prev_hash,
        hash=digest,
        record=record,
        occurred_at=occurred_at,
        actor=actor,
        action=action,
        outcome=outcome,
        request_id=of,
    )
