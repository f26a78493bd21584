"""The issuer that other tests lean on: what it grants, once, and what it refuses."""

import json
import urllib.parse
import urllib.request
from typing import Any, Final
from urllib.error import HTTPError

import pytest

from tests.support.issuer_devices import DEVICE_GRANT
from tests.support.issuers import CLIENT, DEVICE, TOKEN, Issuer

SCOPE: Final = "openid email profile groups offline_access"


def _post(url: str, **form: str) -> tuple[int, dict[str, Any]]:
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=10) as reply:  # noqa: S310  # the issuer of this test
            return reply.status, json.load(reply)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def _begin(issuer: Issuer) -> dict[str, Any]:
    status, answer = _post(issuer.url + DEVICE, client_id=CLIENT, scope=SCOPE)
    assert status == 200, answer
    return answer


def _poll(issuer: Issuer, device_code: str) -> tuple[int, dict[str, Any]]:
    return _post(
        issuer.url + TOKEN,
        grant_type=DEVICE_GRANT,
        device_code=device_code,
        client_id=CLIENT,
    )


def _refresh(issuer: Issuer, token: str) -> tuple[int, dict[str, Any]]:
    return _post(
        issuer.url + TOKEN,
        grant_type="refresh_token",
        refresh_token=token,
        client_id=CLIENT,
    )


def test_device_code_is_good_once_and_only_after_a_yes(issuer: Issuer) -> None:
    """Pending before, invalid after."""
    issuer.devices.interval_seconds = 0
    begun = _begin(issuer)

    before = _poll(issuer, begun["device_code"])
    issuer.devices.approve(begun["user_code"], "bob@example.com", groups=["sre-lead"])
    yes = _poll(issuer, begun["device_code"])
    again = _poll(issuer, begun["device_code"])

    assert before == (400, before[1] | {"error": "authorization_pending"})
    assert yes[0] == 200
    assert yes[1]["id_token"].count(".") == 2
    assert again == (400, again[1] | {"error": "invalid_grant"})


def test_who_asks_too_soon_is_told_to_slow_down(issuer: Issuer) -> None:
    """Within the interval nothing is answered, not even a yes."""
    begun = _begin(issuer)
    _poll(issuer, begun["device_code"])
    issuer.devices.approve(begun["user_code"])

    assert _poll(issuer, begun["device_code"])[1]["error"] == "slow_down"


@pytest.mark.parametrize(
    ("act", "error"), [("deny", "access_denied"), ("expire", "expired_token")]
)
def test_refused_and_expired_codes_end(issuer: Issuer, act: str, error: str) -> None:
    """Each with its own word."""
    begun = _begin(issuer)
    getattr(issuer.devices, act)(begun["user_code"])

    assert _poll(issuer, begun["device_code"])[1]["error"] == error


def test_refresh_token_used_twice_ends_the_login(issuer: Issuer) -> None:
    """Somebody has a copy, and nobody knows who."""
    issuer.devices.interval_seconds = 0
    begun = _begin(issuer)
    issuer.devices.approve(begun["user_code"])
    first = _poll(issuer, begun["device_code"])[1]["refresh_token"]

    second = _refresh(issuer, first)
    assert second[0] == 200
    assert _refresh(issuer, first)[1]["error"] == "invalid_grant"
    third = _refresh(issuer, second[1]["refresh_token"])

    assert third == (400, third[1] | {"error": "invalid_grant"})


def test_strangers_and_odd_grants_are_refused(issuer: Issuer) -> None:
    """By the codes that RFC 6749 has for them."""
    url = issuer.url
    stranger = _post(url + DEVICE, client_id="other", scope=SCOPE)
    grant = _post(url + TOKEN, client_id=CLIENT, grant_type="password")
    scope = _post(url + DEVICE, client_id=CLIENT, scope="email")

    assert stranger == (401, stranger[1] | {"error": "invalid_client"})
    assert grant == (400, grant[1] | {"error": "unsupported_grant_type"})
    assert scope == (400, scope[1] | {"error": "invalid_scope"})


def test_issuer_comes_back_where_it_was(issuer: Issuer) -> None:
    """So that a test can have it fail for a while."""
    url = issuer.url
    with issuer.down(), pytest.raises(OSError, match="refused"):
        _begin(issuer)

    assert issuer.url == url
    assert "user_code" in _begin(issuer)
