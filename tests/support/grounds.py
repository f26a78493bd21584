"""The whole product on the grounds it runs on: each a demo that many tests share."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from core.policy.bundle import write_starter
from tests.support.databases import run_apart, run_sql
from tests.support.demos import DemoDriver, eventually, running_demo
from tests.support.engines import opa_server

GROUNDS = ("sqlite_embedded_http", "postgres_opa_http", "sqlite_embedded_socket")

NOTHING = "package jitsudo.nothing\n"
"""A module without rules."""


@pytest.fixture(scope="session")
def socket_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDriver]:
    """Yield a demo that Slack reaches by Socket Mode."""
    home = tmp_path_factory.mktemp("socket_demo")
    with running_demo(
        home, "--no-pacing", "--socket-mode", data=home / "data"
    ) as driver:
        yield driver


@pytest.fixture(scope="session")
def own_postgres_database(postgres_server: str) -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database for the whole session."""
    with a_database(postgres_server) as url:
        yield url


@contextmanager
def a_database(server: str) -> Iterator[str]:
    """Create an empty database; yield its URL, and drop it at the end."""
    name = f"jitsudo_{uuid4().hex[:16]}"
    run_apart(run_sql(server, f"CREATE DATABASE {name}"))
    try:
        yield server.replace("/postgres?", f"/{name}?", 1)
    finally:
        run_apart(run_sql(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def production_demo(
    tmp_path_factory: pytest.TempPathFactory,
    own_postgres_database: str,
    opa_binary: str,
) -> Iterator[DemoDriver]:
    """Yield a demo over PostgreSQL and a real OPA."""
    home = tmp_path_factory.mktemp("production_demo")
    policies = home / "rego"
    policies.mkdir()
    write_starter(home / "data" / "policies")
    for path in (home / "data" / "policies").glob("*.rego"):
        shutil.copy(path, policies)
    with ExitStack() as stack:
        opa = stack.enter_context(opa_server(opa_binary, "--watch", policies))
        driver = stack.enter_context(
            running_demo(
                home,
                *("--no-pacing", "--database", own_postgres_database, "--opa", opa),
                data=home / "data",
            )
        )
        driver.policies = policies
        yield driver


@pytest.fixture(params=GROUNDS)
def ground(request: pytest.FixtureRequest) -> Iterator[DemoDriver]:
    """Yield the product on each ground in turn; afterwards the chain verifies."""
    yield from _on(request, request.param)


@pytest.fixture(params=GROUNDS[:2])
def rules(request: pytest.FixtureRequest) -> Iterator[DemoDriver]:
    """Yield the product with each policy engine in turn."""
    yield from _on(request, request.param)


@pytest.fixture(params=(GROUNDS[0], GROUNDS[2]))
def transport(request: pytest.FixtureRequest) -> Iterator[DemoDriver]:
    """Yield the product with each way for Slack to deliver in turn."""
    yield from _on(request, request.param)


_FIXTURES = dict(zip(GROUNDS, ("demo", "production_demo", "socket_demo"), strict=True))


def _on(request: pytest.FixtureRequest, name: str) -> Iterator[DemoDriver]:
    driver: DemoDriver = request.getfixturevalue(_FIXTURES[name])
    yield driver
    driver.check_chain()


@contextmanager
def groups_without(driver: DemoDriver, person: str, group: str) -> Iterator[None]:
    """Take a person out of a group while the block runs."""
    document = yaml.safe_load(driver.groups.read_text())
    document["groups"][group]["members"].remove(f"{person}@example.com")
    with groups_saying(driver, yaml.safe_dump(document)):
        yield


@contextmanager
def groups_saying(driver: DemoDriver, text: str) -> Iterator[None]:
    """Put something else into the groups file while the block runs."""
    before = driver.groups.read_text()
    write(driver.groups, text)
    try:
        yield
    finally:
        write(driver.groups, before)


@contextmanager
def policy_with(driver: DemoDriver, **files: str) -> Iterator[None]:
    """Change the policy while the block runs; it is in force within the block.

    Args:
        files: Rego by the name of its file; replaced, or added.
    """
    paths = {driver.policies / f"{name}.rego": text for name, text in files.items()}
    before = {path: path.read_text() if path.exists() else None for path in paths}
    for path, text in paths.items():
        write(path, text)
    await_policy(driver)
    try:
        yield
    finally:
        for path, former in before.items():
            # OPA goes on with a file that it watched and that is no more.
            write(path, NOTHING if former is None else former)
        await_policy(driver)


def await_policy(driver: DemoDriver) -> None:
    """Wait until the policy files of now are in force."""
    mark = f"probe-{uuid4().hex[:8]}"
    rule = f'deny contains "{mark}" if input.request.role == "{mark}"'
    probe = driver.policies / "zz_probe.rego"
    write(probe, f"package jitsudo.eligibility\n\nimport rego.v1\n\n{rule}\n")
    person = {"email": "alice@example.com", "groups": ["sre"]}
    request = {"provider": "local", "role": mark, "resource_scope": "x"}
    question = {
        "action": "submit",
        "user": person,
        "request": {**request, "duration_seconds": 60, "reason": "probe"},
    }
    body = {
        "type": "POLICY_TYPE_ELIGIBILITY",
        "inputJson": json.dumps(question),
    }

    def is_in_force() -> bool:
        status, answer = driver.api("erin", "POST", "/policies:eval", body)
        return status == 200 and mark in answer["reason"]

    eventually(is_in_force, "the changed policy")


def write(path: Path, text: str) -> None:
    """Replace a file at once, so that nobody reads half of it."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
