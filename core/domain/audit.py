"""Audit events: their canonical bytes, the chain's hash, and its verification."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, TypeAlias

import rfc8785

from core.errors import AuditChainBroken, Invalid
from core.vocabulary import AuditAction, Origin, Outcome, RequestId

Json: TypeAlias = "str | bool | int | Sequence[Json] | Mapping[str, Json]"
"""What an event may hold: no floats and no null, whose spellings vary."""

PREFIX: Final = b"jitsudo-audit-v2\n"
"""Separates these hashes from every other use, and versions the form."""

GENESIS: Final = "0" * 64
"""The `prev_hash` of the first event."""

MAX_INTEGER: Final = 2**53 - 1
"""Source: RFC 8785 section 3.2.2.3; larger integers lose digits elsewhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFact:
    """What happened, before it has its place in the chain.

    Attributes:
        actor: an e-mail, `system`, `policy`, `operator:<os user>@<host>`, or
            `slack:<team>/<user>` for somebody who is not known.
        details: what was asked, said and by which evidence; never a secret.
    """

    occurred_at: datetime
    actor: str
    action: AuditAction
    outcome: Outcome
    origin: Origin
    request_id: RequestId | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """One chained, immutable fact.

    Attributes:
        seq: 1 for the first event, no gaps.
        record: the canonical JSON of every field; exactly what is hashed.
        hash: 64 hexadecimal digits.
    """

    seq: int
    fact: AuditFact
    prev_hash: str
    record: str
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainReport:
    """A chain that fits: how many events, and the checkpoint to keep elsewhere."""

    events: int
    head_seq: int
    head_hash: str


def seal(fact: AuditFact, *, seq: int, prev_hash: str) -> AuditEvent:
    """Tie `fact` to everything before it.

    Args:
        seq: one more than the previous event's.
        prev_hash: the previous event's hash; `GENESIS` for the first.

    Raises:
        Invalid: the fact holds something the canonical form cannot carry.
    """
    fields: dict[str, Json] = {
        "seq": seq,
        "prev_hash": prev_hash,
        "occurred_at": to_timestamp(fact.occurred_at),
        "actor": fact.actor,
        "action": fact.action.value,
        "outcome": fact.outcome.value,
        "origin": fact.origin.value,
        "request_id": fact.request_id or "",
        "details": fact.details,
    }
    record = to_canonical(fields)
    return AuditEvent(
        seq=seq, fact=fact, prev_hash=prev_hash, record=record, hash=chain_hash(record)
    )


def chain_hash(record: str) -> str:
    """Return the hash of a canonical record as 64 hexadecimal digits.

    Source: RFC 6962 section 2.1 for the idea of a prefix.
    """
    return sha256(PREFIX + record.encode()).hexdigest()


def to_canonical(value: Json) -> str:
    """Return the one JSON text of `value`.

    Raises:
        Invalid: it holds a float, null, an integer of 2^53 or more, or half of
            a surrogate pair.

    Source: RFC 8785.
    """
    _refuse_ambiguous(value)
    return rfc8785.dumps(value).decode()


def _refuse_ambiguous(value: Json) -> None:
    match value:
        case str():
            if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
                raise Invalid(field="audit event", why="holds half a character")
        case bool():
            pass
        case int():
            if abs(value) > MAX_INTEGER:
                raise Invalid(field="audit event", why=f"holds {value}, over 2^53 - 1")
        case Mapping():
            for key, member in value.items():
                _refuse_ambiguous(key)
                _refuse_ambiguous(member)
        case list() | tuple():
            for member in value:
                _refuse_ambiguous(member)
        case _:
            raise Invalid(
                field="audit event", why=f"holds a {type(value).__name__}: {value!r}"
            )


def to_timestamp(moment: datetime) -> str:
    """Return an aware time in UTC with six digits and `Z`.

    Raises:
        ValueError: it knows no time zone.
    """
    if moment.tzinfo is None:
        message = f"{moment} knows no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_timestamp(text: str) -> datetime:
    """Return the aware time that `to_timestamp` wrote."""
    return datetime.fromisoformat(text)


def _read(event: "StoredEvent") -> dict[str, object]:
    try:
        recorded = json.loads(event.record)
    except ValueError:
        recorded = None
    if not isinstance(recorded, dict):
        raise AuditChainBroken(seq=event.seq, why="its record is no JSON object")
    return recorded


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEvent:
    """An event as its row has it: the record, and the columns that repeat it."""

    seq: int
    prev_hash: str
    hash: str
    record: str
    occurred_at: str
    actor: str
    action: str
    outcome: str
    request_id: str


class ChainVerifier:
    """Checks stored events one after the other, from the first to the last."""

    def __init__(self) -> None:
        """Begin before the first event."""
        self._seq = 0
        self._hash = GENESIS

    def check(self, event: StoredEvent) -> None:
        """Check that `event` is the next one and was not changed.

        Raises:
            AuditChainBroken: a number is missing, the hash does not fit its
                record or its predecessor, or a column differs from the record.
        """
        expected = self._seq + 1
        if event.seq != expected:
            raise AuditChainBroken(
                seq=expected, why=f"expected event {expected}, got {event.seq}"
            )
        if event.prev_hash != self._hash:
            raise AuditChainBroken(
                seq=event.seq, why="it does not follow from the event before it"
            )
        if chain_hash(event.record) != event.hash:
            raise AuditChainBroken(seq=event.seq, why="its hash is not its record's")
        recorded = _read(event)
        for name in (
            "seq", "prev_hash", "occurred_at", "actor", "action", "outcome",
            "request_id",
        ):  # fmt: skip
            if recorded.get(name) != getattr(event, name):
                raise AuditChainBroken(
                    seq=event.seq, why=f"its column {name} is not what was recorded"
                )
        self._seq = event.seq
        self._hash = event.hash

    def finish(
        self, *, head_seq: int, head_hash: str, checkpoint: tuple[int, str] | None
    ) -> ChainReport:
        """Return the report, if the chain ends where it should.

        Args:
            head_seq: the store's own note of the last event's number.
            head_hash: the store's own note of its hash.
            checkpoint: a (seq, hash) kept elsewhere, already compared by the
                caller when that event went by; here only its number counts.

        Raises:
            AuditChainBroken: events at the end are missing.
        """
        if (head_seq, head_hash) != (self._seq, self._hash):
            raise AuditChainBroken(
                seq=self._seq, why=f"the chain ends here, its head is event {head_seq}"
            )
        if checkpoint is not None and checkpoint[0] > self._seq:
            raise AuditChainBroken(
                seq=self._seq, why=f"the checkpoint is event {checkpoint[0]}"
            )
        return ChainReport(events=self._seq, head_seq=self._seq, head_hash=self._hash)
