"""Ids that are none, durations that cannot be, bodies that are no JSON object."""

import http.client
from urllib.parse import quote

import pytest

from tests.support.demos import DemoDriver

UNKNOWN = "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA"

MALFORMED = {
    "no prefix": "01J8KZ4F2EMNQZ3V7XKQYBD4WA",
    "short": "req_01J8",
    "long": "req_01J8KZ4F2EMNQZ3V7XKQYBD4WAX",
    "letters no ULID has": "req_01J8KZ4F2EMNQZ3V7XKQYBD4WU",
    "too great": "req_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "a dotless i": "req_01J8KZ4F2EMNQZ3V7XKQYBD4W\u0131",
    "full-width": "req_\uff10\uff11J8KZ4F2EMNQZ3V7XKQYBD4WA",
    "an injection": "req_' OR '1'='1",
    "a path": "../../etc/passwd",
    "very long": "req_" + "0" * 5_000,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_an_id_that_is_none_is_refused_with_what_one_looks_like(
    demo: DemoDriver, text: str
) -> None:
    """By every way in; the answer is short however long the id was."""
    typed = demo.command("bob", f'approve "{text}"')["ephemeral"]
    status, answer = demo.api(
        "bob", "POST", f"/requests/{quote(text, safe='')}/approve", {}
    )

    assert "expected req_ and 26 letters or digits" in " ".join(typed)
    assert len(" ".join(typed)) < 300
    assert (status, answer["error"]) == (400, "invalid")
    assert answer["details"][0]["field"] == "id"
    assert len(answer["message"]) < 300


@pytest.mark.parametrize("command", ["approve", "deny", "status", "withdraw", "exec"])
def test_the_terminal_refuses_an_id_that_is_none_without_asking(
    demo: DemoDriver, command: str
) -> None:
    """A malformed id is a usage error; an unknown one is not found."""
    more = {"deny": ("--reason", "no"), "exec": ("--", "true")}.get(command, ())

    malformed = demo.cli("bob", command, "req_01J8", *more)
    unknown = demo.cli("bob", command, UNKNOWN.lower(), *more)

    assert (malformed.code, malformed.out) == (2, "")
    assert "expected req_ and 26 letters or digits" in malformed.err
    assert (unknown.code, unknown.out) == (5, "")
    assert unknown.err == f"Error: request {UNKNOWN} not found\n"


def test_an_unknown_id_is_not_found_by_any_way_in(ground: DemoDriver) -> None:
    """Nobody learns more than that there is no such request for them."""
    for verb in ("approve", "deny --reason no", "deny", "status", "withdraw"):
        name, _, more = verb.partition(" ")
        answer = ground.command("bob", f"{name} {UNKNOWN} {more}")
        assert "not found" in " ".join(answer["ephemeral"]).lower(), verb
        assert answer["view"] is None
    for verb in ("approve", "withdraw"):
        assert ground.decide("bob", UNKNOWN, verb)[0] == 404
    assert ground.decide("bob", UNKNOWN, "deny", reason="no")[0] == 404
    for path in (f"/requests/{UNKNOWN}", f"/requests/{UNKNOWN}/credentials"):
        assert ground.api("bob", "GET", path)[0] == 404


DURATIONS = [
    "0",
    "0s",
    "0h0m",
    "-1h",
    "9999999h",
    "1.5h",
    "1e3h",
    "h",
    "soon",
    "\u0661h",
]


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_that_cannot_be_is_refused(demo: DemoDriver, text: str) -> None:
    """In one line, under the form's field and over REST; nothing is asked for."""
    before = requests_of_alice(demo)
    line = f"request --provider local --role r --scope s --duration={text}"

    typed = demo.command("alice", line)["ephemeral"]
    view = demo.command("alice", "request")["view"]
    values = {"provider": "local", "role": "r", "scope": "s", "duration": text}
    marked = demo.control("submit", user="alice", view_id=view["id"], values=values)

    assert "duration" in " ".join(typed).lower()
    assert list(marked["errors"]) == ["duration"]
    assert requests_of_alice(demo) == before


@pytest.mark.parametrize("text", ["0", "-1h", "9999999h"])
def test_the_terminal_calls_such_a_duration_a_usage_error(
    demo: DemoDriver, text: str
) -> None:
    """Nothing is sent, the code is 2, and the option is named."""
    done = demo.cli(
        "alice", "request", *("--provider", "local", "--role", "r", "--scope", "s"),
        "--duration", text,
    )  # fmt: skip

    assert (done.code, done.out) == (2, "")
    assert "--duration" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "seconds", ["0", "-3600", "99999999999", "9" * 400, "1.5", "", "x", None, True, [1]]
)
def test_rest_refuses_a_number_of_seconds_that_cannot_be(
    demo: DemoDriver, seconds: object
) -> None:
    """The field is named."""
    body = {"provider": "local", "role": "r", "resourceScope": "s"}

    status, answer = demo.api(
        "alice", "POST", "/requests", {**body, "durationSeconds": seconds}
    )

    assert (status, answer["error"]) == (400, "invalid")
    assert "duration" in answer["details"][0]["field"].lower()


BODIES = {
    "a list": b"[1]",
    "a string": b'"x"',
    "a number": b"1",
    "null": b"null",
    "cut off": b'{"comment": "x',
    "nested": b'{"comment":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "said twice": b'{"comment": "a", "comment": "b"}',
    "no UTF-8": b'{"comment": "\xff"}',
    "half a character": b'{"comment": "\\ud800"}',
    "a number as comment": b'{"comment": 1}',
    "a megabyte": b'{"comment": "' + b"x" * 1_048_576 + b'"}',
    "not a number": b'{"comment": NaN}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_object_of_ours_decides_nothing(
    demo: DemoDriver, body: bytes
) -> None:
    """Each is the sender's mistake: 400 or 413, never a fault of the server."""
    request_id = demo.submit()

    status, answer = send(
        demo, "bob", f"/api/v1alpha1/requests/{request_id}/approve", body
    )

    assert status in {400, 413}, answer
    assert b'"error":"invalid"' in answer
    assert len(answer) < 1_000
    assert demo.state_of(request_id) == "PENDING"


def test_a_delivery_of_a_megabyte_that_slack_did_not_sign_is_refused(
    demo: DemoDriver,
) -> None:
    """Nothing of it is read as an act, and the server goes on."""
    for size in (1_048_576, 6 * 1_048_576):
        status, _ = send(demo, None, "/slack/events", b"payload=" + b"x" * size)
        assert status in {401, 413}
    demo.submit()
    demo.check_chain()


def requests_of_alice(demo: DemoDriver) -> set[str]:
    """Return the ids of the newest requests of alice."""
    _, page = demo.api("alice", "GET", "/requests?mine=true&pageSize=100")
    return {request["id"] for request in page["requests"]}


def send(
    demo: DemoDriver, person: str | None, path: str, body: bytes
) -> tuple[int, bytes]:
    """Send bytes as they are; return status and answer."""
    headers = {"Content-Type": "application/json"}
    if person is not None:
        headers["Authorization"] = f"Bearer {demo.token(person)}"
    connection = http.client.HTTPConnection(
        demo.server.removeprefix("http://"), timeout=30, blocksize=8 * 1_048_576
    )
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
