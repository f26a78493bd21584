"""JSON of strangers: either case, no guesses, and every complaint names its field."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.decision import RequestRecord
from core.errors import Invalid
from core.vocabulary import PolicyPackage, RequestState
from core.wire.access import from_package
from core.wire.fields import Fields
from core.wire.pages import from_query
from core.wire.parsing import parse_json
from core.wire.requests import from_ask, to_request
from tests.support.builders import BOB, a_decision, a_request, an_ask

_BODY = {
    "provider": "local",
    "role": "infra-admin",
    "resourceScope": "staging",
    "durationSeconds": "3600",
    "reason": "INC-4421: pods do not start",
}


def test_request_has_the_references_fields_and_spellings() -> None:
    """A client written for the reference finds what it looks for."""
    request = replace(
        a_request(state=RequestState.APPROVED), decided_by=BOB, decision_text="ok"
    )

    body = to_request(
        RequestRecord(request=request, decisions=(a_decision(request, text="ok"),))
    )

    reference = {
        "id": request.id,
        "state": "REQUEST_STATE_APPROVED",
        "requesterIdentity": "alice@example.com",
        "provider": "local",
        "role": "infra-admin",
        "resourceScope": "staging",
        "durationSeconds": "3600",
        "reason": "INC-4421: pods do not start",
        "breakGlass": False,
        "metadata": {},
        "createdAt": "2026-03-20T12:00:00.000000Z",
        "updatedAt": "2026-03-20T12:00:00.000000Z",
        "approverIdentity": "bob@example.com",
        "approverComment": "ok",
        "expiresAt": None,
        "approverTier": "human",
        "aiReasoningJson": "",
    }
    assert {name: body[name] for name in reference} == reference
    assert body["approvals"] == [
        {
            "approver": "bob@example.com",
            "comment": "ok",
            "origin": "api",
            "at": "2026-03-20T12:00:00.000000Z",
        }
    ]


def test_undecided_request_has_its_fields_all_the_same() -> None:
    """What is unset is there as null, "" or 0, as protobuf's JSON has it."""
    body = to_request(RequestRecord(request=a_request()))

    assert body["approverIdentity"] == ""
    assert body["expiresAt"] is None
    assert body["denialReason"] == ""
    assert body["approvals"] == []


@pytest.mark.parametrize(
    "body",
    [
        _BODY,
        {**_BODY, "durationSeconds": 3600},
        {**_BODY, "unknown": {"field": 1}, "metadata": None},
        {
            "provider": "local",
            "role": "infra-admin",
            "resource_scope": "staging",
            "duration_seconds": 3600,
            "reason": "INC-4421: pods do not start",
            "break_glass": False,
        },
    ],
)
def test_ask_is_read_in_either_case(body: dict[str, object]) -> None:
    """Names in both cases, numbers and strings of digits, nothing unknown."""
    assert from_ask(Fields(body)) == an_ask()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"role": 7}, "role"),
        ({"role": None}, "role"),
        ({"durationSeconds": True}, "durationSeconds"),
        ({"durationSeconds": 3600.5}, "durationSeconds"),
        ({"durationSeconds": "1h"}, "durationSeconds"),
        ({"durationSeconds": "٣٦٠٠"}, "durationSeconds"),
        ({"durationSeconds": 10**30}, "durationSeconds"),
        ({"durationSeconds": "9" * 19}, "durationSeconds"),
        ({"breakGlass": "true"}, "breakGlass"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"team": 1}}, "metadata"),
        ({"resource_scope": "other"}, "resourceScope"),
    ],
)
def test_wrong_type_names_its_field(changed: dict[str, Any], field: str) -> None:
    """Nothing is guessed, and a field given under both names is refused."""
    with pytest.raises(Invalid) as refused:
        from_ask(Fields({**_BODY, **changed}))

    assert refused.value.field == field


@pytest.mark.parametrize("value", [[], "text", 1, None, True])
def test_body_has_to_be_an_object(value: object) -> None:
    """The complaint says what came instead."""
    with pytest.raises(Invalid) as refused:
        Fields.of(value)

    assert refused.value.field == "body"


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "a", "reason": "b"}',
        '{"x": NaN}',
        "{",
        "[" * 60_000,
        "9" * 5_000,
        '{"a": 1} x',
    ],
)
def test_ambiguous_or_broken_json_is_refused(text: str) -> None:
    """No name twice, no NaN, no stack used up, no number of 5,000 digits."""
    with pytest.raises(Invalid):
        parse_json("body", text)


def test_states_are_read_with_and_without_their_prefix() -> None:
    """The full name, the short one, and the reference's word for none at all."""
    states = ["REQUEST_STATE_PENDING", "ACTIVE", "REQUEST_STATE_UNSPECIFIED"]

    query = from_query(Fields({"state": states}, is_query=True))

    assert query.states == {RequestState.PENDING, RequestState.ACTIVE}


def test_pending_is_short_for_a_state() -> None:
    """It adds to the states that are named."""
    query = from_query(
        Fields({"pending": "true", "state": ["ACTIVE"], "mine": "1"}, is_query=True)
    )

    assert query.states == {RequestState.PENDING, RequestState.ACTIVE}
    assert query.mine


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"state": ["pending"]}, "state"),
        ({"state": ["REQUEST_STATE_DONE\x1b[31m"]}, "state"),
        ({"mine": "yes"}, "mine"),
        ({"pageSize": "many"}, "pageSize"),
        ({"pageToken": "req_1"}, "pageToken"),
    ],
)
def test_query_that_cannot_be_names_its_parameter(
    values: dict[str, object], field: str
) -> None:
    """Unknown enum values and odd numbers are no filter that matches nothing."""
    with pytest.raises(Invalid) as refused:
        from_query(Fields(values, is_query=True))

    assert refused.value.field == field
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-20T16:00:00Z", datetime(2026, 3, 20, 16, tzinfo=UTC)),
        ("2026-03-20T17:00:00+01:00", datetime(2026, 3, 20, 16, tzinfo=UTC)),
        (
            "2026-03-20T16:00:00.123456789Z",
            datetime(2026, 3, 20, 16, tzinfo=UTC) + timedelta(microseconds=123_456),
        ),
    ],
)
def test_times_are_read_as_utc(text: str, expected: datetime) -> None:
    """Any zone, and as many digits as Go writes."""
    assert Fields({"since": text}).moment("since") == expected


@pytest.mark.parametrize(
    "text", ["2026-03-20T16:00:00", "yesterday", "0001-01-01T00:00:00+23:00"]
)
def test_time_without_zone_is_refused(text: str) -> None:
    """Nobody guesses whose midnight is meant."""
    with pytest.raises(Invalid):
        Fields({"since": text}).moment("since")


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("", PolicyPackage.ELIGIBILITY),
        ("POLICY_TYPE_UNSPECIFIED", PolicyPackage.ELIGIBILITY),
        ("POLICY_TYPE_APPROVAL", PolicyPackage.APPROVAL),
        ("approval", PolicyPackage.APPROVAL),
    ],
)
def test_policy_types_are_the_references(text: str, package: PolicyPackage) -> None:
    """The unspecified is eligibility, as in the reference."""
    assert from_package(Fields({"type": text})) is package


def test_unknown_policy_type_is_refused() -> None:
    """A typo does not silently ask the other package."""
    with pytest.raises(Invalid):
        from_package(Fields({"type": "POLICY_TYPE_APROVAL"}))


def test_error_texts_stay_short_and_printable() -> None:
    """What a stranger wrote is repeated clipped and escaped."""
    with pytest.raises(Invalid) as refused:
        Fields(json.loads('{"n": "\\u202e' + "x" * 500 + '"}')).integer("n")

    assert len(str(refused.value)) < 200
    assert str(refused.value).isascii() or "…" in str(refused.value)
