"""Something on the loopback that speaks like an OPA server, as well as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from typing_extensions import override

YES: Final[dict[str, Any]] = {
    "result": {"allow": True, "approver_groups": ["sre-lead"], "required_approvals": 1}
}


class ScriptedOpa:
    """Answers every question with the same bytes, late or with an odd status."""

    def __init__(self) -> None:
        """Answer yes."""
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._answer_well()

    @property
    def url(self) -> str:
        """Return its address; the same whenever it is up."""
        return f"http://127.0.0.1:{self._port}"

    def _answer_well(self) -> None:
        self.body = json.dumps(YES).encode()
        self.status = 200
        self.content_type = "application/json"
        self.delay_seconds = 0.0

    @contextmanager
    def answering(
        self,
        body: object,
        *,
        status: int = 200,
        content_type: str = "application/json",
        delay_seconds: float = 0.0,
    ) -> Iterator[None]:
        """Answer so while the block runs.

        Args:
            body: bytes go as they are, everything else as JSON.
        """
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.content_type = status, content_type
        self.delay_seconds = delay_seconds
        try:
            yield
        finally:
            self._answer_well()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections while the block runs."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    @contextmanager
    def serving(self) -> Iterator["ScriptedOpa"]:
        """Listen while the block runs."""
        self._start()
        try:
            yield self
        finally:
            self._stop()

    def _start(self) -> None:
        self._server = _Server(("127.0.0.1", self._port), _handler_of(self))
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,)).start()

    def _stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers who hung up, which is what the tests are about."""


def _handler_of(opa: ScriptedOpa) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Say that all is well."""
            self._say(200, "application/json", b"{}")

        def do_POST(self) -> None:
            """Answer a question."""
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            time.sleep(opa.delay_seconds)
            self._say(opa.status, opa.content_type, opa.body)

        def _say(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Keep standard error for the tests."""

    return Handler
