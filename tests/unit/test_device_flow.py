"""The terminal's half of RFC 8628: every answer, and the times between questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from typing_extensions import override

from core.errors import JitsudoError, NotAuthenticated, ServerUnavailable
from core.remote.device_flow import DeviceFlow, Waiting
from core.remote.forms import Correspondent, Reply
from core.remote.transport import Transport

_BEGUN = {
    "device_code": "dev",
    "user_code": "BCDF-GHJK",
    "verification_uri": "https://issuer.example/device",
    "verification_uri_complete": "https://issuer.example/device?c=BCDF-GHJK",
    "expires_in": 600,
    "interval": 5,
}
_GIVEN = Reply(status=200, fields={"id_token": "a.b.c"})
_DOWN = ServerUnavailable(server="https://issuer.example", why="connection refused")

Answer = Reply | ServerUnavailable


def _no(error: str, status: int = 400, **more: str) -> Reply:
    return Reply(status=status, fields={"error": error, **more})


class Scripted(Correspondent):
    """Answers one after the other what a test put in; the last one stays."""

    def __init__(self, *answers: Answer) -> None:
        """Keep the answers."""
        transport = Transport()
        super().__init__(transport=transport, context=transport.context())
        self._answers = list(answers)
        self.forms: list[Mapping[str, str]] = []

    @override
    def post(self, url: str, form: Mapping[str, str]) -> Reply:
        """Return or raise the next answer."""
        self.forms.append(form)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, ServerUnavailable):
            raise answer
        return answer


@dataclass
class Watch:
    """A clock that goes forward when somebody pauses."""

    time: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        """Return the seconds."""
        return self.time

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.time += seconds


def _flow(*answers: Answer) -> tuple[DeviceFlow, Scripted, Watch]:
    correspondent, watch = Scripted(*answers), Watch()
    flow = DeviceFlow(
        name="https://issuer.example",
        correspondent=correspondent,
        client_id="jitsudo-cli",
        now=watch.now,
    )
    return flow, correspondent, watch


def _waiting(**changes: Any) -> Waiting:
    return Waiting(
        **{
            "user_code": "BCDF-GHJK",
            "page": "",
            "page_with_code": "",
            "device_code": "dev",
            "expires_in": 600.0,
            "interval": 5.0,
            **changes,
        }
    )


def _wait(*answers: Answer, **changes: Any) -> tuple[Reply, Watch]:
    flow, _, watch = _flow(*answers)
    reply = flow.wait(
        "https://issuer.example/t", _waiting(**changes), pause=watch.pause
    )
    return reply, watch


def _refused(*answers: Answer, **changes: Any) -> tuple[JitsudoError, Watch]:
    flow, _, watch = _flow(*answers)
    with pytest.raises(JitsudoError) as raised:
        flow.wait("https://issuer.example/t", _waiting(**changes), pause=watch.pause)
    return raised.value, watch


def test_the_code_is_read_with_its_times() -> None:
    """Everything that the terminal shows, and what only it knows."""
    flow, correspondent, _ = _flow(Reply(status=200, fields=_BEGUN))

    begun = flow.begin("https://issuer.example/d", {"scope": "openid"})

    assert begun == _waiting(
        page=_BEGUN["verification_uri"],
        page_with_code=_BEGUN["verification_uri_complete"],
    )
    assert correspondent.forms == [{"client_id": "jitsudo-cli", "scope": "openid"}]
    assert "dev'" not in repr(begun)


def test_without_an_interval_five_seconds_are_meant() -> None:
    """Source: RFC 8628 section 3.2."""
    fields = {name: value for name, value in _BEGUN.items() if name != "interval"}
    flow, _, _ = _flow(Reply(status=200, fields=fields))

    assert flow.begin("https://issuer.example/d", {}).interval == 5.0


@pytest.mark.parametrize(
    "changes",
    [
        {"user_code": ""},
        {"user_code": None},
        {"user_code": "B" * 65},
        {"device_code": 7},
        {"expires_in": 0},
        {"expires_in": -1},
        {"expires_in": "600"},
        {"expires_in": True},
    ],
    ids=str,
)
def test_an_answer_without_a_code_or_its_end_is_refused(
    changes: dict[str, object],
) -> None:
    """Nobody waits for what cannot come."""
    flow, _, _ = _flow(Reply(status=200, fields={**_BEGUN, **changes}))

    with pytest.raises(ServerUnavailable, match="without a code"):
        flow.begin("https://issuer.example/d", {})


@pytest.mark.parametrize(
    "page",
    [
        "javascript:alert(1)",
        "https://x\x1b[2J",
        "https://ex\u202eample",
        "file:///x",
        "https://x.example/" + "a" * 1000,
    ],
    ids=["script", "escape", "direction", "file", "long"],
)
def test_a_page_that_is_no_web_address_is_not_shown(page: str) -> None:
    """Neither a terminal nor a camera is told to go there."""
    fields = {**_BEGUN, "verification_uri_complete": page, "verification_uri": page}
    flow, _, _ = _flow(Reply(status=200, fields=fields))

    begun = flow.begin("https://issuer.example/d", {})

    assert (begun.page, begun.page_with_code) == ("", "")


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (_no("too_many", 429, error_description="wait"), ServerUnavailable, "wait"),
        (_no("temporarily_unavailable", 503), ServerUnavailable, "temporarily"),
        (_no("invalid_client", 401), NotAuthenticated, "does not sign you in"),
        (_no("invalid_scope"), NotAuthenticated, "invalid_scope"),
        (Reply(status=404, fields={}), ServerUnavailable, "it answered 404"),
    ],
    ids=["too-many", "unavailable", "client", "scope", "not-found"],
)
def test_no_code_is_told_with_its_reason(
    reply: Reply, kind: type[JitsudoError], told: str
) -> None:
    """What passes by itself is kept apart from what is a no."""
    flow, _, _ = _flow(reply)

    with pytest.raises(kind, match=told):
        flow.begin("https://issuer.example/d", {})


def test_it_asks_at_the_interval_until_there_is_an_answer() -> None:
    """The first question comes after one interval, too."""
    flow, correspondent, watch = _flow(
        _no("authorization_pending"), _no("authorization_pending"), _GIVEN
    )

    reply = flow.wait("https://issuer.example/t", _waiting(), pause=watch.pause)

    assert reply is _GIVEN
    assert watch.pauses == [5.0, 5.0, 5.0]
    assert correspondent.forms[0] == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "dev",
        "client_id": "jitsudo-cli",
    }


@pytest.mark.parametrize("slow", [_no("slow_down"), _no("", status=429)], ids=str)
def test_slow_down_adds_five_seconds_for_good(slow: Reply) -> None:
    """Source: RFC 8628 section 3.5."""
    _, watch = _wait(slow, _no("authorization_pending"), slow, _GIVEN)

    assert watch.pauses == [5.0, 10.0, 10.0, 15.0]


@pytest.mark.parametrize(
    "trouble",
    [_DOWN, Reply(status=502, fields={}), _no("server_error", status=500)],
    ids=["refused", "proxy", "error"],
)
def test_trouble_is_waited_out_with_longer_pauses(trouble: Answer) -> None:
    """And the pauses are as before once there is an answer."""
    _, watch = _wait(trouble, trouble, trouble, _no("authorization_pending"), _GIVEN)

    assert watch.pauses == [5.0, 10.0, 15.0, 25.0, 5.0]


def test_trouble_to_the_end_is_told() -> None:
    """The code has ended; why nothing was heard is said."""
    error, watch = _refused(_DOWN, expires_in=100.0)

    assert isinstance(error, NotAuthenticated)
    assert "nobody confirmed the code in time" in str(error)
    assert "connection refused" in str(error)
    assert sum(watch.pauses) == 100.0


def test_it_gives_up_when_the_code_has_ended() -> None:
    """Also where the other side goes on saying that it waits."""
    error, watch = _refused(_no("authorization_pending"), expires_in=12.0)

    assert isinstance(error, NotAuthenticated)
    assert watch.pauses == [5.0, 5.0, 2.0]


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (_no("access_denied"), NotAuthenticated, "the sign-in was refused"),
        (_no("expired_token"), NotAuthenticated, "nobody confirmed the code in time"),
        (_no("invalid_grant"), NotAuthenticated, "does not sign you in: invalid_grant"),
        (
            _no("invalid_client", error_description="no such client"),
            NotAuthenticated,
            "does not sign you in: no such client",
        ),
        (Reply(status=404, fields={}), ServerUnavailable, "it answered 404"),
        (Reply(status=302, fields={}), ServerUnavailable, "it answered 302"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_any_other_answer_ends_it(
    reply: Reply, kind: type[JitsudoError], told: str
) -> None:
    """At once, with what was said."""
    error, watch = _refused(reply)

    assert type(error) is kind
    assert told in str(error)
    assert watch.pauses == [5.0]
