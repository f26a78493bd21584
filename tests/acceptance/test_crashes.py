"""The server is killed at the worst moments; after its restart all is right."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.databases import run_apart, run_sql
from tests.support.demos import eventually
from tests.support.grounds import a_database
from tests.support.installations import Installation, installed
from tests.support.proxies import Fault
from tests.support.tunnels import Tunnel, tunnel_to

LEASE_SECONDS = 30
"""A job of a worker that died is taken up by another after that."""


@pytest.fixture(scope="module")
def tunnel(postgres_server: str) -> Iterator[Tunnel]:
    """Yield the only way to an empty PostgreSQL database."""
    with ExitStack() as stack:
        url = stack.enter_context(a_database(postgres_server))
        yield stack.enter_context(tunnel_to(url))


@pytest.fixture(scope="module")
def postgres(
    tunnel: Tunnel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Yield a server over PostgreSQL."""
    with installed(tmp_path_factory.mktemp("crash_pg"), tunnel.url) as installation:
        yield installation
        assert installation.cli("erin", "audit", "verify").code == 0


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Yield a server over a SQLite file."""
    home = tmp_path_factory.mktemp("crash_sqlite")
    with installed(home, f"sqlite+aiosqlite:///{home / 'jitsudo.db'}") as installation:
        yield installation
        assert installation.cli("erin", "audit", "verify").code == 0


@pytest.fixture(scope="module")
def half_done(postgres: Installation, tunnel: Tunnel) -> tuple[str, str]:
    """Kill the server after the provider's yes, before ACTIVE, cards under way.

    Returns:
        A request that was approved, and one that was denied.
    """
    approved, denied = postgres.submit(), postgres.submit(reason="denied")
    for request_id in (approved, denied):
        postgres.card(request_id)
    postgres.fault("chat.update", "slow", count=20, seconds=60)
    assert postgres.decide("ben", denied, "deny", reason="crash")[0] == 200
    tunnel.fail_on("COMMIT", Fault.HOLD_IT, after="grant.issued")
    assert postgres.decide("bob", approved, "approve")[0] == 200
    tunnel.await_strike()
    assert postgres.state_of(approved) == "APPROVED"
    restart(postgres)
    postgres.start()
    return approved, denied


def let_leases_run_out(house: Installation) -> None:
    """Make the jobs of the dead server free now, not only after half a minute."""
    with sqlite3.connect(Path(house.data) / "jitsudo.db") as connection:
        connection.execute(
            "UPDATE jobs SET leased_until = created_at WHERE lease IS NOT NULL"
        )


def restart(house: Installation) -> None:
    """Kill the server, forget Slack's faults and start it again."""
    house.kill()
    house.http("DELETE", f"{house.sandbox}/faults")


def check_all_right(house: Installation, request_id: str) -> None:
    """Fail unless an approved request has one grant, one DM, and right cards."""

    def is_right() -> bool:
        cards = house.cards(request_id)
        return any("Active" in str(card) for card in cards)

    eventually(is_right, "the card", seconds=LEASE_SECONDS + 15)
    eventually(lambda: request_id in house.dms("alice"), "the DM", seconds=40)
    assert house.state_of(request_id) == "ACTIVE"
    actions = house.actions(request_id)
    assert actions.count("request.approved") == 1
    assert actions.count("grant.issued") == 1
    assert len(house.shown(request_id)["decisions"]) == 1
    done = house.cli("alice", "exec", request_id, "--", "env")
    assert f"fake-access-key-{request_id}" in done.out


def test_killed_between_the_providers_yes_and_active_claims_nothing(
    postgres: Installation, half_done: tuple[str, str]
) -> None:
    """Approved is not active, whatever the provider said to a dead process."""
    approved, denied = half_done

    assert postgres.state_of(approved) == "APPROVED"
    assert postgres.decide("alice", approved, "withdraw")[0] == 409
    assert postgres.api("alice", "GET", f"/requests/{approved}/credentials")[0] == 409
    assert postgres.state_of(denied) == "REJECTED"


@pytest.mark.parametrize("kind", ["slow", "drop_before"])
def test_killed_between_the_commit_and_the_edited_card(
    sqlite: Installation, kind: str
) -> None:
    """What was promised with the decision is done by the next process."""
    request_id = sqlite.submit()
    ts = sqlite.card(request_id)["ts"]
    edits = len(sqlite.calls("chat.update"))
    sqlite.fault("chat.update", kind, count=20, seconds=60)

    assert sqlite.click("bob", request_id, "approve")["error"] is None
    eventually(lambda: len(sqlite.calls("chat.update")) > edits, "an edit under way")
    restart(sqlite)
    let_leases_run_out(sqlite)
    sqlite.start()

    check_all_right(sqlite, request_id)
    assert sqlite.card(request_id, showing="Active")["ts"] == ts


def test_killed_while_the_first_card_is_being_posted(sqlite: Installation) -> None:
    """Nobody knows whether it was posted: there is one more at most, and it works."""
    posts = len(sqlite.calls("chat.postMessage"))
    sqlite.fault("chat.postMessage", "timeout", seconds=60)
    request_id = sqlite.submit()
    eventually(
        lambda: len(sqlite.calls("chat.postMessage")) > posts, "a post under way"
    )

    restart(sqlite)
    let_leases_run_out(sqlite)
    sqlite.start()

    cards = eventually(
        lambda: found if len(found := sqlite.cards(request_id)) == 2 else None,
        "the card that is known",
    )
    for card in cards:
        answer = sqlite.control(
            "click", user="bob", channel="access", ts=card["ts"], action_id="approve"
        )
        assert answer["error"] is None
    eventually(
        lambda: all("Active" in str(card) for card in sqlite.cards(request_id)),
        "both cards",
    )
    assert len(sqlite.cards(request_id)) == 2
    check_all_right(sqlite, request_id)


def test_killed_before_anything_of_a_commands_answer_was_sent(
    sqlite: Installation,
) -> None:
    """A press that found nobody is said to have failed, and decides nothing."""
    request_id = sqlite.submit()
    sqlite.card(request_id)
    sqlite.kill()

    answer = sqlite.click("bob", request_id, "approve")
    typed = sqlite.cli("bob", "approve", request_id)
    sqlite.start()

    assert answer["error"] == "dispatch_failed"
    assert (typed.code, typed.out) == (7, "")
    assert "is unavailable" in typed.err
    assert sqlite.actions(request_id) == ["request.created"]
    assert sqlite.click("bob", request_id, "approve")["error"] is None
    check_all_right(sqlite, request_id)


def test_stopped_politely_the_server_finishes_what_it_began(
    sqlite: Installation,
) -> None:
    """SIGTERM ends it with 0; the next one has nothing to make good."""
    request_id = sqlite.submit()
    sqlite.card(request_id)
    assert sqlite.decide("bob", request_id, "approve")[0] == 200

    code = sqlite.stop()
    sqlite.start()

    assert code == 0
    check_all_right(sqlite, request_id)
    assert len(sqlite.cards(request_id)) == 1


def test_what_was_half_done_is_done_when_the_leases_have_run_out(
    postgres: Installation, half_done: tuple[str, str]
) -> None:
    """Here half a minute really passes; the tests between have used most of it."""
    approved, denied = half_done

    check_all_right(postgres, approved)
    postgres.card(denied, showing="Denied", seconds=LEASE_SECONDS + 15)


def test_nobody_approves_what_has_lapsed_though_no_worker_came_by(
    postgres: Installation, tunnel: Tunnel
) -> None:
    """The time on the request counts, not the job that says so later."""
    postgres.stop()
    postgres.start(JITSUDO_REQUEST_TTL="2s")
    request_id = postgres.submit()
    # A due time in the future: no worker takes the job.
    later = "UPDATE jobs SET due_at = due_at + interval '1 hour' WHERE kind = 'lapse'"
    run_apart(run_sql(tunnel.url, later))
    ts = postgres.card(request_id)["ts"]
    lapses_at = datetime.fromisoformat(postgres.shown(request_id)["lapsesAt"])
    eventually(lambda: datetime.now(UTC) > lapses_at, "the end of its time")

    pressed = postgres.control(
        "click", user="bob", channel="access", ts=ts, action_id="approve",
        wait_ms=5_000,
    )  # fmt: skip
    denied = postgres.told("ben", request_id, "deny")
    typed = postgres.cli("bob", "approve", request_id)

    for told in (" ".join(pressed["ephemeral"]), denied):
        assert "EXPIRED" in told
    assert typed.code == 6
    assert postgres.state_of(request_id) == "PENDING"
    assert postgres.shown(request_id)["decisions"] == []
    assert postgres.actions(request_id) == ["request.created"]
    now = "UPDATE jobs SET due_at = now() WHERE kind = 'lapse'"
    run_apart(run_sql(tunnel.url, now))
    postgres.card(request_id, showing="Nobody decided in time")
    eventually(lambda: postgres.state_of(request_id) == "EXPIRED", "the lapse")
    assert postgres.actions(request_id) == ["request.created", "request.lapsed"]
