"""Where a token may be sent, and how an address may be written."""

import pytest

from core.errors import ConfigurationError, NotAuthenticated
from core.remote import HttpApprovals
from core.remote.address import Address


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://jitsudo.example.com", "https://jitsudo.example.com:443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://tools.example.com/jitsudo/", "https://tools.example.com:443/jitsudo"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example:443"),
    ],
)
def test_address_is_named_in_full(url: str, name: str) -> None:
    """Messages name the server the same way, however it was typed."""
    assert Address.from_url(url).name == name


@pytest.mark.parametrize(
    "url",
    [
        "jitsudo.example.com",
        "ftp://jitsudo.example.com",
        "https://",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
        "https://host/?token=x",
        "https://host/#x",
        "https://host/a b",
        "https://host/a\r\nX-Header: y",
        "",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """The error is about the setting, before anything is sent."""
    with pytest.raises(ConfigurationError):
        HttpApprovals(url, token=None)


@pytest.mark.parametrize(
    "url",
    ["https://alice:hunter2@host", "https://hunter2@host", "https://alice:hunter2"],
)
def test_password_in_an_address_is_neither_used_nor_repeated(url: str) -> None:
    """It would end up in the shell's history and in logs."""
    with pytest.raises(ConfigurationError) as refused:
        HttpApprovals(url, token=None)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://jitsudo.example.com", "http://10.0.0.7:8080", "http://localhost.evil.io"],
)
def test_token_is_not_sent_in_clear(url: str) -> None:
    """Plain http is for this machine only."""
    with pytest.raises(ConfigurationError) as refused:
        HttpApprovals(url, token="jit_secret")

    assert "https" in str(refused.value)
    assert "jit_secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1", "https://x.io"],
)
def test_token_may_go_to_this_machine_and_over_tls(url: str) -> None:
    """These do not raise."""
    HttpApprovals(url, token="jit_secret")


@pytest.mark.parametrize("token", ["jit_a\r\nX-Evil: 1", "jit ünïcode", "a b", ""])
async def test_token_that_cannot_be_one_is_not_sent(token: str) -> None:
    """A line break in a token would be a header of its own."""
    with pytest.raises(NotAuthenticated):
        await HttpApprovals("http://127.0.0.1:1", token=token).whoami()
