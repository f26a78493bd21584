"""The server is killed at every step of issuing, revoking and expiring.

One kill meets a request at each named point, on each database; after the restart each
has one grant or none, and what is said of it is so.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from core.process import JOBS_AT_ONCE
from tests.support.databases import run_apart, run_sql
from tests.support.demos import eventually
from tests.support.gates import NAME, Cloud
from tests.support.grounds import a_database
from tests.support.installations import Installation, installed

ISSUING = {
    "not asked yet": "after our COMMIT of the approval, before its job was begun",
    "before the grant": "the provider was called, and has done nothing",
    "after the grant": "the provider's yes, before our COMMIT",
    "cards to do": "after our COMMIT of ACTIVE, before the cards",
}

REVOKING = {
    "revoke not asked yet": "after our COMMIT of the revocation, before its job",
    "before the revoke": "the provider was called, and has done nothing",
    "after the revoke": "the provider's yes, before our COMMIT",
    "revoked, cards to do": "after our COMMIT of REVOKED, before the cards",
}

EXPIRING = {
    "before the expiry": "the provider was called at its end, and has done nothing",
    "after the expiry": "the provider's yes to the end, before our COMMIT",
}


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """An installation that was killed at every point and started again.

    Attributes:
        ids: the request that was at each point.
        dead: what the database said of each state while no server ran.
    """

    house: Installation
    cloud: Cloud
    ids: dict[str, str]
    dead: dict[str, tuple[str, str]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def aftermath(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """Yield what is there after the kill, on each database; the chain verifies."""
    home = tmp_path_factory.mktemp("killed")
    cloud = Cloud(home / "cloud")
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite+aiosqlite:///{home / 'jitsudo.db'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(a_database(server))
        house = stack.enter_context(installed(home, url, **cloud.settings()))
        play = Play(house, cloud)
        play.run()
        house.kill()
        dead = run_apart(run_sql(url, "SELECT id, state, grant_status FROM requests"))
        house.http("DELETE", f"{house.sandbox}/faults")
        cloud.open_all()
        # Half a minute later, without waiting for it.
        freed = "UPDATE jobs SET leased_until = created_at WHERE lease IS NOT NULL"
        run_apart(run_sql(url, freed))
        house.start()
        yield Aftermath(
            house=house,
            cloud=cloud,
            ids=play.ids,
            dead={each: (state, status) for each, state, status in dead},
        )
        house.check_chain()


GATES = {
    "before the expiry": "revoke",
    "after the expiry": "revoked",
    "before the grant": "grant",
    "after the grant": "granted",
    "before the revoke": "revoke",
    "after the revoke": "revoked",
}
"""Where the call of a request waits, by the point; the rest is brought about alone."""


class Play:
    """Brings a request to each point; none but the expiries takes any time."""

    def __init__(self, house: Installation, cloud: Cloud) -> None:
        """Begin with nothing."""
        self._house = house
        self._cloud = cloud
        self.ids: dict[str, str] = {}

    def run(self) -> None:
        """Bring everything about, in an order in which nothing waits for long."""
        for point in REVOKING:
            self.ask(point)
            self.approve(point)
        for point in REVOKING:
            self.await_card(point, "Active")
        for point in ("cards to do", "not asked yet"):
            # A card whose post is cut off may be there twice, as it should.
            self.ask(point)
            self.await_card(point, "Approve")
        # From here on nothing that is written in Slack gets there.
        self._house.fault("chat.update", "slow", count=100, seconds=120)
        self.revoke("revoked, cards to do")
        self.approve("cards to do")
        self.await_state("revoked, cards to do", "REVOKED")
        self.await_state("cards to do", "ACTIVE")
        self.stop_at_the_gates()
        for number in range(JOBS_AT_ONCE - len(GATES)):
            self.keep_busy(f"filler {number}")
        # Every worker is busy now: what commits from here on stays a promise.
        self.revoke("revoke not asked yet")
        self.approve("not asked yet")

    def stop_at_the_gates(self) -> None:
        """Have a call wait at each gate, all at once."""
        for point, gate in GATES.items():
            if point not in REVOKING:
                self.ask(point, seconds=2 if point in EXPIRING else 3600)
            self._cloud.stop_at(gate, self.ids[point])
        for point in GATES:
            (self.revoke if point in REVOKING else self.approve)(point)
        for point, gate in GATES.items():
            self._cloud.await_stop(gate, self.ids[point])

    def keep_busy(self, filler: str) -> None:
        """Keep one more worker busy."""
        self.ask(filler)
        self._cloud.stop_at("grant", self.ids[filler])
        self.approve(filler)
        self._cloud.await_stop("grant", self.ids[filler])

    def ask(self, point: str, *, seconds: int = 3600) -> None:
        """Have alice ask."""
        self.ids[point] = self._house.submit(
            provider=NAME, durationSeconds=str(seconds)
        )

    def approve(self, point: str) -> None:
        """Have bob approve."""
        assert self._house.decide("bob", self.ids[point], "approve")[0] == 200

    def revoke(self, point: str) -> None:
        """Have alice revoke."""
        answer = self._house.decide("alice", self.ids[point], "revoke", reason="done")
        assert answer[0] == 200

    def await_state(self, point: str, state: str) -> None:
        """Wait until a request is in a state."""
        request_id = self.ids[point]
        eventually(lambda: self._house.state_of(request_id) == state, state)

    def await_card(self, point: str, words: str) -> None:
        """Wait until a card shows something."""
        self._house.card(self.ids[point], showing=words)


@pytest.mark.parametrize("point", ISSUING)
def test_a_grant_is_issued_once(aftermath: Aftermath, point: str) -> None:
    """ACTIVE on the card, one grant over there, one event, credentials that work."""
    house, request_id = aftermath.house, aftermath.ids[point]

    house.card(request_id, showing="Active", seconds=30)

    assert house.state_of(request_id) == "ACTIVE"
    assert house.actions(request_id).count("grant.issued") == 1
    assert aftermath.cloud.history(request_id)["granted"] == 1
    assert request_id in aftermath.cloud.in_force()
    status, answer = house.api("alice", "GET", f"/requests/{request_id}/credentials")
    assert status == 200
    assert f"key-of-{request_id}" in str(answer)
    eventually(lambda: request_id in house.dms("alice"), "the DM")


@pytest.mark.parametrize("point", [*REVOKING, *EXPIRING])
def test_a_grant_is_ended_once(aftermath: Aftermath, point: str) -> None:
    """Said with the right word when the provider has confirmed; nothing is left."""
    house, request_id = aftermath.house, aftermath.ids[point]
    state, action, words = (
        ("REVOKED", "grant.revoked", "*Revoked* by")
        if point in REVOKING
        else ("EXPIRED", "grant.expired", "its time was over")
    )

    house.card(request_id, showing=words, seconds=30)

    assert house.state_of(request_id) == state
    assert house.actions(request_id).count(action) == 1
    assert aftermath.cloud.history(request_id)["revoked"] == 1
    assert request_id not in aftermath.cloud.in_force()
    status, _ = house.api("alice", "GET", f"/requests/{request_id}/credentials")
    assert status == 409


def test_the_database_claimed_nothing_while_no_server_ran(
    aftermath: Aftermath,
) -> None:
    """What was not confirmed and written was not said; what was begun was."""
    dead = {point: aftermath.dead[each] for point, each in aftermath.ids.items()}

    assert {point: dead[point] for point in ISSUING} == {
        "not asked yet": ("APPROVED", "issuing"),
        "before the grant": ("APPROVED", "issuing"),
        "after the grant": ("APPROVED", "issuing"),
        "cards to do": ("ACTIVE", "active"),
    }
    ending = ("ACTIVE", "revoking")
    assert {point: dead[point] for point in (*REVOKING, *EXPIRING)} == {
        "revoke not asked yet": ending,
        "before the revoke": ending,
        "after the revoke": ending,
        "revoked, cards to do": ("REVOKED", "ended"),
        "before the expiry": ending,
        "after the expiry": ending,
    }


def test_a_job_that_was_only_promised_was_not_begun(aftermath: Aftermath) -> None:
    """Its provider was called by the next process alone, and once."""
    issued = aftermath.cloud.history(aftermath.ids["not asked yet"])
    revoked = aftermath.cloud.history(aftermath.ids["revoke not asked yet"])
    begun = aftermath.cloud.history(aftermath.ids["after the grant"])

    assert issued["at grant"] == 1
    assert revoked["at revoke"] == 1
    assert begun["at grant"] == 2


def test_nothing_is_in_force_that_is_not_called_active(aftermath: Aftermath) -> None:
    """And the other way round, when everything has settled."""
    house = aftermath.house

    def settled() -> bool:
        states = {each: house.state_of(each) for each in aftermath.ids.values()}
        assert set(states.values()) <= {"APPROVED", "ACTIVE", "REVOKED", "EXPIRED"}
        active = {each for each, state in states.items() if state == "ACTIVE"}
        return active == aftermath.cloud.in_force()

    eventually(settled, "ACTIVE and in force to be the same")
    for request_id in aftermath.ids.values():
        assert aftermath.cloud.history(request_id)["granted"] == 1
