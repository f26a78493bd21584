"""A whole server whose provider is down, refuses, or whose keys are gone."""

import json
import secrets
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest

from tests.support.demos import JITSUDO, eventually
from tests.support.gates import NAME, Cloud
from tests.support.installations import Installation, installed

SETTING = "JITSUDO_ENCRYPTION_KEYS"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Return a cloud with nobody in it."""
    return Cloud(tmp_path_factory.mktemp("bad_days") / "cloud")


@pytest.fixture(scope="module")
def house(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Yield a server with that cloud's provider; the chain verifies at the end."""
    home = tmp_path_factory.mktemp("bad_days_server")
    url = f"sqlite+aiosqlite:///{home / 'jitsudo.db'}"
    with installed(home, url, **cloud.settings()) as installation:
        yield installation
        installation.check_chain()


def approved(house: Installation) -> str:
    """Return a request that bob has approved."""
    request_id = house.submit(provider=NAME)
    assert house.decide("bob", request_id, "approve")[0] == 200
    return request_id


def a_key() -> str:
    """Return a new encryption key."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def test_a_role_that_was_deleted_after_the_request_is_said_and_may_come_back(
    house: Installation, cloud: Cloud
) -> None:
    """Not active, not stuck: the card has the provider's reason and the next try."""
    with cloud.trouble("no such role: infra-admin"):
        request_id = approved(house)
        card = house.card(request_id, showing="no such role: infra-admin")
        assert "*Failed*" in json.dumps(card)
        shown = house.shown(request_id)
        assert (shown["grantStatus"], shown["grantError"]) == (
            "failed", "no such role: infra-admin",
        )  # fmt: skip
        status, _ = house.api("alice", "GET", f"/requests/{request_id}/credentials")
        assert status == 409

    house.card(request_id, showing="*Active*")
    assert cloud.history(request_id)["granted"] == 1


def test_a_throttled_end_is_not_called_one_before_it_is(
    house: Installation, cloud: Cloud
) -> None:
    """*Not ended yet*, with the reason, until the provider has confirmed."""
    request_id = approved(house)
    house.card(request_id, showing="*Active*")

    with cloud.trouble("throttled"):
        assert house.decide("alice", request_id, "revoke", reason="done")[0] == 200
        house.card(request_id, showing="*Not ended yet*: throttled")
        assert house.state_of(request_id) == "ACTIVE"

    house.card(request_id, showing="*Revoked* by")
    assert request_id not in cloud.in_force()


def test_a_provider_that_stays_down_is_given_up_and_everybody_is_told(
    house: Installation, cloud: Cloud
) -> None:
    """After the configured time: the card, its thread, the DM and the log say why."""
    house.stop()
    house.start(JITSUDO_ABANDON_AFTER="4s")
    with cloud.trouble("the cloud is down"):
        request_id = approved(house)
        house.card(request_id, showing="*Failed*: the cloud is down")
        eventually(
            lambda: house.shown(request_id)["grantStatus"] == "revoke_failed",
            "the giving up, which the cloud has to confirm as well",
        )
        assert house.state_of(request_id) == "APPROVED"

    card = house.card(request_id, showing="*Given up*")
    assert "the cloud is down" in json.dumps(card)
    assert house.state_of(request_id) == "REVOKED"
    assert request_id not in cloud.in_force()
    told = house.actions(request_id)
    assert told[:2] == ["request.created", "request.approved"]
    assert told[-1] == "request.abandoned"
    assert set(told[2:-1]) == {"grant.failed", "grant.revoke_failed"}
    eventually(lambda: "the cloud is down" in house.dms("alice"), "the DM")

    def thread() -> str:
        (card,) = house.cards(request_id)
        return json.dumps(card["thread"])

    eventually(lambda: "gave up: it could not be issued" in thread(), "the thread")
    house.stop()
    house.start()


def test_without_the_key_one_row_says_so_and_the_rest_goes_on(
    house: Installation, cloud: Cloud
) -> None:
    """Nothing is read as garbage; what is new is sealed anew; the old one ends."""
    old = approved(house)
    house.card(old, showing="*Active*")
    house.stop()
    other = a_key()
    house.start(**{SETTING: other})

    status, answer = house.api("alice", "GET", f"/requests/{old}/credentials")

    assert status >= 500
    assert SETTING in answer["message"]
    assert old in answer["message"]
    assert other not in json.dumps(answer)
    assert house.environment[SETTING] not in json.dumps(answer)
    assert "credentials.read" not in house.actions(old)
    new = approved(house)
    house.card(new, showing="*Active*")
    assert house.api("alice", "GET", f"/requests/{new}/credentials")[0] == 200
    assert house.decide("alice", old, "revoke", reason="cannot use it")[0] == 200
    house.card(old, showing="*Revoked* by")
    assert old not in cloud.in_force()
    house.stop()
    # Both at once, as while keys are being changed.
    house.start(**{SETTING: f"{house.environment[SETTING]},{other}"})
    assert house.api("alice", "GET", f"/requests/{new}/credentials")[0] == 200


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("", "is not set"),
        ("c2hvcnQ=", "is not 32 bytes"),
        ("not base 64 at all!", "is not 32 bytes"),
    ],
    ids=["none", "short", "garbage"],
)
def test_without_a_usable_key_nothing_starts(
    house: Installation, keys: str, why: str
) -> None:
    """It ends at once and names the setting, and never the key."""
    done = subprocess.run(
        [JITSUDO, "serve", "--port", "0"],
        env={**house.environment, SETTING: keys},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0
    assert SETTING in done.stderr
    assert why in done.stderr
    assert not keys or keys not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
