"""The terminal on the database itself: everything of the after, and the keys."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from core.store.migrate import migrate
from tests.support.databases import run_apart
from tests.support.serving import POLICIES, ServedJitsudo
from tests.support.terminals import run_jitsudo

_ALICE = "alice@example.com"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ServedJitsudo]:
    """Yield a database that no server looks after."""
    environment = {
        "JITSUDO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/jitsudo.db",
        "JITSUDO_POLICY_DIR": str(POLICIES),
        "JITSUDO_GROUPS_FILE": str(POLICIES / "groups.yaml"),
        "JITSUDO_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "JITSUDO_LOCAL_PROVIDER": "true",
    }
    home = tmp_path / "home"
    run_apart(migrate(environment["JITSUDO_DATABASE_URL"]))
    yield ServedJitsudo(
        url="",
        database_url=f"sqlite:///{tmp_path}/jitsudo.db",
        home=home,
        environment=environment,
    )
    verified = run_jitsudo(
        "--server", f"sqlite:///{tmp_path}/jitsudo.db", "audit", "verify",
        home=home, environment=environment,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr


def _ask(house: ServedJitsudo, token: str, *more: str) -> str:
    done = house.direct(
        "request", "--provider", "local", "--role", "infra-admin",
        "--scope", "staging", "-q", *more, token=token,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _granted(house: ServedJitsudo) -> str:
    request_id = _ask(house, house.token("alice"))
    done = house.direct("approve", request_id, token=house.token("bob"))
    assert done.returncode == 0, done.stderr
    return request_id


def _status(house: ServedJitsudo, request_id: str) -> Any:
    return json.loads(house.direct("status", request_id, "-o", "json").stdout)


def _events(house: ServedJitsudo, action: str) -> Any:
    done = house.direct("audit", "--action", action, "-o", "json")
    return json.loads(done.stdout)


def test_revoking_is_finished_there_and_then(house: ServedJitsudo) -> None:
    """With a token; the act carries the OS user and the host."""
    request_id = _granted(house)

    nobody = house.direct("revoke", request_id)
    done = house.direct(
        "revoke", request_id, "--reason", "stolen", token=house.token("bob")
    )

    assert nobody.returncode == 3
    assert (done.returncode, done.stdout) == (0, f"Request {request_id} → REVOKED\n")
    assert "wait for a server" in done.stderr
    (event,) = _events(house, "grant.revoke_requested")
    assert (event["actor"], event["origin"]) == ("bob@example.com", "direct")
    assert {"os_user", "host"} <= set(event["details"])


def test_the_servers_own_settings_file_is_enough(
    house: ServedJitsudo, tmp_path: Path
) -> None:
    """All that is in it about who is served is left alone, TLS and Slack too."""
    settings = {
        name.removeprefix("JITSUDO_").lower(): value
        for name, value in house.environment.items()
    } | {
        "port": 8443,
        "tls_cert_file": "/nowhere/tls.pem",
        "tls_key_file": "/nowhere/tls.key",
        "trusted_proxies": ["10.0.0.0/8"],
        "max_connections": 10,
        "slack": {"channel": "C0ACCESS"},
    }
    path = tmp_path / "jitsudo.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")

    listed, rotated = (
        run_jitsudo(
            "--server", house.database_url, *words,
            home=house.home, environment={"JITSUDO_CONFIG": str(path)},
        )
        for words in (("token", "list"), ("server", "rotate-keys"))
    )  # fmt: skip

    assert listed.returncode == 0, listed.stderr
    assert rotated.returncode == 0, rotated.stderr


def test_check_says_the_same_as_json_and_as_yaml(house: ServedJitsudo) -> None:
    """A program gets what it asked for, not the lines for people."""
    as_json, as_yaml = (
        run_jitsudo(
            "server", "check", "-o", form,
            home=house.home, environment=house.environment,
        )
        for form in ("json", "yaml")
    )  # fmt: skip

    assert (as_json.returncode, as_yaml.returncode) == (0, 0), as_json.stderr
    findings = json.loads(as_json.stdout)
    assert {"part", "ready", "detail"} == set(findings[0])
    assert yaml.safe_load(as_yaml.stdout) == findings


def test_everything_of_a_person_is_revoked(house: ServedJitsudo) -> None:
    """One after the other, each to its end; the warning comes once."""
    ids = {_granted(house), _granted(house)}

    done = house.direct("revoke", "--user", _ALICE, "--all", token=house.token("erin"))

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) == {f"Request {i} → REVOKED" for i in ids}
    assert done.stderr.count("wait for a server") == 1


def test_extending_breaking_the_glass_and_reviewing_work(house: ServedJitsudo) -> None:
    """As they would with a server; each due job is done at once."""
    alice, bob = house.token("alice"), house.token("bob")
    broken = house.direct(
        "request", "--provider", "local", "--role", "infra-admin",
        "--scope", "staging", "--break-glass", "--reason", "INC-1", token=alice,
    )  # fmt: skip
    request_id = broken.stdout.split()[2]

    extended = house.direct("extend", request_id, "--duration", "2h", token=alice)
    newer = extended.stdout.split()[2]
    approved = house.direct("approve", newer, token=bob)
    reviewed = house.direct("review", request_id, "--note", "fine", token=bob)
    retried = house.direct("retry", newer, token=alice)

    assert "State:      ACTIVE" in broken.stdout
    assert approved.returncode == reviewed.returncode == 0
    assert _status(house, newer)["state"] == "ACTIVE"
    assert _status(house, request_id)["review_note"] == "fine"
    assert retried.returncode == 6


def test_operator_shuts_somebody_out_without_a_token(house: ServedJitsudo) -> None:
    """Everything ends there and then, and every event says who sat where."""
    token = house.token("alice")
    running, pending = _granted(house), _ask(house, token)

    done = house.direct("principal", "disable", _ALICE, "--reason", "laptop stolen")
    again = house.direct("principal", "disable", _ALICE, "--reason", "laptop stolen")
    asked = house.direct("whoami", token=token)
    back = house.direct("principal", "enable", _ALICE)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Principal {_ALICE} → disabled",
        f"Request {pending} → REVOKED",
        f"Request {running} → REVOKED",
    ]
    assert again.stdout == f"Principal {_ALICE} → disabled\n"
    assert asked.returncode == 3
    assert back.stdout == f"Principal {_ALICE} → enabled\n"
    assert _status(house, running)["end_reason"].endswith("laptop stolen")
    for action in (
        "principal.disabled",
        "request.withdrawn",
        "grant.revoke_requested",
        "token.revoked",
        "principal.enabled",
    ):
        for event in _events(house, action):
            assert event["actor"].startswith("operator:"), action
            assert {"os_user", "host"} <= set(event["details"]), action


def test_without_the_key_nothing_is_done_that_a_server_could_not_read(
    house: ServedJitsudo,
) -> None:
    """The person is shut out at once; the rest waits, and that is said."""
    running = _granted(house)
    keyless = replace(
        house, environment={**house.environment, "JITSUDO_ENCRYPTION_KEYS": ""}
    )

    done = keyless.direct(
        "principal", "disable", _ALICE, "--reason", "left", "--no-wait"
    )

    assert done.returncode == 0
    assert f"Request {running} → ACTIVE" in done.stdout
    assert "JITSUDO_ENCRYPTION_KEYS" in done.stderr
    assert _status(house, running)["state"] == "ACTIVE"


def test_rotating_names_the_keys_that_may_go(house: ServedJitsudo) -> None:
    """By their places; a second run changes nothing, and no key is printed."""
    _granted(house)
    old = house.environment["JITSUDO_ENCRYPTION_KEYS"]
    new = Fernet.generate_key().decode()

    done = _rotate(house, f"{new},{old}")
    alone = _rotate(house, new)
    as_json = json.loads(_rotate(house, f"{new},{old},{old}", "-o", "json").stdout)

    assert done.returncode == 0, done.stderr
    assert "1 resealed with the first key" in done.stdout
    assert "needs key 2 of JITSUDO_ENCRYPTION_KEYS any more" in done.stderr
    assert alone.returncode == 0
    assert as_json == {
        "resealed": 1,
        "unreadable": [],
        "keys": 3,
        "removable_keys": [2, 3],
    }
    for key in (old, new):
        assert key not in done.stdout + done.stderr + alone.stderr


def test_what_no_key_opens_is_named(house: ServedJitsudo) -> None:
    """Exit code 1, with the request; the others are resealed."""
    lost = _granted(house)
    other = Fernet.generate_key().decode()
    kept = replace(
        house, environment={**house.environment, "JITSUDO_ENCRYPTION_KEYS": other}
    )
    _granted(kept)

    done = _rotate(house, other)

    assert done.returncode == 1
    assert "1 resealed" in done.stdout
    assert f"Error: {lost}: no key in JITSUDO_ENCRYPTION_KEYS opens" in done.stderr


@pytest.mark.parametrize(
    ("keys", "told"), [("", "is not set"), ("short", "32 bytes in URL-safe base 64")]
)
def test_rotating_needs_keys(house: ServedJitsudo, keys: str, told: str) -> None:
    """Nothing is opened or sealed with what is no key."""
    done = _rotate(house, keys)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: JITSUDO_ENCRYPTION_KEYS: ")
    assert told in done.stderr


def _rotate(house: ServedJitsudo, keys: str, *arguments: str) -> Any:
    return run_jitsudo(
        "server", "rotate-keys", *arguments,
        home=house.home,
        environment={**house.environment, "JITSUDO_ENCRYPTION_KEYS": keys},
    )  # fmt: skip
