"""The policy that names the sessions of a role which have ended early."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.providers.aws_revocations import SIZE_LIMIT, EndedSessions
from core.providers.aws_tags import to_source_identity, to_tag
from tests.support.builders import NOON, a_request_id

ROLE_ID = "AROA3XFRBF535PLBIFPI4"

USERIDS = some.from_regex(r"AROA[A-Z0-9]{17}:jitsudo-req_[0-9A-Z]{26}", fullmatch=True)
TIMES = some.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=13)).map(
    lambda after: NOON + after
)


def a_userid() -> str:
    """Return the userid of a session for a new request."""
    return f"{ROLE_ID}:jitsudo-{a_request_id()}"


def test_policy_denies_each_hours_sessions_everything() -> None:
    """Sessions that end in one hour share a statement; its name says until when."""
    first, second, later = sorted(a_userid() for _ in range(3))
    ended = (
        EndedSessions()
        .and_session(second, until=NOON + timedelta(minutes=20))
        .and_session(first, until=NOON + timedelta(minutes=60))
        .and_session(later, until=NOON + timedelta(minutes=61))
    )

    assert ended.to_document() == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Until2026032013Z",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:userid": [first, second]}},
            },
            {
                "Sid": "Until2026032014Z",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:userid": [later]}},
            },
        ],
    }


@given(some.dictionaries(USERIDS, TIMES, max_size=20))
def test_what_is_written_is_read_again(sessions: dict[str, datetime]) -> None:
    """And covers every session for as long as it could live."""
    ended = EndedSessions()
    for userid, until in sessions.items():
        ended = ended.and_session(userid, until=until)

    read = EndedSessions.from_document(json.loads(ended.to_text()))

    assert read == ended
    assert all(read.holds(userid, until=until) for userid, until in sessions.items())


def test_a_session_that_ended_by_itself_is_left_out() -> None:
    """Only from its full hour on; before, it may still live."""
    userid = a_userid()
    ended = EndedSessions().and_session(userid, until=NOON + timedelta(minutes=30))

    assert ended.without_past(NOON + timedelta(minutes=59)) == ended
    assert ended.without_past(NOON + timedelta(minutes=60)) == EndedSessions()


def test_the_later_end_counts() -> None:
    """Saying it again with an earlier end shortens nothing."""
    userid, late = a_userid(), NOON + timedelta(hours=5)
    ended = EndedSessions().and_session(userid, until=late)

    again = ended.and_session(userid, until=NOON + timedelta(hours=1))

    assert again.holds(userid, until=late)
    assert not again.holds(userid, until=late + timedelta(hours=1))
    assert not again.holds(a_userid(), until=NOON)


def test_one_item_alone_is_read_as_a_list_of_it() -> None:
    """IAM takes both forms, and somebody's tool may have made one of the other."""
    userid = a_userid()
    ended = EndedSessions().and_session(userid, until=NOON)
    document = json.loads(ended.to_text())
    (statement,) = document["Statement"]
    statement["Condition"]["StringEquals"]["aws:userid"] = userid
    document["Statement"] = statement

    assert EndedSessions.from_document(document) == ended


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Action": "s3:*"},
        {"Resource": "arn:aws:s3:::bucket"},
        {"Sid": "Until tomorrow"},
        {"Condition": {"StringLike": {"aws:userid": ["*"]}}},
        {"Condition": {"StringEquals": {"aws:userid": 7}}},
        {"NotAction": "s3:*"},
    ],
    ids=str,
)
def test_what_somebody_else_wrote_is_not_read(change: dict[str, object]) -> None:
    """Writing it again without that statement would undo what they meant."""
    document = json.loads(EndedSessions().and_session(a_userid(), until=NOON).to_text())
    document["Statement"][0].update(change)

    with pytest.raises(ValueError, match="jitsudo writes"):
        EndedSessions.from_document(document)


@pytest.mark.parametrize("document", [None, "text", {}, {"Statement": [1]}], ids=str)
def test_what_is_no_policy_is_not_read(document: object) -> None:
    """Whatever it is, it is no list of sessions."""
    with pytest.raises(ValueError, match="statements"):
        EndedSessions.from_document(document)


def test_130_sessions_over_twelve_hours_fit_into_a_policy() -> None:
    """As the documents say; 160 fit where they end together."""
    spread = together = EndedSessions()
    for number in range(130):
        until = NOON + timedelta(minutes=1 + number * 720 // 130)
        spread = spread.and_session(a_userid(), until=until)
    for _ in range(160):
        together = together.and_session(a_userid(), until=NOON)

    assert len(spread.to_text()) <= SIZE_LIMIT
    assert len(together.to_text()) <= SIZE_LIMIT


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("INC-4421: pods do not start", "INC-4421: pods do not start"),
        ("can't (really) start — now!", "can t really start now"),
        ("Grüße, 数据库\n\tl'été", "Grüße 数据库 l été"),
        ("<!channel> & \u202eevil", "channel evil"),
        ("", ""),
        ("x" * 300, "x" * 256),
        ("\U0001d49c" * 200, "\U0001d49c" * 128),
        ("a" * 255 + "\U0001d49c", "a" * 255),
    ],
)
def test_any_reason_becomes_a_tag(typed: str, tag: str) -> None:
    """Letters of any script stay; what a tag cannot hold is a blank; 256 at most."""
    assert to_tag(typed, " ") == tag


@pytest.mark.parametrize(
    ("email", "identity"),
    [
        ("alice@example.com", "alice@example.com"),
        ("o'hara+x@example.com", "o-hara+x@example.com"),
        ("jürgen@example.com", "j-rgen@example.com"),
        ("a" * 80 + "@example.com", "a" * 64),
    ],
)
def test_any_email_becomes_a_source_identity(email: str, identity: str) -> None:
    """ASCII, and 64 characters at most."""
    assert to_source_identity(email) == identity
