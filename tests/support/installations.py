"""An installation as in production: `jitsudo serve` beside a sandbox of its own.

The sandbox outlives the server, as Slack does, so that a test can kill the one
and look at the other.
"""

import json
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.logins import Login, Logins
from core.policy.bundle import write_starter
from core.settings import LIMITS
from core.store.migrate import migrate
from tests.support.databases import run_apart
from tests.support.demos import JITSUDO, DemoDriver, eventually

PEOPLE = ("alice", "bob", "ben", "carol", "dave")

SCOPES = "request,read,approve,admin"


class Installation(DemoDriver):
    """A server process and a sandbox process; the server can be killed."""

    def __init__(
        self,
        ready: dict[str, Any],
        environment: dict[str, str],
        *,
        log: Path,
    ) -> None:
        """Keep how to start the server; nothing runs yet."""
        super().__init__(ready, environment)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        """Start the server and wait until every part is ready.

        Args:
            settings: environment variables for this run only.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [JITSUDO, "serve"],
                env={**self.environment, **settings},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        eventually(self._is_ready, f"a ready server; see {self.log}", seconds=30)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"{self.server}/readyz", timeout=5) as answer:  # noqa: S310  # loopback
                return set(json.load(answer)["parts"].values()) == {"ready"}
        except (urllib.error.URLError, OSError):
            return False

    def issued_token(self, person: str) -> str:
        """Return a new token for a person, from erin, who has one."""
        order = {
            "identity": f"{person}@example.com",
            "scopes": SCOPES.split(","),
            "ttlSeconds": "3600",
        }
        status, answer = self.api("erin", "POST", "/tokens", order)
        assert status == 200, answer
        token: str = answer["secret"]
        return token

    def admit(self, person: str, token: str) -> None:
        """Let a person in with a token, over REST and as a profile."""
        self.ready["people"][person]["token"] = token
        Logins(Path(self.environment["JITSUDO_HOME"])).store(
            person,
            Login(
                server=self.server,
                token=token,
                email=f"{person}@example.com",
                expires_at=datetime.now(UTC) + timedelta(hours=1),
            ),
        )

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> int:
        """Ask the server to end; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=20)


@contextmanager
def running_sandbox(deliver_to: str | None, log: Path, *options: str) -> Iterator[Any]:
    """Start a sandbox as a process of its own; yield what it said when ready.

    Args:
        deliver_to: the app's address; None for Socket Mode.
    """
    where = ("--deliver-to", deliver_to) if deliver_to is not None else ()
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "bot.sandbox", "--port", "0"),
                *where,
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def installed(
    home: Path, database_url: str, *, socket_mode: bool = False, **settings: str
) -> Iterator[Installation]:
    """Set up an installation, started; its parts end with the block.

    Args:
        home: an empty directory of its own.
        database_url: an empty database.
        socket_mode: how the sandbox delivers.
        settings: more environment variables for the server.
    """
    server = f"http://127.0.0.1:{_free_port()}"
    deliver_to = None if socket_mode else f"{server}/slack/events"
    with running_sandbox(deliver_to, home / "sandbox.log", "--no-pacing") as sandbox:
        secret = (
            {"JITSUDO_SLACK_APP_TOKEN": sandbox["app_token"]}
            if socket_mode
            else {"JITSUDO_SLACK_SIGNING_SECRET": sandbox["signing_secret"]}
        )
        key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "JITSUDO_HOME": str(home / "jitsudo"),
            "JITSUDO_DATABASE_URL": database_url,
            "JITSUDO_POLICY_DIR": str(home / "policies"),
            "JITSUDO_GROUPS_FILE": str(home / "policies" / "groups.yaml"),
            "JITSUDO_ENCRYPTION_KEYS": key,
            **dict.fromkeys(LIMITS, "0"),
            "JITSUDO_LOCAL_PROVIDER": "true",
            "JITSUDO_PORT": server.rpartition(":")[2],
            "JITSUDO_SLACK_CHANNEL": "access",
            "JITSUDO_SLACK_BOT_TOKEN": sandbox["bot_token"],
            "JITSUDO_SLACK_API_URL": sandbox["api_url"],
            "JITSUDO_SLACK_ALLOW_SHARED_CHANNELS": "true",
            "JITSUDO_SLACK_PACING": "false",
            **secret,
            **settings,
        }
        write_starter(home / "policies")
        run_apart(migrate(database_url))
        ready = {
            "page": sandbox["page"],
            "server": server,
            "sandbox": f"{sandbox['url']}/sandbox",
            "data": str(home),
            "people": sandbox["people"],
        }
        installation = Installation(ready, environment, log=home / "server.log")
        token = _run(
            environment, "token", "issue", "--server", database_url,
            "--email", "erin@example.com", "--ttl", "1h", "--scope", SCOPES,
        ).strip()  # fmt: skip
        installation.admit("erin", token)
        try:
            installation.start()
            for person in PEOPLE:
                installation.admit(person, installation.issued_token(person))
            yield installation
        finally:
            if installation.process is not None:
                installation.process.kill()
                installation.process.wait(timeout=10)


@contextmanager
def replica_of(first: Installation) -> Iterator[Installation]:
    """Start a second server beside another one, on the same database and Slack."""
    port = _free_port()
    environment = {**first.environment, "JITSUDO_PORT": str(port)}
    ready = {**first.ready, "server": f"http://127.0.0.1:{port}"}
    replica = Installation(
        ready, environment, log=first.log.with_name(f"server-{port}.log")
    )
    try:
        replica.start()
        yield replica
    finally:
        if replica.process is not None:
            replica.process.kill()
            replica.process.wait(timeout=10)


def _run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [JITSUDO, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
