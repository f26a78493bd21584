"""A running `jitsudo demo`, driven as a person would: its page's API, its terminal."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cards import is_card_of

JITSUDO = Path(sys.executable).with_name("jitsudo")
START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output, read as JSON."""
        return json.loads(self.out)


class DemoDriver:
    """Acts as the people of one running demo."""

    def __init__(
        self, ready: dict[str, Any], environment: dict[str, str], *, pid: int = 0
    ) -> None:
        """Keep what the demo said when it was ready.

        Args:
            pid: of the demo's process, for who wants to kill it.
        """
        self.pid = pid
        self.ready = ready
        self.environment = environment
        self.server: str = ready["server"]
        self.sandbox: str = ready["sandbox"]
        self.page: str = ready["page"]
        self.data = Path(ready["data"])
        self.policies = self.data / "policies"
        self.groups = self.data / "policies" / "groups.yaml"

    def token(self, person: str) -> str:
        """Return a person's bearer token."""
        return str(self.ready["people"][person]["token"])

    def cli(self, person: str, *arguments: str, stdin: str | None = None) -> Finished:
        """Run the terminal as a person."""
        done = subprocess.run(
            [JITSUDO, "--profile", person, *arguments],
            env=self.environment,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Finished(code=done.returncode, out=done.stdout, err=done.stderr)

    def ask(self, person: str = "alice", **fields: str) -> str:
        """Submit a request in the terminal; return its id."""
        values = {
            "provider": "local",
            "role": "infra-admin",
            "scope": "staging",
            "duration": "1h",
            "reason": "INC-4421",
            **fields,
        }
        options = [
            part for name, value in values.items() for part in (f"--{name}", value)
        ]
        done = self.cli(person, "request", *options, "-o", "json")
        assert done.code == 0, done.err
        return str(done.json["id"])

    def status(self, request_id: str, person: str = "alice") -> dict[str, Any]:
        """Return a request as the terminal shows it."""
        done = self.cli(person, "status", request_id, "-o", "json")
        assert done.code == 0, done.err
        shown: dict[str, Any] = done.json
        return shown

    def http(
        self,
        method: str,
        url: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Call the server or the sandbox; return status and JSON (or text)."""
        request = urllib.request.Request(  # noqa: S310  # loopback, http
            url,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.read())

    def api(
        self, person: str, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        """Call the REST API as a person."""
        headers = {"Authorization": f"Bearer {self.token(person)}"}
        return self.http(method, f"{self.server}/api/v1alpha1{path}", body, headers)

    def submit(self, person: str = "alice", **fields: str) -> str:
        """Submit a request by REST, sooner than the terminal; return its id."""
        values = {
            "provider": "local",
            "role": "infra-admin",
            "resourceScope": "staging",
            "durationSeconds": "3600",
            "reason": "INC-4421",
            **fields,
        }
        status, answer = self.api(person, "POST", "/requests", values)
        assert status == 200, answer
        return str(answer["request"]["id"])

    def decide(
        self, person: str, request_id: str, verdict: str, **body: str
    ) -> tuple[int, Any]:
        """Approve, deny or withdraw by REST; return status and answer."""
        return self.api(person, "POST", f"/requests/{request_id}/{verdict}", body)

    def shown(self, request_id: str, person: str = "erin") -> dict[str, Any]:
        """Return a request as the REST API shows it."""
        status, answer = self.api(person, "GET", f"/requests/{request_id}")
        assert status == 200, answer
        request: dict[str, Any] = answer["request"]
        return request

    def state_of(self, request_id: str) -> str:
        """Return a request's state, such as `PENDING`."""
        return str(self.shown(request_id)["state"]).removeprefix("REQUEST_STATE_")

    def check_chain(self) -> None:
        """Fail unless the audit chain verifies."""
        status, answer = self.api("erin", "POST", "/audit:verify", {})
        assert status == 200, answer
        assert int(answer["report"]["events"]) > 0, answer

    def actions(self, request_id: str) -> list[str]:
        """Return what the audit log tells of a request, oldest first."""
        _, answer = self.api("erin", "GET", f"/audit?requestId={request_id}")
        return [event["action"] for event in reversed(answer["events"])]

    def control(self, path: str, **body: object) -> dict[str, Any]:
        """Call a control endpoint of the sandbox."""
        status, answer = self.http("POST", f"{self.sandbox}/{path}", body)
        assert status == 200, (path, body, answer)
        result: dict[str, Any] = answer
        return result

    def state(self) -> dict[str, Any]:
        """Return the sandbox's state."""
        status, answer = self.http("GET", f"{self.sandbox}/state")
        assert status == 200
        result: dict[str, Any] = answer
        return result

    def command(self, person: str, text: str) -> dict[str, Any]:
        """Type `/jitsudo <text>` in the channel."""
        return self.control("command", user=person, channel="access", text=text)

    def fault(self, method: str, kind: str, **more: object) -> None:
        """Let the next call of a Web API method fail."""
        self.control("faults", method=method, kind=kind, **more)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """Return the calls of a Web API method, oldest first."""
        _, told = self.http("GET", f"{self.sandbox}/deliveries")
        return [call for call in told["calls"] if call["method"] == method]

    def cards(self, request_id: str) -> list[dict[str, Any]]:
        """Return the messages in the channel that are a request's card."""
        messages = self.state()["channels"][0]["messages"]
        return [m for m in messages if m["blocks"] and is_card_of(m, request_id)]

    def card(
        self, request_id: str, *, showing: str = "", seconds: float = 15
    ) -> dict[str, Any]:
        """Return the request's one card, once it shows `showing`."""

        def found() -> dict[str, Any] | None:
            cards = self.cards(request_id)
            assert len(cards) <= 1, cards
            if cards and showing in json.dumps(cards[0], ensure_ascii=False):
                return cards[0]
            return None

        card: dict[str, Any] = eventually(
            found, f"a card of {request_id} that shows {showing!r}", seconds
        )
        return card

    def click(self, person: str, request_id: str, action: str) -> dict[str, Any]:
        """Press `approve` or `deny` on the request's card."""
        card = self.card(request_id)
        return self.control(
            "click", user=person, channel="access", ts=card["ts"], action_id=action
        )

    def told(
        self,
        person: str,
        request_id: str,
        action: str = "approve",
        *,
        wait_ms: int = 5_000,
    ) -> str:
        """Press a button that is answered privately; return what was said."""
        answer = self.control(
            "click",
            user=person,
            channel="access",
            ts=self.card(request_id)["ts"],
            action_id=action,
            wait_ms=wait_ms,
        )
        return " ".join(answer["ephemeral"])

    def dms(self, person: str) -> str:
        """Return a person's direct messages as one text."""
        return json.dumps(self.state()["dms"].get(person, []), ensure_ascii=False)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def eventually(look: Any, what: str, seconds: float = 15) -> Any:
    """Look until there is something; fail naming what was awaited."""
    ends = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > ends:
            pytest.fail(f"waited {seconds} s for {what}")
        time.sleep(0.05)


@contextmanager
def running_demo(home: Path, *options: str, data: Path) -> Iterator[DemoDriver]:
    """Start a demo as a process of its own, and stop it."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "JITSUDO_HOME": str(home / "jitsudo"),
    }
    with (home / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [JITSUDO, "demo", "-o", "json", "--port", "0", "--data", data, *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (home / "demo.log").read_text()
        yield DemoDriver(json.loads(line), environment, pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDriver]:
    """Yield the demo as `make demo` runs it: HTTP, SQLite, embedded Rego."""
    home = tmp_path_factory.mktemp("demo")
    with running_demo(home, "--no-pacing", data=home / "data") as driver:
        yield driver
