"""An OPA server that is down, slow, broken, or says something unclear."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.demos import DemoDriver, running_demo
from tests.support.scripted_opa import ScriptedOpa

BadDay = Callable[[ScriptedOpa], AbstractContextManager[None]]

HTML = b"<html><body>502 Bad Gateway</body></html>"


def _says(**rules: object) -> BadDay:
    return lambda opa: opa.answering({"result": {"allow": True, **rules}})


BAD_DAYS: dict[str, BadDay] = {
    "down": lambda opa: opa.down(),
    "slow": lambda opa: opa.answering({"result": {"allow": True}}, delay_seconds=1.5),
    "500": lambda opa: opa.answering({"result": {"allow": True}}, status=500),
    "HTML": lambda opa: opa.answering(HTML, content_type="text/html"),
    "HTML 502": lambda opa: opa.answering(HTML, status=502),
    "nothing": lambda opa: opa.answering({}),
    "a list": lambda opa: opa.answering({"result": []}),
    "cut off": lambda opa: opa.answering(b'{"result": {"allow": true'),
    "allow yes": _says(allow="yes"),
    "allow 1": _says(allow=1),
    "allow and deny": _says(deny=True),
    "quorum in words": _says(required_approvals="2"),
    "quorum of none": _says(required_approvals=0),
    "self approval in words": _says(allow_self_approval="true"),
}


@pytest.fixture(scope="module")
def opa() -> Iterator[ScriptedOpa]:
    """Yield an OPA that says yes, until it is told otherwise."""
    with ScriptedOpa().serving() as opa:
        yield opa


@pytest.fixture(scope="module")
def product(
    opa: ScriptedOpa, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoDriver]:
    """Yield a demo that asks this OPA."""
    home = tmp_path_factory.mktemp("scripted_opa")
    with running_demo(
        home, "--no-pacing", "--opa", opa.url, data=home / "data"
    ) as driver:
        yield driver
        assert driver.cli("erin", "audit", "verify").code == 0


@pytest.mark.parametrize("day", BAD_DAYS.values(), ids=BAD_DAYS.keys())
def test_no_clear_answer_is_a_no_that_says_so(
    product: DemoDriver, opa: ScriptedOpa, day: BadDay
) -> None:
    """On the card, in one line and over REST; the same press works afterwards."""
    request_id = product.submit()
    product.card(request_id)

    with day(opa):
        pressed = product.told("bob", request_id)
        (typed,) = product.command("bob", f"deny {request_id} --reason no")["ephemeral"]
        status, answer = product.decide("bob", request_id, "approve")
        ask = {"provider": "local", "role": "r", "resourceScope": "s"}
        asked, asked_answer = product.api(
            "alice", "POST", "/requests", {**ask, "durationSeconds": "60"}
        )

    for told in (pressed, typed):
        assert told.startswith("Policy gave no clear answer ("), told
        assert (
            f"jitsudo {'approve' if told is pressed else 'deny'} {request_id}" in told
        )
    assert (status, answer["error"]) == (503, "policy_unavailable")
    assert (asked, asked_answer["error"]) == (503, "policy_unavailable")
    assert product.state_of(request_id) == "PENDING"
    assert product.actions(request_id) == ["request.created"]
    assert product.click("bob", request_id, "approve")["ephemeral"] == []
    product.card(request_id, showing="Active")


@pytest.mark.parametrize("day", ["down", "slow", "HTML", "allow yes"])
def test_the_terminal_ends_with_seven_and_one_line(
    product: DemoDriver, opa: ScriptedOpa, day: str
) -> None:
    """What the shell sees is: nothing was decided, try again."""
    request_id = product.submit()

    with BAD_DAYS[day](opa):
        done = product.cli("bob", "approve", request_id)

    assert (done.code, done.out) == (7, "")
    assert done.err.startswith("Error: policy gave no clear answer (")
    assert done.err.count("\n") == 1
    assert "<html>" not in done.err
    assert product.cli("bob", "approve", request_id).code == 0


def test_a_refusal_of_opa_is_told_apart_from_no_answer(
    product: DemoDriver, opa: ScriptedOpa
) -> None:
    """A clear no is audited with policy's reason; it is no outage."""
    request_id = product.submit()
    no = {"result": {"allow": False, "reason": "not on a <Friday> & not <!here>"}}

    with opa.answering(no):
        pressed = product.told("bob", request_id)
        typed = product.cli("bob", "approve", request_id)

    assert "not on a &lt;Friday&gt; &amp; not &lt;!here&gt;" in pressed
    assert typed.code == 4
    assert "not on a <Friday>" in typed.err
    assert product.actions(request_id) == [
        "request.created",
        "request.decision_refused",
    ]


def test_readiness_names_policy_while_opa_is_down(
    product: DemoDriver, opa: ScriptedOpa
) -> None:
    """A load balancer is told; the process itself goes on living."""
    with opa.down():
        status, answer = product.http("GET", f"{product.server}/readyz")
        alive, _ = product.http("GET", f"{product.server}/healthz")

    assert (status, answer["parts"]["policy"]) == (503, "not ready")
    assert alive == 200
    assert product.http("GET", f"{product.server}/readyz")[0] == 200
