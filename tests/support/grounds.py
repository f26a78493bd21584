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
def policy_with(driver: DemoDriver, name: str, rego: str) -> Iterator[None]:
    """Change the policy while the block runs; it is in force within the block.

    Args:
        name: of the file without its ending; replaced, or added.
        rego: a module of `jitsudo.approval`.
    """
    path = driver.policies / f"{name}.rego"
    # OPA goes on with a file that it watched and that is no more.
    before = path.read_text() if path.exists() else NOTHING
    mark = f"probe-{uuid4().hex[:8]}"
    # In the changed file itself: an engine may read two files at two times.
    rule = f'deny contains "{mark}" if input.request.role == "{mark}"'
    write(path, f"{rego}\n\n{rule}\n")
    eventually(lambda: _denies(driver, mark), "the changed policy")
    try:
        yield
    finally:
        write(path, before)
        eventually(lambda: not _denies(driver, mark), "the former policy")


def _denies(driver: DemoDriver, mark: str) -> bool:
    """Ask the running server's policy whether it knows a mark."""
    question = {
        "action": "approve",
        "user": {"email": "bob@example.com", "groups": ["sre-lead"]},
        "request": {
            "provider": "local",
            "role": mark,
            "resource_scope": "x",
            "duration_seconds": 60,
            "reason": "probe",
        },
    }
    body = {"type": "POLICY_TYPE_APPROVAL", "inputJson": json.dumps(question)}
    status, answer = driver.api("erin", "POST", "/policies:eval", body)
    assert status == 200, answer
    return mark in answer["reason"]


def write(path: Path, text: str) -> None:
    """Replace a file at once, so that nobody reads half of it."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
