"""Every error crosses the wire and is the same error on the other side."""

import json
from datetime import UTC, datetime

import pytest

from core import errors
from core.errors import JitsudoError
from core.wire.errors import INTERNAL, from_error, status_of, to_error
from core.wire.fields import Fields

_AT = datetime(2026, 3, 20, 16, 2, 3, 4, tzinfo=UTC)

EXAMPLES: list[tuple[JitsudoError, int, int]] = [
    (errors.Invalid(field="role", why="is empty"), 400, 3),
    (errors.NotAuthenticated(why="no token"), 401, 16),
    (errors.NotAllowed(reason="only sre-lead"), 403, 7),
    (errors.NotEligible(reason="only sre"), 403, 7),
    (errors.SelfApproval(), 403, 7),
    (errors.NotFound(what="request", name="req_x"), 404, 5),
    (
        errors.WrongState(
            request_id="req_x", expected="PENDING", actual="ACTIVE", by="b@x.io", at=_AT
        ),
        409,
        9,
    ),
    (errors.WrongState(request_id="req_x", expected="A", actual="B"), 409, 9),
    (errors.Conflict(what="request req_x"), 409, 10),
    (errors.TooMany(what="decisions within a minute", retry_after_seconds=7), 429, 8),
    (errors.AuditChainBroken(seq=7, why="its hash is not its record's"), 409, 15),
    (errors.PolicyUnavailable(why="timeout"), 503, 14),
    (errors.StoreUnavailable(why="connection lost"), 503, 14),
    (errors.StoreBusy(), 503, 14),
    (errors.DirectoryUnavailable(why="empty"), 503, 14),
    (errors.IssuerUnavailable(why="no answer in time"), 503, 14),
    (errors.ProviderFailed(provider="aws", why="throttled"), 503, 14),
    (errors.SlackFailed(method="chat.update", why="timeout"), 503, 14),
    (errors.ServerUnavailable(server="https://x", why="refused"), 503, 14),
    (errors.DeadlineExceeded(), 503, 14),
    (errors.OutcomeUnknown(), 503, 14),
    (errors.ConfigurationError(setting="x", why="y"), 503, 14),
]


def _concrete(kind: type[JitsudoError]) -> set[type[JitsudoError]]:
    """Return the kinds that core raises; front ends may have kinds of their own."""
    ours = [sub for sub in kind.__subclasses__() if sub.__module__.startswith("core.")]
    return {found for sub in ours for found in _concrete(sub)} or {kind}


def test_examples_cover_every_error_there_is() -> None:
    """A new error has to be given its status here and in `core.wire.errors`."""
    assert {type(error) for error, _, _ in EXAMPLES} == _concrete(JitsudoError)


@pytest.mark.parametrize(("error", "http", "grpc"), EXAMPLES)
def test_error_comes_back_as_itself(error: JitsudoError, http: int, grpc: int) -> None:
    """Class, facts and sentence; with the status that DESIGN names."""
    body = json.loads(json.dumps(to_error(error)))

    back = from_error(Fields.of(body))

    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back is not None
    assert back.facts() == error.facts()
    assert (status_of(error).http, status_of(error).grpc) == (http, grpc)
    assert body["code"] == grpc
    assert body["error"] == error.code
    assert body["message"] == str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"message": "a reference's error", "code": 3, "details": []},
        {"message": "m", "error": "brand_new", "details": [{}]},
        {"message": "m", "error": "wrong_state", "details": [{"actual": "X"}]},
        {"message": "m", "error": "invalid", "details": [{"field": "a", "w": "b"}]},
        {"message": "m", "error": "audit_chain_broken", "details": [{"seq": "x"}]},
    ],
)
def test_error_of_another_version_is_none_of_ours(body: dict[str, object]) -> None:
    """Facts that do not fit are not squeezed into a class."""
    assert from_error(Fields.of(body)) is None


def test_error_nobody_foresaw_is_internal() -> None:
    """A bare JitsudoError has no status of its own."""
    assert status_of(JitsudoError("x")) == INTERNAL
