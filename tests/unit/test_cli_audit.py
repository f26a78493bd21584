"""`jitsudo audit`: filters, formats that can be verified, and `verify`."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.approvals import AuditPage
from core.domain.audit import (
    GENESIS,
    AuditEvent,
    AuditFact,
    Json,
    chain_hash,
    seal,
)
from core.errors import AuditChainBroken
from core.ports import AuditFilter
from core.vocabulary import AuditAction, Origin, Outcome, RequestId
from tests.support.builders import NOON
from tests.support.terminals import TestTerminal

_ID = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")


def _event(seq: int = 1, *, actor: str = "bob@example.com") -> AuditEvent:
    fact = AuditFact(
        occurred_at=NOON + timedelta(microseconds=5),
        actor=actor,
        action=AuditAction.REQUEST_APPROVED,
        outcome=Outcome.SUCCESS,
        origin=Origin.SLACK,
        request_id=_ID,
        details={
            "provider": "local",
            "role": "infra-admin",
            "resource_scope": "staging",
            "comment": 'said "yes", then\nleft',
            "reason": "\u202eturned\u2028\x85",
        },
    )
    return seal(fact, seq=seq, prev_hash=GENESIS)


def test_audit_is_a_table(terminal: TestTerminal) -> None:
    """One line an event, whatever its comment holds."""
    terminal.approvals.events = AuditPage(events=(_event(),))

    lines = terminal.run("audit").stdout.splitlines()

    assert lines[0].split() == [
        "SEQ", "TIMESTAMP", "ACTOR", "ACTION", "REQUEST", "ID", "OUTCOME", "WHAT",
    ]  # fmt: skip
    assert lines[1].split()[:6] == [
        "1", "2026-03-20T12:00:00Z", "bob@example.com", "request.approved", _ID,
        "success",
    ]  # fmt: skip
    assert lines[1].endswith('infra-admin on staging: said "yes", then left')
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("action", "details", "told"),
    [
        (
            AuditAction.PRINCIPAL_DISABLED,
            {"email": "alice@example.com", "why": "left"},
            "for alice@example.com: left",
        ),
        (
            AuditAction.REQUEST_REVIEWED,
            {
                "role": "admin",
                "resource_scope": "prod",
                "reason": "INC-1",
                "break_glass": True,
                "note": "justified",
            },
            "BREAK-GLASS admin on prod: justified",
        ),
        (
            AuditAction.TOKEN_ISSUED,
            {
                "token": "tok_1",
                "email": "bob@example.com",
                "scopes": ["decide", "read"],
            },
            "for bob@example.com (decide, read)",
        ),
        (
            AuditAction.TOKEN_REVOKED,
            {"token": "tok_1", "email": "bob@example.com", "scopes": ["read"]},
            "for bob@example.com (read)",
        ),
        (
            AuditAction.REQUEST_DECISION_REFUSED,
            {"code": "self_approval", "repeated": 12, "verdict": "approve"},
            "self_approval: 12 more times",
        ),
        (
            AuditAction.POLICY_RELOADED,
            {"policy_revision": "9f2c1a", "files": ["approval.rego"]},
            "revision 9f2c1a",
        ),
        (
            AuditAction.SIGN_IN_CONFIRMED,
            {"host": "build-7", "address": "192.0.2.9", "asked_at": "…"},
            "a terminal at 192.0.2.9, calls itself build-7",
        ),
        (
            AuditAction.SIGN_IN_REFUSED,
            {"code": "not_allowed", "why": "the code has expired"},
            "the code has expired",
        ),
        (
            AuditAction.PRINCIPAL_SIGNED_IN,
            {"subject": "s", "groups": ["oncall", "sre"]},
            "groups oncall, sre",
        ),
        (
            AuditAction.PRINCIPAL_SIGNED_IN,
            {"subject": "s", "groups": [], "groups_note": "the claim is missing"},
            "groups - (the claim is missing)",
        ),
        (
            AuditAction.PRINCIPAL_TRUST_CHANGED,
            {
                "email": "bob@example.com",
                "old_tier": 0,
                "new_tier": 3,
                "notes": "on call",
            },
            "for bob@example.com (trust tier 0 → 3): on call",
        ),
        (
            AuditAction.IDENTITY_LINKED,
            {"account": "T1/U1", "email": "bob@example.com", "method": "admin"},
            "for bob@example.com (T1/U1, admin)",
        ),
        (
            AuditAction.IDENTITY_CONFLICT,
            {
                "account": "T1/U2",
                "email": "robert@example.com",
                "linked_account": "T1/U2",
                "linked_email": "bob@example.com",
                "why": "your e-mail address in Slack is …",
            },
            "for robert@example.com (T1/U2), but T1/U2 is bob@example.com",
        ),
        (
            AuditAction.IDENTITY_CONFLICT,
            {"issuer": "i", "subject": "s", "why": "known as somebody else"},
            "known as somebody else",
        ),
        (AuditAction.TOKEN_LISTED, {"tokens": 7}, "7 tokens"),
    ],
)
def test_the_table_tells_of_what_is_no_request(
    terminal: TestTerminal, action: AuditAction, details: dict[str, Json], told: str
) -> None:
    """Who, which machine, which account, from which tier to which; then why."""
    event = _event()
    event = replace(event, fact=replace(event.fact, action=action, details=details))
    terminal.approvals.events = AuditPage(events=(event,))

    assert terminal.run("audit").stdout.rstrip().endswith(f"  {told}")


@pytest.mark.parametrize("word", [(), ("list",)])
def test_every_filter_reaches_the_server(
    terminal: TestTerminal, word: tuple[str, ...]
) -> None:
    """`audit` and `audit list` are the same."""
    terminal.run(
        "audit", *word,
        "--user", "bob@example.com", "--provider", "aws", "--request", _ID.lower(),
        "--action", "request.denied", "--outcome", "failure", "--since", "7d",
        "--until", "2026-03-20T11:00:00+01:00", "--limit", "5", "--before", "99",
    )  # fmt: skip

    assert terminal.approvals.asked == [
        (
            "audit",
            AuditFilter(
                actor="bob@example.com",
                provider="aws",
                request_id=_ID,
                action=AuditAction.REQUEST_DENIED,
                outcome=Outcome.FAILURE,
                since=NOON - timedelta(days=7),
                until=datetime(2026, 3, 20, 10, 0, tzinfo=UTC),
                limit=5,
                before_seq=99,
            ),
        )
    ]


def test_json_can_be_verified(terminal: TestTerminal) -> None:
    """What is exported holds the exact record, its hash and six digits of time."""
    event = _event()
    terminal.approvals.events = AuditPage(events=(event,))

    (shown,) = json.loads(terminal.run("audit", "-o", "json").stdout)

    assert list(shown)[:8] == [
        "id", "timestamp", "actor", "action", "request_id", "provider",
        "resource_scope", "outcome",
    ]  # fmt: skip
    assert shown["timestamp"] == "2026-03-20T12:00:00.000005Z"
    assert chain_hash(shown["record"]) == shown["hash"] == event.hash


def test_csv_is_quoted_and_runs_nothing(terminal: TestTerminal) -> None:
    """A name with commas, quotes or a formula is one harmless cell."""
    actor = '=cmd|"/c calc",x@example.com'
    terminal.approvals.events = AuditPage(events=(_event(actor=actor),))

    text = terminal.run("audit", "-o", "csv").stdout

    header, row = csv.reader(io.StringIO(text))
    assert header[:6] == [
        "timestamp", "actor", "action", "request_id", "provider", "outcome",
    ]  # fmt: skip
    cells = dict(zip(header, row, strict=True))
    assert cells["actor"] == f"'{actor}"
    assert chain_hash(cells["record"]) == cells["hash"]


def test_a_page_says_how_to_get_the_next(terminal: TestTerminal) -> None:
    """A cut list is never silent."""
    terminal.approvals.events = AuditPage(events=(_event(7),), next_before=7)

    assert "--before 7" in terminal.run("audit").stderr


def test_quiet_prints_the_numbers(terminal: TestTerminal) -> None:
    """`-q` leaves the events' numbers."""
    terminal.approvals.events = AuditPage(events=(_event(7),))

    assert terminal.run("audit", "-q").stdout == "7\n"


def test_verify_prints_a_checkpoint_that_it_takes_back(terminal: TestTerminal) -> None:
    """What is printed can be given as --checkpoint."""
    first = terminal.run("audit", "verify")
    checkpoint = first.stdout.split("Checkpoint: ")[1].strip()

    second = terminal.run("audit", "verify", "--checkpoint", checkpoint)

    assert first.stdout.startswith("3 events, the chain is intact.\n")
    assert second.exit_code == 0
    assert terminal.approvals.asked == [
        ("verify_audit", None),
        ("verify_audit", (3, "ab" * 32)),
    ]


def test_a_broken_chain_ends_with_1(terminal: TestTerminal) -> None:
    """The first event that does not fit is named, and nothing says it is fine."""
    terminal.approvals.failure = AuditChainBroken(seq=4, why="its hash is not right")

    result = terminal.run("audit", "verify")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "broken at event 4" in result.stderr
