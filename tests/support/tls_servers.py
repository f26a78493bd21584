"""Servers that speak TLS and keep what came in, in threads of their own."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from tests.support.certificates import Pair

IDENTITY: Final = {
    "identity": "bob@example.com",
    "groups": ["sre-lead"],
    "trustTier": 0,
    "scopes": ["read"],
}
"""What these servers answer to everything, as `GET /whoami` would."""


@dataclass
class Heard:
    """Where a server is, and what it was sent.

    Attributes:
        calls: method and path of each call, in order.
        headers: of each call.
    """

    url: str
    calls: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a handshake that fails is what tests are about."""


@contextmanager
def a_server(
    *,
    pair: Pair | None = None,
    client_ca: Path | None = None,
    redirect_to: str = "",
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> Iterator[Heard]:
    """Serve on the loopback while the block runs.

    Args:
        pair: the server's certificate; None speaks plain http.
        client_ca: who has to vouch for clients; None asks for no certificate.
        redirect_to: where every call is sent on to.
    """
    heard = Heard(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.calls.append(f"{self.command} {self.path}")
            heard.headers.append(dict(self.headers.items()))
            body = json.dumps(IDENTITY).encode()
            self.send_response(307 if redirect_to else 200)
            if redirect_to:
                self.send_header("Location", redirect_to)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as the library calls it

        @override
        def log_message(self, *_: object) -> None:
            """Keep standard error for what the test prints."""

    server = _Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = oldest, newest
        context.load_cert_chain(pair.certificate, pair.key)
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        scheme = "https"
    heard.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
