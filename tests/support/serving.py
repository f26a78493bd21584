"""A real server process without Slack, set up by the terminal as an operator would."""

import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography.fernet import Fernet

from core.logins import Login, Logins
from core.settings import LIMITS, load_core
from core.store.migrate import migrate
from core.vocabulary import TokenScope
from core.wiring import open_jitsudo
from tests.support.databases import run_apart
from tests.support.terminals import JITSUDO, run_jitsudo

SCOPES: Final = frozenset({TokenScope.REQUEST, TokenScope.READ, TokenScope.APPROVE})
TTL: Final = timedelta(hours=1)
POLICIES: Final = Path(__file__).parents[2] / "policies"
_START_SECONDS: Final = 30.0

Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True, kw_only=True)
class ServedJitsudo:
    """A server, its database, and a home with a profile for each person."""

    url: str
    database_url: str
    home: Path
    environment: Mapping[str, str]

    def cli(self, person: str, *arguments: str, stdin: str = "") -> Finished:
        """Run a command as a person, through the server."""
        return run_jitsudo("--profile", person, *arguments, home=self.home, stdin=stdin)

    def direct(self, *arguments: str, token: str = "") -> Finished:
        """Run a command on the database itself, with the server's settings."""
        return run_jitsudo(
            "--server",
            self.database_url,
            *arguments,
            home=self.home,
            environment={**self.environment, "JITSUDO_TOKEN": token},
        )

    @property
    def persons_environment(self) -> dict[str, str]:
        """Return what a person's terminal has in its environment."""
        return {"PATH": os.defpath, "JITSUDO_HOME": str(self.home)}

    def start(self, person: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a person; the caller ends it."""
        return subprocess.Popen(
            [JITSUDO, "--profile", person, *arguments],
            env=self.persons_environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_a_terminal(
        self, person: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a command on a terminal of its own; return all that it showed."""
        return self.typing(person, *arguments, environment=environment)[1]

    def typing(
        self,
        person: str,
        *arguments: str,
        typed: str = "",
        interrupt_at: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Run a command on a terminal of its own, and type there.

        Args:
            typed: what is typed, before it is asked for.
            interrupt_at: SIGINT is sent as soon as this is shown.

        Returns:
            The exit code, and all that was shown.
        """
        ours, theirs = pty.openpty()
        os.write(ours, typed.encode())
        process = subprocess.Popen(
            [JITSUDO, "--profile", person, *arguments],
            env={
                "PATH": os.defpath,
                "JITSUDO_HOME": str(self.home),
                "TERM": "xterm",
                "COLUMNS": "200",
                **(environment or {}),
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65_536):
                shown += part
                if interrupt_at is not None and interrupt_at.encode() in shown:
                    _interrupt(process, ours)
                    interrupt_at = None
        except OSError:
            pass  # how Linux tells that the other end of a terminal is closed
        finally:
            os.close(ours)
        return process.wait(timeout=10), shown.decode()

    def token(self, person: str) -> str:
        """Return a new token of a person, made as the operator makes them."""
        return run_apart(_issued(self.environment, f"{person}@example.com"))

    def sign_in(self, person: str) -> None:
        """Give a person a login of their own."""
        Logins(self.home).store(
            person,
            Login(
                server=self.url,
                token=self.token(person),
                email=f"{person}@example.com",
                expires_at=datetime.now(UTC) + TTL,
            ),
        )

    def a_request(self, *arguments: str) -> str:
        """Ask as alice; return the id."""
        done = self.cli(
            "alice", "request", "--provider", "local", "--role", "infra-admin",
            "--scope", "staging", "-q", *arguments,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedJitsudo]:
    """Yield a running server with a stored login for each person."""
    place = tmp_path_factory.mktemp("served")
    database_url = f"sqlite:///{place}/jitsudo.db"
    environment = {
        "JITSUDO_DATABASE_URL": f"sqlite+aiosqlite:///{place}/jitsudo.db",
        "JITSUDO_POLICY_DIR": str(POLICIES),
        "JITSUDO_GROUPS_FILE": str(POLICIES / "groups.yaml"),
        "JITSUDO_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        **dict.fromkeys(LIMITS, "0"),
        "JITSUDO_LOCAL_PROVIDER": "true",
    }
    run_apart(migrate(environment["JITSUDO_DATABASE_URL"]))
    log = place / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [JITSUDO, "serve", "--port", "0"],
            env={"PATH": os.defpath, **environment},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        found = ServedJitsudo(
            url=_url(process, log),
            database_url=database_url,
            home=place / "home",
            environment=environment,
        )
        for person in ("alice", "bob", "ben", "dave", "erin"):
            found.sign_in(person)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


async def _issued(environment: Mapping[str, str], email: str) -> str:
    async with open_jitsudo(load_core(environment, {})) as jitsudo:
        operator = jitsudo.operator("operator:root@test", {})
        return (await operator.issue_token(email, scopes=SCOPES, ttl=TTL)).secret


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the server listens, once it says so."""
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{") and json.loads(line).get("event") == "serving":
                url: str = json.loads(line)["url"]
                return url
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def _interrupt(process: subprocess.Popen[bytes], terminal: int) -> None:
    """Press Ctrl-C, until something comes of it.

    Pressed again, as people do, where the first came between Python's last look for
    signals and its reading of the terminal, which then does not end.
    """
    process.send_signal(signal.SIGINT)
    while not select.select([terminal], [], [], 5)[0]:
        process.send_signal(signal.SIGINT)
