"""TLS of the server itself: who gets a connection, and what renewal does."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from bot.app import serving
from bot.check import check_installation
from bot.connections import GuardedSite
from bot.settings import load_bot
from bot.tls import Tls, TlsFiles
from core.errors import ConfigurationError, ServerUnavailable
from core.remote import HttpApprovals
from core.remote.transport import Transport
from core.wiring import Jitsudo
from tests.support.tls_files import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority of this test's own."""
    return Authority(tmp_path)


@asynccontextmanager
async def guarded(tls: Tls | None, *, max_connections: int = 10) -> AsyncIterator[int]:
    """Serve one page; yields the port."""
    app = web.Application()
    app.add_routes([web.get("/", _page)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        await GuardedSite(
            runner,
            listener,
            max_connections=max_connections,
            tls=None if tls is None else tls.context,
        ).start()
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="page")


def a_client(authority: Authority, **pair: Path) -> ssl.SSLContext:
    """Return a client that trusts the authority."""
    context = ssl.create_default_context(cafile=str(authority.root()))
    if pair:
        context.load_cert_chain(pair["cert"], pair["key"])
    return context


async def seen(port: int, client: ssl.SSLContext) -> tuple[str, str]:
    """Return the name in the server's certificate, and what it answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    subject = x509.load_der_x509_certificate(der).subject
    name = subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return str(name), answer.rpartition(b"\r\n")[2].decode()


async def test_renewed_certificate_is_used_and_a_broken_one_is_not(
    authority: Authority,
) -> None:
    """New connections see the renewal; half of one changes nothing."""
    cert, key = authority.pair("first")
    tls = Tls(TlsFiles(cert=cert, key=key))
    client = a_client(authority)
    async with guarded(tls) as port:
        assert await seen(port, client) == ("first", "page")

        new_cert, new_key = authority.pair("second")
        shutil.copy(new_cert, cert)
        with capture_logs() as logs:
            tls.look()
            tls.look()
        assert [log["event"] for log in logs] == ["tls_not_reloaded"]
        assert await seen(port, client) == ("first", "page")

        shutil.copy(new_key, key)
        tls.look()
        assert await seen(port, client) == ("second", "page")
        key.unlink()
        tls.look()
        assert await seen(port, client) == ("second", "page")


async def test_clients_without_a_certificate_are_kept_out_if_told_so(
    authority: Authority, tmp_path: Path
) -> None:
    """Only the named authority's clients get as far as HTTP."""
    cert, key = authority.pair("server")
    tls = Tls(TlsFiles(cert=cert, key=key, client_ca=authority.root()))
    mine = authority.pair("me")
    ours = a_client(authority, cert=mine[0], key=mine[1])
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").pair("stranger")
    theirs = a_client(authority, cert=stranger[0], key=stranger[1])
    async with guarded(tls) as port:
        assert (await seen(port, ours))[1] == "page"
        for client in (a_client(authority), theirs):
            # In TLS 1.3 the client learns of it when it reads, if at all.
            try:
                _, body = await seen(port, client)
            except (ssl.SSLError, ConnectionError):
                body = ""
            assert body == ""


async def test_a_client_that_is_kept_out_reads_what_may_be_missing(
    authority: Authority,
) -> None:
    """The server only hangs up: asyncio sends no alert after the handshake."""
    cert, key = authority.pair("server")
    root = authority.root()
    transport = Transport.checked(ca_file=str(root))
    async with guarded(Tls(TlsFiles(cert=cert, key=key, client_ca=root))) as port:
        for scheme, todo in (("https", "--client-cert"), ("http", "https://")):
            client = HttpApprovals(
                f"{scheme}://127.0.0.1:{port}", token="jit_x", transport=transport
            )
            with pytest.raises(ServerUnavailable) as raised:
                await client.whoami()
            assert todo in raised.value.why


async def test_old_versions_of_tls_are_refused(authority: Authority) -> None:
    """TLS 1.2 is the least."""
    cert, key = authority.pair("server")
    assert Tls(TlsFiles(cert=cert, key=key)).context.minimum_version is (
        ssl.TLSVersion.TLSv1_2
    )


async def test_one_connection_too_many_is_turned_away() -> None:
    """It is told 503; those that are open are served on."""
    async with guarded(None, max_connections=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"page")).startswith(b"HTTP/1.1 200")
        late, other = await asyncio.open_connection("127.0.0.1", port)
        answer = await late.read()
        other.close()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 1" in answer


@pytest.mark.parametrize(
    ("broken", "setting", "why"),
    [
        ("missing", "JITSUDO_TLS_KEY_FILE", "cannot be read: No such file"),
        ("other", "JITSUDO_TLS_KEY_FILE", "is not the key of the first certificate"),
        ("encrypted", "JITSUDO_TLS_KEY_FILE", "is encrypted"),
        ("text", "JITSUDO_TLS_KEY_FILE", "holds no private key in PEM"),
        ("cert", "JITSUDO_TLS_CERT_FILE", "holds no certificate in PEM"),
        ("client", "JITSUDO_TLS_CLIENT_CA_FILE", "holds no certificate in PEM"),
    ],
)
def test_unusable_files_are_named_with_what_is_wrong(
    authority: Authority, broken: str, setting: str, why: str
) -> None:
    """Nothing of a key is in the error."""
    cert, key = authority.pair("server")
    client_ca = None
    if broken == "missing":
        key.unlink()
    elif broken == "other":
        _, key = authority.pair("other")
    elif broken == "encrypted":
        cert, key = authority.pair("server", passphrase=b"secret")
    elif broken == "text":
        key.write_text("no key")
    elif broken == "cert":
        cert.write_text("no certificate")
    else:
        client_ca = authority.directory / "client.pem"
        client_ca.write_text("no certificate")
    files = TlsFiles(cert=cert, key=key, client_ca=client_ca)

    with pytest.raises(ConfigurationError, match=why) as error:
        Tls(files)

    assert error.value.setting == setting
    assert str(authority.directory) in str(error.value)
    assert "BEGIN" not in str(error.value)


async def test_server_check_tests_tls(authority: Authority) -> None:
    """It says until when, what expired, and what is wrong."""
    cert, key = authority.pair("server")
    names = {"JITSUDO_TLS_CERT_FILE": str(cert), "JITSUDO_TLS_KEY_FILE": str(key)}

    async def tls_line() -> tuple[bool, str]:
        findings = await check_installation(names, {})
        (found,) = [finding for finding in findings if finding.part == "tls"]
        return found.is_ready, found.detail

    is_ready, detail = await tls_line()
    assert (is_ready, "valid until" in detail) == (True, True)
    authority.pair("server", valid_for=timedelta(days=-1))
    with capture_logs() as logs:
        is_ready, detail = await tls_line()
    assert (is_ready, "expired" in detail) == (False, True)
    assert "tls_certificate_expired" in {log["event"] for log in logs}
    key.unlink()
    is_ready, detail = await tls_line()
    assert (is_ready, str(key) in detail) == (False, True)


async def test_server_serves_https_and_says_so(
    jitsudo: Jitsudo, authority: Authority
) -> None:
    """The whole server over TLS; its own address says https."""
    cert, key = authority.pair("server")
    settings = load_bot(
        {"JITSUDO_TLS_CERT_FILE": str(cert), "JITSUDO_TLS_KEY_FILE": str(key)}, {}
    )
    listener = socket.create_server(("127.0.0.1", 0))
    async with serving(jitsudo, settings, listener=listener) as server:
        assert server.url.startswith("https://127.0.0.1:")
        port = listener.getsockname()[1]
        name, body = await seen(port, a_client(authority))

    assert (name, body) == ("server", "404: Not Found")


@pytest.mark.parametrize(
    ("host", "settings", "is_warned"),
    [
        ("127.0.0.1", {}, False),
        ("0.0.0.0", {}, True),  # noqa: S104 - what the warning is about
        ("0.0.0.0", {"trusted_proxies": ["10.0.0.0/8"]}, False),  # noqa: S104
    ],
)
async def test_plain_http_for_others_is_warned_of(
    jitsudo: Jitsudo, host: str, settings: dict[str, object], *, is_warned: bool
) -> None:
    """Loud, unless a proxy that is named does TLS."""
    listener = socket.create_server((host, 0))
    with capture_logs() as logs:
        async with serving(jitsudo, load_bot({}, settings), listener=listener):
            pass

    warned = [log for log in logs if log["event"] == "tokens_in_the_clear"]
    assert bool(warned) == is_warned
