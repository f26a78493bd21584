"""Nobody is signed in as somebody else: over real HTTP, by the people of the demo."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.demos import DemoDriver, running_demo
from tests.support.sign_ins import CLIENT, GRANT

HOST = "laptop"


@pytest.fixture(scope="module", params=["http", "socket-mode"])
def demo_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoDriver]:
    """Yield a demo, once for each way in which Slack delivers."""
    home = tmp_path_factory.mktemp("sign_in")
    with running_demo(
        home, "--no-pacing", f"--{request.param}", data=home / "data"
    ) as driver:
        yield driver
        driver.check_chain()


def form(demo: DemoDriver, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
    """Send a form as a terminal does; return status and answer."""
    request = urllib.request.Request(  # noqa: S310  # loopback, http
        f"{demo.server}{path}", data=urlencode(fields).encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def begun(demo: DemoDriver, host: str = HOST) -> dict[str, Any]:
    """Begin a sign-in; this file begins as many as may within a minute, no more."""
    status, answer = form(demo, "/oauth/device_authorization", **CLIENT, host=host)
    assert status == 200, answer
    return answer


def asked(demo: DemoDriver, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Ask for the token."""
    code = {"device_code": answer["device_code"]}
    return form(demo, "/oauth/token", **CLIENT, **GRANT, **code)


def test_a_terminal_is_signed_in_and_can_do_what_its_person_can(
    demo_of: DemoDriver,
) -> None:
    """The whole way: a code, a question, a name, a token, an approval."""
    answer = begun(demo_of)
    view = demo_of.command("bob", f"login {answer['user_code']}")["view"]
    demo_of.control("submit", user="bob", view_id=view["id"], values={"machine": HOST})

    token = asked(demo_of, answer)[1]["access_token"]
    request_id = demo_of.submit("alice")
    status, told = demo_of.http(
        "POST",
        f"{demo_of.server}/api/v1alpha1/requests/{request_id}/approve",
        {},
        {"Authorization": f"Bearer {token}"},
    )

    assert status == 200, told
    assert told["request"]["approverIdentity"] == "bob@example.com"
    assert asked(demo_of, answer)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("person", "patch", "why"),
    [
        ("gus", {}, "guest"),
        ("xena", {}, "another company"),
        ("ben", {"deleted": True}, "deactivated"),
        ("dave", {"is_email_confirmed": False}, "not confirmed"),
        ("carol", {"email": "nobody@example.com"}, "nobody@example.com"),
    ],
)
def test_who_is_no_known_member_signs_in_nothing(
    demo_of: DemoDriver, person: str, patch: dict[str, Any], why: str
) -> None:
    """They do not even see what waits under a code; and may not refuse it."""
    answer = begun(demo_of)
    before = next(p for p in demo_of.state()["people"] if p["name"] == person)
    demo_of.control("people", user=person, patch=patch)
    try:
        told = demo_of.command(person, f"login {answer['user_code']}")
    finally:
        demo_of.control(
            "people", user=person, patch={name: before[name] for name in patch}
        )

    assert told["view"] is None
    assert why in told["ephemeral"][0]
    assert HOST not in told["ephemeral"][0]
    assert asked(demo_of, answer)[1]["error"] == "authorization_pending"


def test_an_admins_name_is_not_an_admins_token(demo_of: DemoDriver) -> None:
    """A display name says nothing: the token is of who pressed, by their id."""
    demo_of.control(
        "people", user="alice", patch={"name": "erin", "real_name": "Erin (admin)"}
    )
    answer = begun(demo_of)
    view = demo_of.command("alice", f"login {answer['user_code']}")["view"]
    demo_of.control(
        "submit", user="alice", view_id=view["id"], values={"machine": HOST}
    )

    token = asked(demo_of, answer)[1]["access_token"]

    headers = {"Authorization": f"Bearer {token}"}
    who = demo_of.http("GET", f"{demo_of.server}/api/v1alpha1/whoami", None, headers)
    assert who[1]["identity"] == "alice@example.com"
    order = {"identity": "alice@example.com", "scopes": ["admin"], "ttlSeconds": 60}
    status, _ = demo_of.http(
        "POST", f"{demo_of.server}/api/v1alpha1/tokens", order, headers
    )
    assert status == 403


def test_a_form_that_slack_did_not_sign_confirms_nothing(demo_of: DemoDriver) -> None:
    """Whoever knows every id still lacks the signature; Socket Mode has no door."""
    answer = begun(demo_of)
    payload = {
        "type": "view_submission",
        "user": {"id": "U0BOB", "team_id": "T0SANDBOX"},
        "team": {"id": "T0SANDBOX"},
        "view": {
            "id": "V1",
            "callback_id": "sign_in_view",
            "type": "modal",
            "private_metadata": answer["user_code"].replace("-", ""),
            "state": {"values": {"machine": {"machine": {"value": HOST}}}},
        },
    }

    request = urllib.request.Request(  # noqa: S310  # loopback, http
        f"{demo_of.server}/slack/events",
        data=urlencode({"payload": json.dumps(payload)}).encode(),
    )
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310
    refusal.value.close()

    assert refusal.value.code in {401, 404}
    assert asked(demo_of, answer)[1]["error"] == "authorization_pending"


def test_a_form_that_was_opened_for_another_is_not_theirs_to_send(
    demo_of: DemoDriver,
) -> None:
    """Who is asked is who sends: bob's form, sent by nobody else."""
    answer = begun(demo_of)
    view = demo_of.command("bob", f"login {answer['user_code']}")["view"]

    status, _ = demo_of.http(
        "POST",
        f"{demo_of.sandbox}/submit",
        {"user": "alice", "view_id": view["id"], "values": {"machine": HOST}},
    )

    assert status == 400  # Slack shows it to bob alone
    assert asked(demo_of, answer)[1]["error"] == "authorization_pending"


def test_no_code_and_no_token_is_in_the_log(demo_of: DemoDriver) -> None:
    """Neither the terminal's codes nor what they were exchanged for."""
    answer = begun(demo_of)
    view = demo_of.command("bob", f"login {answer['user_code']}")["view"]
    demo_of.control("submit", user="bob", view_id=view["id"], values={"machine": HOST})
    token = asked(demo_of, answer)[1]["access_token"]

    log = (demo_of.data.parent / "demo.log").read_text(encoding="utf-8")
    _, audit = demo_of.api("erin", "GET", "/audit?pageSize=100")

    code = answer["user_code"]
    for secret in (answer["device_code"], code, code.replace("-", ""), token):
        assert secret not in log
        assert secret not in json.dumps(audit)
