"""`jitsudo revoke` and `retry`: what they ask, say and end with."""

import json
from datetime import timedelta

import pytest

from core import errors
from core.approvals import RequestPage, RequestQuery
from core.vocabulary import GrantStatus, RequestId, RequestState
from tests.support.builders import ALICE, NOON, a_request_id
from tests.support.terminals import TestTerminal, a_record

_ID = RequestId("req_01J8KZ4F2EMNQZ3V7XKQYBD4WA")
_ACTIVE = RequestState.ACTIVE
_REVOKING = GrantStatus.REVOKING
_ALL = ("revoke", "--user", ALICE, "--all")


def test_revoke_waits_for_the_confirmation(terminal: TestTerminal) -> None:
    """The line says REVOKED because the provider has said so."""
    terminal.approvals.answers = [
        a_record(_ACTIVE, id=_ID, grant_status=_REVOKING),
        a_record(_ACTIVE, id=_ID, grant_status=_REVOKING),
        a_record(RequestState.REVOKED, id=_ID, grant_status=GrantStatus.ENDED),
    ]

    result = terminal.run("revoke", _ID, "--reason", " laptop stolen ")

    assert result.exit_code == 0
    assert result.stdout == f"Request {_ID} → REVOKED\n"
    assert result.stderr == (
        "alice@example.com: infra-admin on staging (local) for 1h\n"
    )
    assert terminal.approvals.asked[0] == ("revoke", _ID, "laptop stolen")


@pytest.mark.parametrize("state", [_ACTIVE, RequestState.APPROVED])
def test_revoke_never_says_more_than_is_true(
    terminal: TestTerminal, state: RequestState
) -> None:
    """Without waiting the end has begun, and the way to see it is named."""
    terminal.approvals.answers = [a_record(state, id=_ID, grant_status=_REVOKING)]

    result = terminal.run("revoke", _ID, "--no-wait")

    assert result.exit_code == 0
    assert result.stdout == f"Request {_ID} → {state} (revoking)\n"
    assert f"jitsudo status {_ID} --watch" in result.stderr
    assert [call[0] for call in terminal.approvals.asked] == ["revoke"]


def test_a_failed_end_says_why_and_when_again(terminal: TestTerminal) -> None:
    """The provider's own words, and that nothing is over yet."""
    terminal.approvals.answers = [
        a_record(
            _ACTIVE,
            id=_ID,
            grant_status=GrantStatus.REVOKE_FAILED,
            grant_error="throttled",
            next_try_at=NOON + timedelta(minutes=2),
        )
    ]

    result = terminal.run("revoke", _ID, "--no-wait")

    assert result.stdout == f"Request {_ID} → ACTIVE (revoke failed)\n"
    assert "Revoke failed: throttled; tried again in 2m" in result.stderr
    assert f"`jitsudo retry {_ID}`" in result.stderr


def test_what_was_done_is_told_to_who_may_not_look(terminal: TestTerminal) -> None:
    """Somebody who may only revoke gets the answer of that, and no error."""

    class Blind(type(terminal.approvals)):  # type: ignore[misc]  # of a fixture
        async def get(self, *_: object, **__: object) -> None:
            raise errors.NotFound(what="request", name=_ID)

    terminal.approvals = Blind(
        answers=[a_record(_ACTIVE, id=_ID, grant_status=_REVOKING)]
    )

    result = terminal.run("revoke", _ID)

    assert result.exit_code == 0
    assert result.stdout == f"Request {_ID} → ACTIVE (revoking)\n"
    assert "It was done, but how it goes on cannot be seen" in result.stderr


def test_pending_is_not_revoked_but_withdrawn_or_denied(
    terminal: TestTerminal,
) -> None:
    """The refusal names both ways out; its code is that of a wrong state."""
    terminal.approvals.failure = errors.WrongState(
        request_id=_ID, expected="APPROVED or ACTIVE", actual="PENDING"
    )

    result = terminal.run("revoke", _ID)

    assert result.exit_code == 6
    assert result.stdout == ""
    (told,) = result.stderr.splitlines()
    assert told.startswith(f"Error: request {_ID} is PENDING, not APPROVED or ACTIVE")
    assert "`jitsudo withdraw`" in told
    assert "`jitsudo deny`" in told


def test_another_wrong_state_is_told_as_it_is(terminal: TestTerminal) -> None:
    """What has expired can be neither withdrawn nor denied."""
    error = errors.WrongState(
        request_id=_ID, expected="APPROVED or ACTIVE", actual="EXPIRED"
    )
    terminal.approvals.failure = error

    assert terminal.run("revoke", _ID).stderr == f"Error: {error}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke",),
        ("revoke", "--all"),
        ("revoke", "--user", ALICE),
        ("revoke", _ID, "--all"),
        ("revoke", _ID, "--user", ALICE, "--all"),
        ("revoke", _ID, "--yes"),
        ("revoke", "--user", "alice", "--all"),
        ("revoke", _ID, _ID),
        ("revoke", _ID, "--reason", "bell \x07"),
        ("retry",),
        ("retry", "req_1"),
    ],
)
def test_what_cannot_be_is_a_usage_error(
    terminal: TestTerminal, arguments: tuple[str, ...]
) -> None:
    """Nothing that was typed is ignored, and nobody is asked."""
    result = terminal.run(*arguments)

    assert result.exit_code == 2
    assert terminal.approvals.asked == []


def test_revoking_all_goes_to_the_last_page(terminal: TestTerminal) -> None:
    """One call each, one line each, in the order of the list."""
    first = a_record(_ACTIVE, id=a_request_id())
    second = a_record(RequestState.APPROVED, id=a_request_id())
    terminal.approvals.pages = [
        RequestPage(records=(first,), next_before=first.request.id),
        RequestPage(records=(second,)),
    ]
    ended = [
        a_record(RequestState.REVOKED, id=record.request.id)
        for record in (first, second)
    ]
    terminal.approvals.answers = [*ended, ended[1]]

    result = terminal.run(*_ALL, "--reason", "gone")

    granted = frozenset({RequestState.APPROVED, _ACTIVE})
    query = RequestQuery(requester=ALICE, states=granted, limit=500)
    ids = [record.request.id for record in (first, second)]
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"Request {id_} → REVOKED" for id_ in ids]
    assert [call[0] for call in terminal.approvals.asked[:2]] == ["list", "list"]
    assert terminal.approvals.asked[0] == ("list", query)
    assert terminal.approvals.asked[2:] == [("revoke", id_, "gone") for id_ in ids]


def test_revoking_all_goes_on_after_a_failure(terminal: TestTerminal) -> None:
    """What failed is named with its reason, and its code is the exit code."""
    records = tuple(a_record(_ACTIVE, id=a_request_id()) for _ in range(3))
    refused = records[0].request.id
    terminal.approvals.page = RequestPage(records=records)
    terminal.approvals.refusals = {refused: errors.NotAllowed(reason="not yours")}
    terminal.approvals.answers = [
        a_record(RequestState.REVOKED, id=record.request.id) for record in records[1:]
    ]

    result = terminal.run(*_ALL)

    assert result.exit_code == 4
    assert len(result.stdout.splitlines()) == 2
    assert f"Error: {refused}: not yours" in result.stderr
    assert f"1 of 3 could not be revoked: {refused}" in result.stderr


def test_what_ended_by_itself_meanwhile_is_no_failure(terminal: TestTerminal) -> None:
    """It is over, which is what was wanted."""
    record = a_record(_ACTIVE, id=_ID)
    terminal.approvals.page = RequestPage(records=(record,))
    terminal.approvals.answers = [a_record(RequestState.EXPIRED, id=_ID)]

    async def too_late(*_: object, **__: object) -> None:
        raise errors.WrongState(
            request_id=_ID, expected="APPROVED or ACTIVE", actual="EXPIRED"
        )

    terminal.approvals.revoke = too_late  # type: ignore[method-assign,assignment]

    result = terminal.run(*_ALL)

    assert result.exit_code == 0
    assert result.stdout == f"Request {_ID} → EXPIRED\n"


def test_nothing_to_revoke_is_no_failure(terminal: TestTerminal) -> None:
    """It says so to a person, and gives a script its empty list."""
    assert terminal.run(*_ALL, "-o", "json").stdout == "[]\n"

    result = terminal.run(*_ALL)

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("Nothing to revoke: alice@example.com")


def test_revoking_all_in_json_is_one_list(terminal: TestTerminal) -> None:
    """With one object for each request, as `status` has them."""
    record = a_record(_ACTIVE, id=_ID)
    terminal.approvals.page = RequestPage(records=(record,))
    terminal.approvals.answers = [a_record(RequestState.REVOKED, id=_ID)]

    (shown,) = json.loads(terminal.run(*_ALL, "-o", "json").stdout)

    assert (shown["id"], shown["state"]) == (_ID, "REVOKED")
    assert terminal.run(*_ALL, "-q").stdout == f"{_ID}\n"


def test_retry_says_how_the_next_try_went(terminal: TestTerminal) -> None:
    """ACTIVE when it worked; when not, the state stays and the reason is told."""
    trying = a_record(
        RequestState.APPROVED, id=_ID, grant_status=GrantStatus.ISSUING, version=3
    )
    failed = a_record(
        RequestState.APPROVED,
        id=_ID,
        grant_status=GrantStatus.FAILED,
        grant_error="role is gone",
        version=4,
    )
    terminal.approvals.answers = [trying, failed]

    again = terminal.run("retry", _ID)
    terminal.approvals.answers = [trying, a_record(_ACTIVE, id=_ID)]
    worked = terminal.run("retry", _ID)

    assert (again.exit_code, worked.exit_code) == (0, 0)
    assert again.stdout == f"Request {_ID} → APPROVED\n"
    assert "Failed: role is gone" in again.stderr
    assert worked.stdout == f"Request {_ID} → ACTIVE\n"
    assert terminal.approvals.asked[0] == ("retry", _ID)
