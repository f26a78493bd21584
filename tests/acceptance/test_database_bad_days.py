"""The database is gone before a decision, during its COMMIT, or says nothing."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.demos import eventually
from tests.support.grounds import a_database
from tests.support.installations import Installation, installed
from tests.support.proxies import Fault
from tests.support.tunnels import Tunnel, tunnel_to

LOST = (Fault.LOSE_IT, Fault.LOSE_ANSWER)


@pytest.fixture(scope="module")
def tunnel(postgres_server: str) -> Iterator[Tunnel]:
    """Yield the only way to an empty PostgreSQL database."""
    with ExitStack() as stack:
        url = stack.enter_context(a_database(postgres_server))
        yield stack.enter_context(tunnel_to(url))


@pytest.fixture(scope="module")
def product(
    tunnel: Tunnel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Yield a server that reaches its database through the tunnel."""
    with installed(tmp_path_factory.mktemp("bad_days"), tunnel.url) as installation:
        yield installation
        assert installation.cli("erin", "audit", "verify").code == 0


def is_ready(product: Installation) -> bool:
    """Tell whether the server says that it is ready."""
    return product.http("GET", f"{product.server}/readyz")[0] == 200


def test_a_database_that_is_gone_is_said_so_everywhere(
    product: Installation, tunnel: Tunnel
) -> None:
    """Nothing is decided; when it is back, the same press works."""
    request_id = product.submit()
    ts = product.card(request_id)["ts"]

    with tunnel.closed():
        pressed = product.control(
            "click", user="bob", channel="access", ts=ts, action_id="approve",
            wait_ms=5_000,
        )  # fmt: skip
        opened = product.control(
            "click", user="bob", channel="access", ts=ts, action_id="deny",
            wait_ms=5_000,
        )  # fmt: skip
        typed = product.command("bob", f"deny {request_id} --reason no")
        done = product.cli("bob", "approve", request_id)
        asked = product.cli(
            "alice", "request", "--provider", "local", "--role", "r", "--scope", "s"
        )
        status, answer = product.http("GET", f"{product.server}/readyz")
        alive, _ = product.http("GET", f"{product.server}/healthz")

    for shown in (pressed, opened, typed):
        assert shown["error"] is None
        assert shown["ack"]["status"] == 200
        assert "database is unavailable" in " ".join(shown["ephemeral"])
        assert shown["view"] is None
    for finished in (done, asked):
        assert (finished.code, finished.out) == (7, "")
        assert "database is unavailable" in finished.err
        assert finished.err.count("\n") == 1
    assert (status, alive) == (503, 200)
    assert answer["parts"]["database"] == "not ready"
    eventually(lambda: is_ready(product), "a ready server")
    assert product.state_of(request_id) == "PENDING"
    assert product.actions(request_id) == ["request.created"]
    assert product.click("bob", request_id, "approve")["ephemeral"] == []
    product.card(request_id, showing="Active")


def test_a_database_that_says_nothing_delays_nobody_for_long(
    product: Installation, tunnel: Tunnel
) -> None:
    """Slack gets its ack within three seconds; nothing is decided afterwards."""
    request_id = product.submit()
    ts = product.card(request_id)["ts"]

    with tunnel.frozen():
        pressed = product.control(
            "click", user="bob", channel="access", ts=ts, action_id="approve",
            wait_ms=5_000,
        )  # fmt: skip
        typed = product.command("ben", f"approve {request_id}")

    for shown in (pressed, typed):
        assert shown["error"] is None
        assert shown["ack"]["ms"] < 2_900
        told = " ".join(shown["ephemeral"])
        assert "took too long" in told or "database is unavailable" in told
        assert f"jitsudo approve {request_id}" in told
    eventually(lambda: is_ready(product), "a ready server")
    assert product.state_of(request_id) == "PENDING"
    assert product.click("bob", request_id, "approve")["ephemeral"] == []
    product.card(request_id, showing="Active")


@pytest.mark.parametrize("fault", LOST)
def test_a_decision_whose_commit_is_lost_is_not_claimed_either_way(
    product: Installation, tunnel: Tunnel, fault: Fault
) -> None:
    """The terminal ends with seven; doing the same again tells, and counts once."""
    request_id = product.submit()
    product.card(request_id)
    mark = f"mark of {fault.name}"
    tunnel.fail_on("COMMIT", fault, after=mark)

    lost = product.cli("bob", "approve", request_id, "--comment", mark)
    tunnel.await_strike()
    again = product.cli("bob", "approve", request_id, "--comment", mark)

    assert (lost.code, lost.out) == (7, "")
    assert "the outcome is not known yet" in lost.err
    assert again.code == 0
    assert request_id in again.out
    product.card(request_id, showing="Active")
    assert product.actions(request_id) == [
        "request.created",
        "request.approved",
        "grant.issued",
    ]
    assert len(product.shown(request_id)["decisions"]) == 1


@pytest.mark.parametrize("fault", LOST)
def test_a_denial_in_the_modal_whose_commit_is_lost_says_so(
    product: Installation, tunnel: Tunnel, fault: Fault
) -> None:
    """The modal says that it is not known; pressing again tells."""
    request_id = product.submit()
    reason = f"denied by {fault.name}"
    view = product.click("bob", request_id, "deny")["view"]
    tunnel.fail_on("COMMIT", fault, after=reason)

    lost = product.control(
        "submit", user="bob", view_id=view["id"], values={"reason": reason}
    )
    tunnel.await_strike()
    typed = product.command("bob", f'deny {request_id} --reason "{reason}"')

    assert lost["error"] is None
    assert "outcome is not known yet" in str(lost["view"])
    assert typed["ephemeral"] == [f"Request {request_id} → REJECTED"]
    product.card(request_id, showing=reason)
    assert product.actions(request_id) == ["request.created", "request.denied"]
    product.control("close", user="bob", view_id=view["id"])


@pytest.mark.parametrize("fault", LOST)
def test_an_ask_whose_commit_is_lost_is_asked_again_and_is_one_request(
    product: Installation, tunnel: Tunnel, fault: Fault
) -> None:
    """The terminal asks again by its key: whatever became of the first, it is one."""
    reason = f"asked for by {fault.name}"
    tunnel.fail_on("COMMIT", fault, after=reason)

    lost = product.cli(
        "alice", "request", "--provider", "local", "--role", "r", "--scope", "s",
        "--reason", reason,
    )  # fmt: skip
    tunnel.await_strike()

    assert lost.code == 0, lost.err
    listed = product.cli("alice", "status", "--mine", "-o", "json").json
    kept = [request for request in listed if request["reason"] == reason]
    assert [request["id"] for request in kept] == [lost.out.split()[2]]
    product.card(kept[0]["id"], showing=reason)


def test_jobs_that_lose_their_database_are_done_when_it_is_back(
    product: Installation, tunnel: Tunnel
) -> None:
    """A grant is issued, shown and told once although every connection ended."""
    request_id = product.submit()
    product.card(request_id)
    assert product.decide("bob", request_id, "approve")[0] == 200

    for _ in range(3):
        tunnel.cut()

    product.card(request_id, showing="Active")
    eventually(lambda: request_id in product.dms("alice"), "alice's DM", seconds=40)
    assert product.actions(request_id).count("grant.issued") == 1
