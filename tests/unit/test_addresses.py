"""Where a request came from, with and without proxies that are trusted."""

from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bot.api.addresses import TRUSTED_PROXIES, base_url, client_address

PROXIES = ("10.0.0.0/8", "2001:db8::/32")


def a_request(
    remote: str | None, *headers: tuple[str, str], trusted: tuple[str, ...] = PROXIES
) -> web.Request:
    """Return a request that came over a connection from `remote`."""
    app = web.Application()
    app[TRUSTED_PROXIES] = tuple(ip_network(text) for text in trusted)
    kwargs: dict[str, Any] = {"app": app}
    request = make_mocked_request(
        "GET", "/", headers=CIMultiDict([("Host", "own.example"), *headers]), **kwargs
    )
    return request.clone(remote=remote or "")


def forwarded(text: str) -> tuple[str, str]:
    """Return the header that names the hops."""
    return "X-Forwarded-For", text


@pytest.mark.parametrize(
    ("remote", "headers", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", [forwarded("203.0.113.9")], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [forwarded("203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("1.1.1.1, 203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("203.0.113.9, 10.0.0.2")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("1.1.1.1, 203.0.113.9, 10.0.0.2")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("1.1.1.1"), forwarded("203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        ("10.0.0.1", [forwarded("203.0.113.9:4711")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("[2001:db9::1]:443")], "2001:db9::1"),
        ("10.0.0.1", [forwarded("203.0.113.9, nonsense")], "10.0.0.1"),
        ("10.0.0.1", [forwarded("203.0.113.9, nonsense, 10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", [forwarded("203.0.113.9,")], "10.0.0.1"),
        ("10.0.0.1", [forwarded("203.0.113.9, 010.0.0.2")], "10.0.0.1"),
        ("10.0.0.1", [forwarded("a" * 5_000)], "10.0.0.1"),
        ("10.0.0.1", [forwarded(",".join(["203.0.113.9"] * 999))], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", "for=203.0.113.9")], "10.0.0.1"),
        ("10.0.0.1", [("X-Real-IP", "203.0.113.9")], "10.0.0.1"),
        ("::ffff:10.0.0.1", [forwarded("203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [forwarded("::ffff:203.0.113.9")], "203.0.113.9"),
        ("fe80::1%eth0", [], "fe80::1"),
        ("2001:db8::5", [forwarded("2001:db9::1")], "2001:db9::1"),
        (None, [forwarded("203.0.113.9")], "unknown"),
    ],
)
def test_rightmost_untrusted_address_is_the_client(
    remote: str | None, headers: list[tuple[str, str]], expected: str
) -> None:
    """What a client wrote itself stands left of it, and never counts."""
    assert client_address(a_request(remote, *headers)) == expected


def test_nobody_is_trusted_unless_configured() -> None:
    """Without a setting, loopback is no proxy either."""
    request = a_request("127.0.0.1", forwarded("203.0.113.9"), trusted=())

    assert client_address(request) == "127.0.0.1"


@pytest.mark.parametrize(
    ("remote", "headers", "expected"),
    [
        ("192.0.2.1", {}, "http://own.example"),
        (
            "192.0.2.1",
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
            "http://own.example",
        ),
        (
            "10.0.0.1",
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "jit.example:8443"},
            "https://jit.example:8443",
        ),
        ("10.0.0.1", {"X-Forwarded-Proto": "gopher"}, "http://own.example"),
        ("10.0.0.1", {"X-Forwarded-Host": "a b/c"}, "http://localhost"),
        (
            "10.0.0.1",
            {"X-Forwarded-Host": "evil.example, jit.example"},
            "http://jit.example",
        ),
    ],
)
def test_scheme_and_host_are_a_trusted_proxys(
    remote: str, headers: dict[str, str], expected: str
) -> None:
    """For links; a stranger's headers do not make them."""
    assert base_url(a_request(remote, *headers.items())) == expected
