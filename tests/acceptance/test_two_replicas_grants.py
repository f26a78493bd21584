"""Two servers work one queue of grants: each is issued once and ended once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import pytest

from tests.support.demos import eventually
from tests.support.gates import NAME, Cloud
from tests.support.grounds import a_database
from tests.support.installations import Installation, installed, replica_of

MANY = 40

CALLS = ("at grant", "granted", "at granted", "at revoke", "revoked", "at revoked")
"""What the provider does for one request from its beginning to its end."""

Pair = tuple[Installation, Installation, Cloud]


@pytest.fixture(scope="module")
def pair(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Yield two servers on one database, and the cloud that both grant in."""
    home = tmp_path_factory.mktemp("replicas_grants")
    cloud = Cloud(home / "cloud")
    with ExitStack() as stack:
        url = stack.enter_context(a_database(postgres_server))
        first = stack.enter_context(
            installed(home, url, socket_mode=True, **cloud.settings())
        )
        second = stack.enter_context(replica_of(first))
        yield first, second, cloud
        second.check_chain()


def all_of(pair: Pair, ids: list[str], person: str, verdict: str, **body: str) -> None:
    """Have a person do the same to every request, at both servers in turn."""
    servers = pair[:2]
    with ThreadPoolExecutor(8) as pool:
        answers = [
            pool.submit(partial(servers[n % 2].decide, person, each, verdict, **body))
            for n, each in enumerate(ids)
        ]
        assert {answer.result()[0] for answer in answers} == {200}


def await_all(house: Installation, ids: list[str], state: str) -> None:
    """Wait until every request is in a state."""

    def is_done() -> bool:
        path = f"/requests?state=REQUEST_STATE_{state}&pageSize=100"
        _, answer = house.api("erin", "GET", path)
        return set(ids) <= {request["id"] for request in answer["requests"]}

    eventually(is_done, f"{len(ids)} requests that are {state}", seconds=60)


def test_forty_grants_and_revocations_are_each_done_once(pair: Pair) -> None:
    """No provider call is made twice while nobody dies, whoever promised it."""
    first, second, cloud = pair
    ids = [(first, second)[n % 2].submit(provider=NAME) for n in range(MANY)]

    all_of(pair, ids, "bob", "approve")
    await_all(first, ids, "ACTIVE")
    assert cloud.in_force() == set(ids)
    all_of(pair, ids, "alice", "revoke", reason="done")
    all_of(pair, ids, "bob", "revoke", reason="again")
    await_all(second, ids, "REVOKED")

    assert cloud.in_force() == set()
    for request_id in ids:
        assert cloud.history(request_id) == dict.fromkeys(CALLS, 1)
        actions = first.actions(request_id)
        for action in ("grant.issued", "grant.revoke_requested", "grant.revoked"):
            assert actions.count(action) == 1
