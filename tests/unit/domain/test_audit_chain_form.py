"""The chain: its canonical form, one golden hash, and every way to tamper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.audit import (
    GENESIS,
    AuditEvent,
    AuditFact,
    ChainVerifier,
    StoredEvent,
    chain_hash,
    from_timestamp,
    seal,
    to_canonical,
    to_timestamp,
)
from core.errors import AuditChainBroken, Invalid
from core.vocabulary import AuditAction, Origin, Outcome, RequestId
from tests.support.builders import ALICE, BOB, NOON

FACT = AuditFact(
    occurred_at=NOON,
    actor=BOB,
    action=AuditAction.REQUEST_APPROVED,
    outcome=Outcome.SUCCESS,
    origin=Origin.SLACK,
    request_id=RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"),
    details={"comment": 'ok "é"\n', "counted": 2, "approvers": [ALICE, BOB], "x": True},
)

GOLDEN_RECORD = (
    '{"action":"request.approved","actor":"bob@example.com",'
    '"details":{"approvers":["alice@example.com","bob@example.com"],'
    '"comment":"ok \\"é\\"\\n","counted":2,"x":true},'
    '"occurred_at":"2026-03-20T12:00:00.000000Z","origin":"slack",'
    '"outcome":"success","prev_hash":"' + "0" * 64 + '",'
    '"request_id":"req_01J8KZ4F2EMNQZ3V7XKQYBD4WA","seq":1}'
)


def stored(event: AuditEvent) -> StoredEvent:
    """Return an event as its row has it."""
    fact = event.fact
    return StoredEvent(
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


def a_chain(length: int) -> list[StoredEvent]:
    """Return a chain of `length` events, as stored."""
    chain: list[StoredEvent] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        event = seal(
            replace(FACT, actor=f"p{seq}@example.com"), seq=seq, prev_hash=previous
        )
        chain.append(stored(event))
        previous = event.hash
    return chain


def verify(chain: list[StoredEvent], *, head: tuple[int, str] | None = None) -> int:
    """Verify a chain; return how many events fit."""
    verifier = ChainVerifier()
    for event in chain:
        verifier.check(event)
    head = head or (chain[-1].seq, chain[-1].hash)
    return verifier.finish(head_seq=head[0], head_hash=head[1], checkpoint=None).events


def test_the_form_is_the_one_that_existing_logs_were_written_in() -> None:
    """Changing this golden breaks every chain there is; it needs a new prefix."""
    event = seal(FACT, seq=1, prev_hash=GENESIS)

    assert event.record == GOLDEN_RECORD
    assert (
        event.hash == "1f6cd7e432566b4df70bd1ac20bab3e0323a573ba7a13b07182b78ae54575b09"
    )


def test_the_prefix_separates_the_hash_from_a_plain_one() -> None:
    """The hash of a record is of no use elsewhere."""
    assert chain_hash("{}") == (
        "bcc375b7e58f2c18e7da74de180d9bc608340f36104144fff6cc681cb6811dd5"
    )


def test_the_order_in_which_details_were_given_does_not_matter() -> None:
    """Two spellings of the same fact have one hash."""
    turned = replace(FACT, details=dict(reversed(list(FACT.details.items()))))

    assert seal(turned, seq=1, prev_hash=GENESIS).record == GOLDEN_RECORD


def test_a_whole_chain_verifies() -> None:
    """Nothing changed, nothing found."""
    assert verify(a_chain(5)) == 5


def test_an_empty_chain_verifies_only_with_an_empty_head() -> None:
    """Deleting everything is found by the head."""
    empty = ChainVerifier()

    assert empty.finish(head_seq=0, head_hash=GENESIS, checkpoint=None).events == 0
    with pytest.raises(AuditChainBroken):
        empty.finish(head_seq=3, head_hash="a" * 64, checkpoint=None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("seq", 7),
        ("prev_hash", "f" * 64),
        ("hash", "f" * 64),
        ("record", GOLDEN_RECORD.replace("bob", "eve")),
        ("occurred_at", "2026-03-20T12:00:00.000001Z"),
        ("actor", "eve@example.com"),
        ("action", "request.denied"),
        ("outcome", "failure"),
        ("request_id", "req_01J8KZ4F2EMNQZ3V7XKQYBD4WB"),
    ],
)
def test_a_change_of_any_column_is_found(column: str, value: object) -> None:
    """Each column is either hashed or compared with what was hashed."""
    chain = a_chain(3)
    chain[1] = replace(chain[1], **{column: value})  # type: ignore[arg-type]  # any column

    with pytest.raises(AuditChainBroken):
        verify(chain)


def test_every_column_of_a_row_is_tampered_with_above() -> None:
    """A column added later needs its own case."""
    assert set(StoredEvent.__slots__) == {
        "seq", "prev_hash", "hash", "record", "occurred_at", "actor", "action",
        "outcome", "request_id",
    }  # fmt: skip


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_missing_event_is_found(index: int) -> None:
    """At the start, in the middle, and by the head at the end."""
    chain = a_chain(3)
    head = (chain[-1].seq, chain[-1].hash)
    del chain[index]

    with pytest.raises(AuditChainBroken):
        verify(chain, head=head)


def test_two_events_that_changed_places_are_found() -> None:
    """Order is part of what is chained."""
    first, second, third = a_chain(3)

    with pytest.raises(AuditChainBroken) as broken:
        verify([first, third, second])
    assert broken.value.seq == 2


def test_an_event_written_anew_breaks_the_next_one() -> None:
    """A forger has to rewrite everything after it, and the checkpoint."""
    chain = a_chain(3)
    forged = seal(
        replace(FACT, actor="eve@example.com"), seq=2, prev_hash=chain[0].hash
    )
    chain[1] = stored(forged)

    with pytest.raises(AuditChainBroken) as broken:
        verify(chain)
    assert broken.value.seq == 3


@pytest.mark.parametrize("record", ["", "not json", "[]", "null", '"text"', "1"])
def test_a_record_that_is_no_object_is_a_broken_chain_and_no_crash(record: str) -> None:
    """Whoever can write rows can also hash nonsense rightly."""
    event = replace(a_chain(1)[0], record=record, hash=chain_hash(record))

    with pytest.raises(AuditChainBroken):
        ChainVerifier().check(event)


def test_a_checkpoint_beyond_the_end_is_a_truncated_chain() -> None:
    """The head can be rewritten with the chain; a note kept elsewhere cannot."""
    chain = a_chain(2)
    verifier = ChainVerifier()
    for event in chain:
        verifier.check(event)

    with pytest.raises(AuditChainBroken, match="checkpoint"):
        verifier.finish(head_seq=2, head_hash=chain[1].hash, checkpoint=(3, "a" * 64))


@pytest.mark.parametrize("bad", [1.0, None, 2**53, -(2**53), "\ud800", b"x", {"a"}])
def test_what_has_more_than_one_spelling_is_refused(bad: object) -> None:
    """Floats, null, large integers, half characters, bytes, sets."""
    fact = replace(FACT, details={"deep": [{"x": bad}]})  # type: ignore[dict-item]  # on purpose

    with pytest.raises(Invalid):
        seal(fact, seq=1, prev_hash=GENESIS)


def test_half_a_character_in_a_key_is_refused() -> None:
    """Keys are hashed like values."""
    with pytest.raises(Invalid):
        to_canonical({"\ud800": 1})


def test_a_time_without_a_zone_is_refused() -> None:
    """A naive time means another moment elsewhere."""
    with pytest.raises(ValueError, match="time zone"):
        to_timestamp(datetime(2026, 3, 20, 12))  # noqa: DTZ001 - naive on purpose


def test_one_moment_has_one_spelling() -> None:
    """Six digits and Z, whatever zone it came in."""
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))

    assert to_timestamp(elsewhere) == "2026-03-20T12:00:00.000000Z"


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants it naive
def test_a_time_survives_its_spelling(moment: datetime) -> None:
    """What was written reads as the same moment."""
    assert from_timestamp(to_timestamp(moment)) == moment


JSON = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_whatever_can_be_told_verifies(details: dict[str, object]) -> None:
    """No sentence of a person's can break the chain that holds it."""
    fact = replace(FACT, details=details)  # type: ignore[arg-type]  # Hypothesis' JSON

    assert verify([stored(seal(fact, seq=1, prev_hash=GENESIS))]) == 1
