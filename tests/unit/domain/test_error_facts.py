"""Errors cross a wire as code and facts, and arrive as the same error."""

import pytest

import core.errors
from core.errors import (
    AuditChainBroken,
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    DependencyError,
    DirectoryUnavailable,
    Invalid,
    IssuerUnavailable,
    JitsudoError,
    NotAllowed,
    NotAuthenticated,
    NotEligible,
    NotFound,
    OutcomeUnknown,
    PolicyUnavailable,
    ProviderFailed,
    RefusedError,
    SelfApproval,
    ServerUnavailable,
    SlackFailed,
    StoreBusy,
    StoreUnavailable,
    TooMany,
    WrongState,
)
from tests.support.builders import BOB, NOON

EVERY = [
    AuditChainBroken(seq=7, why="its hash is not its record's"),
    ConfigurationError(setting="JITSUDO_X", why="is not set"),
    TooMany(what="decisions within a minute", retry_after_seconds=7),
    Conflict(what="request req_1"),
    DeadlineExceeded(),
    DirectoryUnavailable(why="broken"),
    Invalid(field="reason", why="is blank"),
    IssuerUnavailable(why="it did not answer in time"),
    NotAllowed(reason="only sre-lead may decide this"),
    NotAuthenticated(why="no token"),
    NotEligible(reason="only sre may ask"),
    NotFound(what="request", name="req_1"),
    OutcomeUnknown(),
    OutcomeUnknown(look_with="jitsudo status --mine"),
    PolicyUnavailable(why="timed out"),
    ProviderFailed(provider="aws", why="throttled"),
    SelfApproval(),
    ServerUnavailable(server="http://x", why="refused"),
    SlackFailed(method="chat.postMessage", why="ratelimited"),
    StoreBusy(),
    StoreUnavailable(why="refused"),
    TooMany(what="decisions within a minute (at most 60)", retry_after_seconds=7),
    WrongState(
        request_id="req_1", expected="PENDING", actual="REJECTED", by=BOB, at=NOON
    ),
    WrongState(request_id="req_1", expected="PENDING", actual="EXPIRED"),
]

ABSTRACT = {JitsudoError, RefusedError, DependencyError}


@pytest.mark.parametrize("error", EVERY, ids=lambda error: str(error.code))
def test_an_error_survives_the_wire(error: JitsudoError) -> None:
    """Same class, same facts, same sentence on the other side."""
    facts = error.facts()
    again = type(error).from_facts(facts)

    assert type(again) is type(error)
    assert again.facts() == facts
    assert str(again) == str(error)
    assert all(isinstance(value, str) for value in facts.values())


def test_every_error_is_tried_above() -> None:
    """An error added later has to cross the wire too."""
    exported = {getattr(core.errors, name) for name in core.errors.__all__}

    assert exported - ABSTRACT == {type(error) for error in EVERY}


def test_codes_are_stable_and_unique() -> None:
    """Clients branch on these words."""
    codes = {type(error).__name__: error.code for error in EVERY}

    assert len(set(codes.values())) == len(codes)
    assert codes == {
        "AuditChainBroken": "audit_chain_broken",
        "ConfigurationError": "configuration",
        "Conflict": "conflict",
        "DeadlineExceeded": "deadline_exceeded",
        "DirectoryUnavailable": "directory_unavailable",
        "Invalid": "invalid",
        "IssuerUnavailable": "issuer_unavailable",
        "NotAllowed": "not_allowed",
        "NotAuthenticated": "not_authenticated",
        "NotEligible": "not_eligible",
        "NotFound": "not_found",
        "OutcomeUnknown": "outcome_unknown",
        "PolicyUnavailable": "policy_unavailable",
        "ProviderFailed": "provider_failed",
        "SelfApproval": "self_approval",
        "ServerUnavailable": "server_unavailable",
        "SlackFailed": "slack_failed",
        "StoreBusy": "store_busy",
        "StoreUnavailable": "store_unavailable",
        "TooMany": "too_many",
        "WrongState": "wrong_state",
    }


def test_an_unknown_outcome_is_neither_a_refusal_nor_a_failure() -> None:
    """Whoever treats a lost answer as a no tells a lie."""
    assert not isinstance(OutcomeUnknown(), RefusedError | DependencyError)


def test_the_loser_of_a_race_reads_who_won() -> None:
    """Who and when, in the sentence itself."""
    sentence = str(EVERY[-2])

    assert sentence == (
        "request req_1 is REJECTED, not PENDING "
        "(by bob@example.com, 2026-03-20 12:00 UTC)"
    )
